"""Collect a room's answers: counts and guesses of each round, and a table for download, without names."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from da_core.errors import UserError
from da_core.teaching.course.guess import Line, Points, distance, parted, read_line
from da_core.teaching.hall.lecture import Question, Sketch, Slide
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
    def shown(self) -> tuple[Line, ...]:
        """Those that are laid over one another."""
        return self.lines[:: -(-len(self.lines) // MOST_LINES) or 1]

    @property
    def middle(self) -> Line | None:
        """Compute the line that half of all lines lie below at each place."""
        return tuple(float(height) for height in np.median(self.lines, axis=0)) if self.lines else None

    def off(self, outcome: Line) -> float:
        """Compute the distance from what came out that half of the lines keep."""
        return float(np.median([distance(line, outcome) for line in self.lines]))

    def parted(self, sketch: Sketch, source: Points, target: Points) -> tuple[float, float]:
        """Compute the shares of the source's and the target's points that half of the lines part rightly, or more."""
        on_source, on_target = np.median([parted(line, sketch.x, source, target) for line in self.lines], axis=0)
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
    raise UserError("This is none of the answers.")


def tallies(slide: Slide, votes: Sequence[Vote], ballot: Ballot) -> list[Tally]:
    """Count the votes on the question or prediction that is asked now, for each of its rounds."""
    return [
        _tally(slide, ballot.question(slide, number), number, _numbers(votes, number))
        for number in range(ballot.first_round, ballot.round + 1)
    ]


def drawn_tallies(votes: Sequence[Vote], ballot: Ballot) -> list[DrawnTally]:
    """Gather the lines that were drawn, for each round."""
    return [
        DrawnTally(number, tuple(v.answer for v in votes if v.round == number and isinstance(v.answer, tuple)))
        for number in range(ballot.first_round, ballot.round + 1)
    ]


def _numbers(votes: Sequence[Vote], round_: int) -> list[float]:
    return [vote.answer for vote in votes if vote.round == round_ and not isinstance(vote.answer, tuple)]


def _tally(slide: Slide, question: Question | None, number: int, answers: Sequence[float]) -> Tally:
    if question is not None:
        return Tally(number, tuple(answers.count(place) for place in range(len(question.choices))))
    assert slide.prediction is not None
    low, high = slide.prediction.low, slide.prediction.high
    bins = [min(int((answer - low) / (high - low) * BINS), BINS - 1) for answer in answers]
    ordered = sorted(answers)
    half = len(ordered) // 2
    middle = None
    if ordered:
        middle = ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2
    return Tally(number, tuple(bins.count(place) for place in range(BINS)), middle)


def as_csv(room: Room, votes: Sequence[Vote]) -> str:
    """Write all votes of a room, a line each. Voters are renumbered, so that only their own rounds can be linked."""
    numbers = {name: place for place, name in enumerate(sorted({vote.voter for vote in votes}), start=1)}
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(["slide", "question", "round", "respondent", "answer", "right"])
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
            what, answer, right = question.text, _cell(choice.text), "yes" if choice.right else "no"
        elif slide.prediction is not None:
            what, answer, right = slide.prediction.text, f"{vote.answer:g}", ""
        else:
            continue
        table.writerow([vote.slide + 1, _cell(what), vote.round, numbers[vote.voter], answer, right])
    return out.getvalue()


def _cell(text: str) -> str:
    """Keep a spreadsheet from reading a text as a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t") else text
