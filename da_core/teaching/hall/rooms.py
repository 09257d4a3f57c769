"""All rooms of one server: opened and changed by instructors, looked at by many, each read from the database once."""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from cachetools import LRUCache

from da_core.errors import UserError
from da_core.jobs.guess_limiter import GuessLimiter
from da_core.jobs.store import store
from da_core.settings import settings
from da_core.teaching.hall import votes
from da_core.teaching.hall.lecture import Lecture
from da_core.teaching.hall.room import Room, RoomAct, RoomState, apply_act
from da_core.teaching.hall.votes import DrawnTally, Tally, Turnout

if TYPE_CHECKING:
    from da_core.jobs.database.room_database import RoomDatabase

FRESH_SECONDS = 1.0
"""How long a room is taken to be as it was read: another server may share the database."""
_KEPT = 200
_KEPT_DEVICES = 20_000
_ATTEMPTS = 5
MOST_WRONG_CODES = 300
WRONG_CODE_SECONDS = 300.0
"""So many different wrong codes from one address in so many seconds, and none is looked up for it until they are over.

Each of 300 students behind one address may mistype once; nobody has to, who scans the code or has the room's own
address, which is not short. There are 31^6 = 887 million codes: with 50 rooms open one guess a second finds the first
after 200 days on average, and may then follow that lecture as a student does.
"""


class ClosedRoomError(UserError):
    """The room is not there any more, or never was."""


class Rooms:
    """Rooms by id. Safe to use from many threads."""

    def __init__(self, database: Callable[[], RoomDatabase], clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._clock = clock
        self._lock = threading.Lock()
        self._known: LRUCache[str, tuple[Room, float]] = LRUCache(_KEPT)
        self._joined: LRUCache[tuple[str, str], None] = LRUCache(_KEPT_DEVICES)
        self._wrong = GuessLimiter(MOST_WRONG_CODES, WRONG_CODE_SECONDS, clock)

    def open(self, owner: str, lecture: Lecture, address: str = "") -> Room:
        """Open a room for a lecture. Raises `UserError` if the owner, the network address or the server has many."""
        held, state = lecture.model_dump(mode="json"), RoomState().model_dump(mode="json")
        row = self._database().open(owner, held, state, address)
        return self._keep(Room.of_row(row))

    def of_owner(self, owner: str) -> list[Room]:
        """List a visitor's rooms, the newest first."""
        return [self._keep(Room.of_row(row)) for row in self._database().of_owner(owner)]

    def find(self, code: str, address: str) -> str:
        """Return the id of the room with this code. Raises `UserError` if there is none, or after many wrong ones."""
        if self._wrong.is_blocked(address):
            raise UserError("Too many wrong codes came from your network; try again in a few minutes.")
        code = code.strip().upper()
        row = self._database().find(code)
        if row is not None:
            return row
        self._wrong.record(address, code)
        raise UserError("There is no room with this code; look at the board again.")

    def is_fresh(self, room_id: str) -> bool:
        """Tell whether `get` will answer from memory."""
        with self._lock:
            known = self._known.get(room_id)
            return known is not None and self._clock() - known[1] < FRESH_SECONDS

    def get(self, room_id: str) -> Room:
        """Return a room as it is now, to within a moment. Raises `UserError` if there is none."""
        with self._lock:
            known = self._known.get(room_id)
        if known is not None and self._clock() - known[1] < FRESH_SECONDS:
            return known[0]
        version = self._database().version(room_id)
        if known is not None and version == known[0].version:
            return self._keep(known[0])
        row = None if version is None else self._database().load(room_id)
        if row is None:
            with self._lock:
                self._known.pop(room_id, None)
            raise ClosedRoomError("This room is closed.")
        return self._keep(Room.of_row(row))

    def act(self, room_id: str, visitor: str, act: RoomAct) -> Room:
        """Do what the instructor asks. Raises `UserError` for anybody else, and for what is not possible now."""
        for _attempt in range(_ATTEMPTS):
            room = self.get(room_id).check_owner(visitor)
            devices = self._database().devices(room_id) if act.act in ("open", "twin") else 0
            state = apply_act(room.lecture, room.state, act, devices)
            if state == room.state:
                return room
            if self._database().save_state(room_id, room.version, state.model_dump(mode="json")):
                return self._keep(replace(room, state=state, version=room.version + 1))
            with self._lock:  # another page of the instructor's was sooner
                self._known.pop(room_id, None)
        raise UserError("The room is being changed in another window; try again.")

    def has_joined(self, room: Room, visitor: str) -> bool:
        """Tell whether `join` is known to have noted this visitor's device."""
        with self._lock:
            return (room.room_id, votes.voter(room.salt, visitor)) in self._joined

    def join(self, room: Room, visitor: str) -> None:
        """Note the device of a follower, which may vote from then on. Raises `UserError` for too many."""
        voter = votes.voter(room.salt, visitor)
        self._database().join(room.room_id, voter)
        with self._lock:
            self._joined[room.room_id, voter] = None

    def vote(self, room_id: str, visitor: str, slide: int, round_: int, answer: object) -> None:
        """Save a visitor's answer. Raises `UserError` where that vote is not open, or for what is no answer."""
        room = self.get(room_id)
        ballot = room.state.ballots.get(slide)
        if ballot is None or not ballot.open or ballot.round != round_ or slide != room.state.place:
            raise UserError("This vote is closed.")
        known = votes.checked_answer(room.lecture.slides[slide], ballot, answer)
        self._database().cast(room_id, slide, round_, votes.voter(room.salt, visitor), known)

    def tallies(self, room: Room) -> list[Tally | DrawnTally]:
        """Count the answers on the slide that is shown, or gather the lines drawn there, round by round."""
        place = room.state.place
        ballot = room.state.ballots.get(place)
        if ballot is None:
            return []
        cast = self._database().votes(room.room_id, place)
        return votes.tallies(room.lecture.slides[place], cast, ballot)

    def turnout(self, room: Room) -> Turnout:
        """Count the answers of the vote that is open or was last, and the devices that could give one."""
        ballot, devices = room.state.ballots.get(room.state.place), self._database().devices(room.room_id)
        if ballot is None:
            return Turnout(0, devices, 0)
        answers = self._database().count(room.room_id, room.state.place, ballot.round)
        return Turnout(answers, devices, devices - ballot.devices)

    def table(self, room_id: str, visitor: str) -> bytes:
        """Write all votes as CSV, for the instructor alone."""
        return votes.as_csv(self.get(room_id).check_owner(visitor), self._database().votes(room_id))

    def close(self, room_id: str, visitor: str) -> None:
        """Close a room and forget its votes, for the instructor alone."""
        self.get(room_id).check_owner(visitor)
        self._database().close(room_id)
        with self._lock:
            self._known.pop(room_id, None)

    def _keep(self, room: Room) -> Room:
        with self._lock:
            known = self._known.get(room.room_id)
            if known is not None and known[0].version > room.version:  # read before another thread changed it
                room = known[0]
            self._known[room.room_id] = (room, self._clock())
        return room


def room_database() -> RoomDatabase:
    """Return the tables of rooms in this server's database. Raises `UnreachableError`."""
    from da_core.jobs.database.room_database import RoomDatabase  # SQLAlchemy comes with it

    return RoomDatabase(store().database, settings().rooms, settings().rooms_each_address)


@functools.cache
def rooms() -> Rooms:
    """Return the rooms of this process."""
    return Rooms(room_database)
