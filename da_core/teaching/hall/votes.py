"""Collect a room's answers: counts and guesses of each round, and a table for download, without names."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

from da_core.errors import UserError
from da_core.export.spreadsheet import escape_formula, to_csv
from da_core.i18n import Language
from da_core.teaching.course.guess import Line, Points, distance, read_line, separate
from da_core.teaching.hall.lecture import Sketch, Slide
from da_core.teaching.hall.room import Ballot, Room

if TYPE_CHECKING:
    from da_core.jobs.database.room_database import Vote, VoteAnswer

BINS = 10
"""Bars of the guesses that are shown."""
MOST_LINES = 200
"""Drawn lines that are laid over one another; of more, every second or third is shown."""


@dataclass(frozen=True)
class Tally:
    """One round of a vote: how many chose each answer, or how many guesses lie in each tenth."""

    round: int
    counts: tuple[int, ...]
    middle: float | None = None
    """The median of guesses."""

    @property
    def total(self) -> int:
        """Count the answers."""
        return sum(self.counts)


@dataclass(frozen=True)
class DrawnTally:
    """One round of lines that were drawn."""

    round: int
    lines: tuple[Line, ...]

    @property
    def total(self) -> int:
        """Count the lines."""
        return len(self.lines)

    @property
    def overlaid(self) -> tuple[Line, ...]:
        """The lines that are laid over one another."""
        return self.lines[:: -(-len(self.lines) // MOST_LINES) or 1]

    @property
    def middle(self) -> Line | None:
        """Compute the line that half of all lines lie below at each place."""
        return tuple(float(height) for height in np.median(self.lines, axis=0)) if self.lines else None

    def off(self, outcome: Line) -> float:
        """Compute the distance from what came out that half of the lines keep."""
        return float(np.median([distance(line, outcome) for line in self.lines]))

    def separate(self, sketch: Sketch, source: Points, target: Points) -> tuple[float, float]:
        """Compute the shares of the source's and the target's points that half of the lines part rightly, or more."""
        on_source, on_target = np.median([separate(line, sketch.x, source, target) for line in self.lines], axis=0)
        return float(on_source), float(on_target)


@dataclass(frozen=True)
class Turnout:
    """The number of answers and of devices in the room, ``late`` of which joined after the vote was opened.

    A device is a browser with its cookie: nobody is known here, so who clears it is one device more, and counted so.
    """

    answers: int
    devices: int
    late: int


def voter(salt: str, visitor: str) -> str:
    """Hash a visitor with the room's salt: the same in one room, unrelated to any other name of theirs."""
    return hashlib.sha256(f"{salt}:{visitor}".encode()).hexdigest()[:32]


def checked_answer(slide: Slide, ballot: Ballot, answer: object) -> VoteAnswer:
    """Check that what a browser sends is an answer to what is asked now. Raises `UserError`."""
    question, prediction, sketch = ballot.question(slide, ballot.round), slide.prediction, slide.sketch
    line = read_line(answer)
    if sketch is not None and line is not None and all(sketch.y[0] <= height <= sketch.y[1] for height in line):
        return line
    if isinstance(answer, int | float):
        if question is not None and answer in range(len(question.choices)):
            return float(int(answer))
        if prediction is not None and prediction.low <= answer <= prediction.high:
            return float(answer)
    raise UserError("This is not one of the answers.")


def tallies(slide: Slide, votes: Sequence[Vote], ballot: Ballot) -> list[Tally | DrawnTally]:
    """Count the answers to what is asked now, or gather the lines that were drawn, for each round."""
    rounds = range(ballot.first_round, ballot.round + 1)
    return [_tally(slide, ballot, number, [vote.answer for vote in votes if vote.round == number]) for number in rounds]


def _tally(slide: Slide, ballot: Ballot, number: int, cast: Sequence[VoteAnswer]) -> Tally | DrawnTally:
    if slide.sketch is not None:
        return DrawnTally(number, tuple(answer for answer in cast if isinstance(answer, tuple)))
    answers = [answer for answer in cast if not isinstance(answer, tuple)]
    question = ballot.question(slide, number)
    if question is not None:
        return Tally(number, tuple(answers.count(place) for place in range(len(question.choices))))
    assert slide.prediction is not None
    low, high = slide.prediction.low, slide.prediction.high
    bins = [min(int((answer - low) / (high - low) * BINS), BINS - 1) for answer in answers]
    return Tally(number, tuple(bins.count(place) for place in range(BINS)), median(answers) if answers else None)


def as_csv(room: Room, votes: Sequence[Vote]) -> bytes:
    """Write all votes of a room, a line each. Voters are renumbered, so that only their own rounds can be linked."""
    numbers = {name: place for place, name in enumerate(sorted({vote.voter for vote in votes}), start=1)}
    rows: list[list[object]] = []
    language = Language(room.lecture.language)
    for vote in votes:
        if vote.slide >= len(room.lecture.slides):
            continue
        slide = room.lecture.slides[vote.slide]
        question = room.state.ballots.get(vote.slide, Ballot()).question(slide, vote.round)
        if isinstance(vote.answer, tuple):
            if slide.sketch is None:
                continue
            what, answer, right = slide.sketch.text, " ".join(f"{height:g}" for height in vote.answer), ""
        elif question is not None:
            choice = question.choices[int(vote.answer)]
            what, answer, right = (
                question.text,
                escape_formula(choice.text),
                language.word("yes" if choice.right else "no"),
            )
        elif slide.prediction is not None:
            what, answer, right = slide.prediction.text, f"{vote.answer:g}", ""
        else:
            continue
        rows.append([vote.slide + 1, escape_formula(what), vote.round, numbers[vote.voter], answer, right])
    columns = ("slide", "question", "round", "respondent", "answer", "right")
    return to_csv([language.word(column) for column in columns], rows)
