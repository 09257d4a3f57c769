"""Keep the rooms that a class follows, their devices and votes, and the server's own keys in tables.

They stand in the database of runs, so that servers that share it share the rooms.
"""

from __future__ import annotations

import contextlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import (
    JSON,
    Column,
    Connection,
    DateTime,
    Float,
    ForeignKey,
    Integer,
    Select,
    String,
    Table,
    func,
    select,
)
from sqlalchemy.exc import IntegrityError

from da_core.errors import UserError
from da_core.jobs.database.run_database import METADATA, RunDatabase, upsert
from da_core.jobs.owners import digest

ROOM_DAYS = 30.0
"""Days after which a room and its votes are deleted."""
MOST_ROOMS = 10
"""Rooms of one visitor."""
MOST_DEVICES = 2000
"""Devices in one room: no class is larger, and no script shall fill the disk."""
_CODE_SIGNS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""None that is taken for another on a projector."""
_CODE_LENGTH = 6

_ROOMS = Table(
    "rooms",
    METADATA,
    Column("room_id", String(32), primary_key=True),
    Column("code", String(8), nullable=False, unique=True),
    Column("owner", String(32), nullable=False, index=True),
    Column("salt", String(32), nullable=False),
    Column("lecture", JSON, nullable=False),
    Column("state", JSON, nullable=False),
    Column("version", Integer, nullable=False),
    Column("opened_at", DateTime, nullable=False),
    Column("address", String(32), nullable=False, server_default=""),  # a digest
)
_VOTES = Table(
    "votes",
    METADATA,
    Column("room_id", ForeignKey(_ROOMS.c.room_id, ondelete="CASCADE"), primary_key=True),
    Column("slide", Integer, primary_key=True, autoincrement=False),
    Column("round", Integer, primary_key=True, autoincrement=False),
    Column("voter", String(32), primary_key=True),
    Column("answer", Float),
    Column("line", JSON(none_as_null=True)),
)
_DEVICES = Table(
    "room_devices",
    METADATA,
    Column("room_id", ForeignKey(_ROOMS.c.room_id, ondelete="CASCADE"), primary_key=True),
    Column("voter", String(32), primary_key=True),
)
_KEYS = Table(
    "server_keys",
    METADATA,
    Column("name", String(20), primary_key=True),
    Column("key", String(64), nullable=False),
)


T = TypeVar("T")
VoteAnswer = float | tuple[float, ...]
"""A number, or the heights of a line that was drawn."""


@dataclass(frozen=True)
class RoomRow:
    """A room as the database has it. ``room_id`` cannot be guessed; ``code`` is short, and leads to it."""

    room_id: str
    code: str
    owner: str
    """The digest of the instructor's name."""
    salt: str
    lecture: dict[str, Any]
    state: dict[str, Any]
    version: int
    opened_at: datetime
    address: str
    """The digest of the network address that it was opened from; "" where that does not count."""


@dataclass(frozen=True)
class Vote:
    """One visitor's answer to the question of a slide; ``voter`` is a salted hash of who they are."""

    slide: int
    round: int
    voter: str
    answer: VoteAnswer


