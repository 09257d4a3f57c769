"""A room: the lecture that is given in it, where it stands, and how an act of the instructor changes that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, ValidationError, ValidatorFunctionWrapHandler, WrapValidator

from da_core.errors import UserError
from da_core.jobs.owners import digest
from da_core.teaching.course.bilingual import Entry
from da_core.teaching.hall.lecture import Lecture, Question, ScreenLink, Slide

if TYPE_CHECKING:
    from da_core.jobs.database.room_database import RoomRow

Pace = Literal["held", "free"]
ROUNDS = 4
"""How often one question can be put to the room."""


class Ballot(Entry):
    """The vote on one slide: open or closed, whether its result is shown, and whether the answer is."""

    round: int = 1
    twin_from: int | None = None
    """The first round in which the question's twin is asked; None while it is not."""
    open: bool = True
    shown: bool = False
    revealed: bool = False
    devices: int = 0
    """How many devices had joined the room when the vote was opened."""

    @property
    def first_round(self) -> int:
        """The first round of the question that is asked now."""
        return self.twin_from or 1

    def again(self, devices: int) -> Ballot:
        """Return the next round on the same question. Raises `UserError` if it has been put often enough."""
        if self.round - self.first_round + 1 >= ROUNDS:
            raise UserError("This question has been asked {count} times; go on to the next.", count=ROUNDS)
        return Ballot(round=self.round + 1, twin_from=self.twin_from, devices=devices)

    def question(self, slide: Slide, round_: int) -> Question | None:
        """Return what was asked in a round; None for a prediction and a sketch."""
        return slide.twin if self.twin_from is not None and round_ >= self.twin_from else slide.question


def _link_or_none(value: Any, validate: ValidatorFunctionWrapHandler) -> str | None:
    """Read a link, and none where it leads elsewhere: rooms of earlier versions may hold such a one."""
    try:
        link: str | None = validate(value)
    except ValidationError:
        return None
    return link


class FilmPlace(Entry):
    """The position of the film on the slide, and whether it is playing."""

    share: float = Field(0.0, ge=0.0, le=1.0)
    playing: bool = False


class RoomState(Entry):
    """The slide that the instructor shows now, and its state."""

    place: int = 0
    pace: Pace = "held"
    paused: bool = False
    """“Eyes up”: the students' screens ask them to look up."""
    film: FilmPlace | None = None
    screen: Annotated[ScreenLink | None, WrapValidator(_link_or_none)] = None
    """The address that the instructor has walked to in the app, in place of the slide's own."""
    ballots: dict[int, Ballot] = {}
    runs: dict[int, str] = {}
    """The runs that were started, by slide."""


class RoomAct(Entry):
    """An instructor's command. A field that a command does not need is left out."""

    act: Literal["go", "pace", "pause", "film", "screen", "run", "open", "close", "show", "reveal", "twin"]
    place: int = 0
    film: FilmPlace = FilmPlace()
    screen: ScreenLink = ""
    run: str = Field("", max_length=64)


@dataclass(frozen=True)
class Room:
    """A room that is open. ``room_id`` is what followers know it by; only the ``owner`` may act in it."""

    room_id: str
    code: str
    owner: str
    salt: str
    lecture: Lecture
    state: RoomState
    version: int

    @classmethod
    def of_row(cls, row: RoomRow) -> Room:
        """Read a room from its row."""
        lecture, state = Lecture.model_validate(row.lecture), RoomState.model_validate(row.state)
        return cls(row.room_id, row.code, row.owner, row.salt, lecture, state, row.version)

    def is_owned_by(self, visitor: str) -> bool:
        """Tell whether this visitor opened the room."""
        return bool(visitor) and digest(visitor) == self.owner

    def check_owner(self, visitor: str) -> Room:
        """Return the room. Raises `UserError` for anybody but its owner."""
        if not self.is_owned_by(visitor):
            raise UserError("Only the person who opened this room can do that.")
        return self


def apply_act(lecture: Lecture, state: RoomState, act: RoomAct, devices: int) -> RoomState:
    """Return the state after an act of the instructor's, ``devices`` having joined.

    Raises `UserError` for an act that is not possible now.
    """
    place = state.place
    ballot = state.ballots.get(place)
    match act.act:
        case "go":
            place = max(0, min(act.place, len(lecture.slides) - 1))
            ballots = _closed(state.ballots)
            return state.model_copy(update={"place": place, "film": None, "screen": None, "ballots": ballots})
        case "pace":
            return state.model_copy(update={"pace": "free" if state.pace == "held" else "held"})
        case "pause":
            return state.model_copy(update={"paused": not state.paused})
        case "film":
            return state.model_copy(update={"film": act.film})
        case "screen":
            return state.model_copy(update={"screen": act.screen})
        case "run":
            return state.model_copy(update={"runs": {**state.runs, place: act.run}})
        case "open":
            if not lecture.slides[place].asks:
                raise UserError("There is nothing to vote on here.")
            if ballot is None:
                return _with_ballot(state, Ballot(devices=devices))
            return state if ballot.open else _with_ballot(state, ballot.again(devices))
        case "twin" if ballot is not None:
            if ballot.twin_from is not None or lecture.slides[place].twin is None:
                raise UserError("There is no other question on this idea here.")
            return _with_ballot(state, Ballot(round=ballot.round + 1, twin_from=ballot.round + 1, devices=devices))
        case "close" if ballot is not None:
            return _with_ballot(state, ballot.model_copy(update={"open": False}))
        case "show" if ballot is not None:
            return _with_ballot(state, ballot.model_copy(update={"open": False, "shown": True}))
        case "reveal" if ballot is not None:
            return _with_ballot(state, ballot.model_copy(update={"open": False, "shown": True, "revealed": True}))
    raise UserError("Open the vote first.")


def _with_ballot(state: RoomState, ballot: Ballot) -> RoomState:
    return state.model_copy(update={"ballots": {**state.ballots, state.place: ballot}})


def _closed(ballots: Mapping[int, Ballot]) -> dict[int, Ballot]:
    """Close every vote: votes on a question that was left would not be seen."""
    return {place: ballot.model_copy(update={"open": False}) for place, ballot in ballots.items()}