class RoomDatabase:
    """Rooms and votes. Safe to use from many threads; every method may raise `UnreachableError`.

    It holds ``most`` rooms, of which ``most_each_address`` from one network address.
    """

    def __init__(self, runs: RunDatabase, most: int = 500, most_each_address: int = 40) -> None:
        self._runs = runs
        self._most, self._most_each_address = most, most_each_address

    def open(self, owner: str, lecture: dict[str, Any], state: dict[str, Any], address: str = "") -> RoomRow:
        """Insert a room of a visitor's, and delete those that are too old.

        Raises `UserError` if there are many of theirs, from their network ``address`` ("" does not count) or in all.
        """
        now = datetime.now(UTC).replace(tzinfo=None)
        with self._runs.begin() as connection:
            old = select(_ROOMS.c.room_id).where(_ROOMS.c.opened_at < now - timedelta(days=ROOM_DAYS))
            for table in (_VOTES, _DEVICES, _ROOMS):
                connection.execute(table.delete().where(table.c.room_id.in_(old)))
            self._check_room_for_one(connection, owner, address)
            while True:
                values: dict[str, Any] = {
                    "room_id": secrets.token_urlsafe(16),
                    "code": "".join(secrets.choice(_CODE_SIGNS) for _ in range(_CODE_LENGTH)),
                    "owner": digest(owner),
                    "salt": secrets.token_hex(16),
                    "lecture": lecture,
                    "state": state,
                    "version": 1,
                    "opened_at": now,
                    "address": digest(address),
                }
                try:
                    with connection.begin_nested():
                        connection.execute(_ROOMS.insert().values(**values))
                except IntegrityError:  # another room has the code
                    continue
                return RoomRow(**values)

    def _check_room_for_one(self, connection: Connection, owner: str, address: str) -> None:
        """Check that a visitor may open one more room. Raises `UserError`."""
        rooms = select(func.count()).select_from(_ROOMS)
        if (connection.scalar(rooms.where(_ROOMS.c.owner == digest(owner))) or 0) >= MOST_ROOMS:
            raise UserError("You have {count} rooms, the maximum; close one first.", count=MOST_ROOMS)
        nearby = rooms.where(_ROOMS.c.address == digest(address))
        if address and (connection.scalar(nearby) or 0) >= self._most_each_address:
            raise UserError(
                "{count} rooms of your network are open, the maximum of this server; close those that are over, or "
                "ask the server's operator to raise {name}.",
                count=self._most_each_address,
                name="DA_LAB_ROOMS_EACH_ADDRESS",
            )
        if (connection.scalar(rooms) or 0) >= self._most:
            raise UserError(
                "{count} rooms are open, the maximum of this server; close those of yours that are over, or ask the "
                "server's operator to raise {name}.",
                count=self._most,
                name="DA_LAB_ROOMS",
            )

    def of_owner(self, owner: str) -> list[RoomRow]:
        """List a visitor's rooms, the newest first."""
        query = select(_ROOMS).where(_ROOMS.c.owner == digest(owner)).order_by(_ROOMS.c.opened_at.desc())
        with self._runs.begin() as connection:
            return [RoomRow(**row._asdict()) for row in connection.execute(query)]

    def find(self, code: str) -> str | None:
        """Return the id of the room with this code; None if there is none."""
        return self._scalar(select(_ROOMS.c.room_id).where(_ROOMS.c.code == code))

    def version(self, room_id: str) -> int | None:
        """Return how often a room has changed; None if there is none."""
        return self._scalar(select(_ROOMS.c.version).where(_ROOMS.c.room_id == room_id))

    def load(self, room_id: str) -> RoomRow | None:
        """Load a room; None if there is none."""
        with self._runs.begin() as connection:
            row = connection.execute(select(_ROOMS).where(_ROOMS.c.room_id == room_id)).one_or_none()
        return None if row is None else RoomRow(**row._asdict())

    def save_state(self, room_id: str, version: int, state: dict[str, Any]) -> bool:
        """Save a room's state in place of that of ``version``; False where another page was sooner."""
        as_read = (_ROOMS.c.room_id == room_id) & (_ROOMS.c.version == version)
        with self._runs.begin() as connection:
            changed = connection.execute(_ROOMS.update().where(as_read).values(state=state, version=version + 1))
        return changed.rowcount == 1

    def close(self, room_id: str) -> None:
        """Delete a room, its devices and its votes."""
        with self._runs.begin() as connection:
            for table in (_VOTES, _DEVICES, _ROOMS):
                connection.execute(table.delete().where(table.c.room_id == room_id))

    def join(self, room_id: str, voter: str) -> None:
        """Note a device that follows a room, once. Raises `UserError` for too many, and where there is no such room."""
        here = (_DEVICES.c.room_id == room_id) & (_DEVICES.c.voter == voter)
        with self._runs.begin() as connection:
            if connection.scalar(select(_DEVICES.c.voter).where(here)) is not None:
                return
            devices = connection.scalar(select(func.count()).where(_DEVICES.c.room_id == room_id)) or 0
            if devices >= MOST_DEVICES:
                raise UserError("{count} devices have joined this room, the maximum.", count=MOST_DEVICES)
            # the same browser may be a moment sooner, or the room may just have closed
            with contextlib.suppress(IntegrityError), connection.begin_nested():
                connection.execute(_DEVICES.insert().values(room_id=room_id, voter=voter))

    def devices(self, room_id: str) -> int:
        """Count the devices that have joined a room."""
        return self._scalar(select(func.count()).where(_DEVICES.c.room_id == room_id)) or 0

    def cast(self, room_id: str, slide: int, round_: int, voter: str, answer: VoteAnswer) -> None:
        """Save a vote, in place of the voter's earlier one in the same round.

        Raises `UserError` for a device that has not joined: no more can vote than have.
        """
        vote = {"room_id": room_id, "slide": slide, "round": round_, "voter": voter}
        columns = {"answer": None, "line": answer} if isinstance(answer, tuple) else {"answer": answer, "line": None}
        joined = (_DEVICES.c.room_id == room_id) & (_DEVICES.c.voter == voter)
        with self._runs.begin() as connection:
            if connection.scalar(select(_DEVICES.c.voter).where(joined)) is None:
                raise UserError("This device has not joined the room; load the page again.")
            upsert(connection, _VOTES, vote, columns)

    def votes(self, room_id: str, slide: int | None = None) -> list[Vote]:
        """List the votes of a room or of one slide, by slide, round and voter."""
        query = select(_VOTES.c.slide, _VOTES.c.round, _VOTES.c.voter, _VOTES.c.answer, _VOTES.c.line)
        query = query.where(_VOTES.c.room_id == room_id)
        if slide is not None:
            query = query.where(_VOTES.c.slide == slide)
        with self._runs.begin() as connection:
            rows = connection.execute(query.order_by(_VOTES.c.slide, _VOTES.c.round, _VOTES.c.voter))
            return [Vote(*row[:3], row.answer if row.line is None else tuple(row.line)) for row in rows]

    def count(self, room_id: str, slide: int, round_: int) -> int:
        """Count the votes of one round."""
        of_round = (_VOTES.c.room_id == room_id, _VOTES.c.slide == slide, _VOTES.c.round == round_)
        return self._scalar(select(func.count()).where(*of_round)) or 0

    def _scalar(self, query: Select[T]) -> T | None:
        with self._runs.begin() as connection:
            return connection.scalar(query)

    def server_key(self, name: str) -> bytes:
        """Return a secret key of this server, or of all that share the database; it is made at the first use."""
        query = select(_KEYS.c.key).where(_KEYS.c.name == name)
        with self._runs.begin() as connection:
            if (key := connection.scalar(query)) is None:
                # another server may be a moment sooner: then its key counts
                with contextlib.suppress(IntegrityError), connection.begin_nested():
                    connection.execute(_KEYS.insert().values(name=name, key=secrets.token_hex(32)))
                key = connection.scalar(query)
        return bytes.fromhex(str(key))
