"""Guesses: what a reader says before they see the outcome, and how far off it was.

There are four kinds: a bar is dragged to a number, a curve is drawn, a boundary is sketched, an answer is picked. Those
of the course stand in ``assets/course/guesses.yaml``, those of the stories in ``story_guesses.yaml``, by name; what
came out is told by whoever shows it.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from da_core.registry import pick
from da_core.teaching.course.bilingual import COURSE, Bilingual, Entry, read_file

FILE = COURSE / "guesses.yaml"
OF_STORIES = COURSE / "story_guesses.yaml"
KNOTS = 9
"""Places at which a drawn line has a height."""

_HIGHEST = 1e6
"""No axis of a guess goes so far."""

Ends = tuple[float, float]
Points = Sequence[tuple[float, float, int]]
"""Points in the plane with their classes, 0 or 1."""
Line = tuple[float, ...]
"""Heights of a drawn line at `KNOTS` places, evenly spread from one side to the other."""


class BarGuess(Entry):
    """A number between ``low`` and ``high``."""

    kind: Literal["bar"]
    question: Bilingual
    low: float
    high: float
    step: float = Field(gt=0)
    unit: str = ""

    @model_validator(mode="after")
    def _has_room(self) -> BarGuess:
        if self.low >= self.high:
            raise ValueError("low has to lie below high")
        return self


class CurveGuess(Entry):
    """A curve from left to right: ``x`` and ``y`` are the ends of the axes, ``across`` and ``up`` their titles."""

    kind: Literal["curve"]
    question: Bilingual
    across: Bilingual
    up: Bilingual
    x: Ends
    y: Ends
    unit: str = ""


class BoundaryGuess(Entry):
    """A line from left to right that parts the classes of points in the plane."""

    kind: Literal["boundary"]
    question: Bilingual
    x: Ends = (-3.0, 3.0)
    y: Ends = (-3.0, 3.0)


class PickGuess(Entry):
    """One of some answers, by their names."""

    kind: Literal["pick"]
    question: Bilingual
    options: Annotated[dict[str, Bilingual], Field(min_length=2)]


Guess = Annotated[BarGuess | CurveGuess | BoundaryGuess | PickGuess, Field(discriminator="kind")]
Answer = float | Line | str
"""A bar's number, a line's heights, or the name of what was picked."""


@dataclass(frozen=True)
class ReaderGuess:
    """A reader's guess; ``answer`` is None where they skipped it."""

    answer: Answer | None = None


@functools.cache
def guesses(file: Path = FILE) -> dict[str, Guess]:
    """Read all guesses of a file by name. Raises `UserError` for a file that is not as it should be."""
    return read_file(file, dict[str, Guess])


def read_guess(name: str) -> Guess:
    """Return the guess of this name. Raises `UserError` if there is none."""
    return pick(guesses() | guesses(OF_STORIES), name, "guess")


def knots(ends: Ends) -> Line:
    """Spread the places of a line's heights between the ends of its axis."""
    return tuple(float(place) for place in np.linspace(*ends, KNOTS))


def at_knots(ends: Ends, xs: Sequence[float], ys: Sequence[float]) -> Line:
    """Read a curve off at the places of a line's heights, so that a drawn one can be held against it."""
    return tuple(float(height) for height in np.interp(knots(ends), xs, ys))


def distance(guess: Answer, outcome: Answer) -> float:
    """Measure how far off a guess was: a bar's difference, a curve's mean difference, 0 or 1 for what was picked."""
    if isinstance(guess, str) or isinstance(outcome, str):
        return float(guess != outcome)
    return float(np.mean(np.abs(np.subtract(guess, outcome))))


def read_line(value: object) -> Line | None:
    """Read a drawn line as a browser sends it, which may send anything; None where it is none."""
    if not isinstance(value, list) or len(value) != KNOTS:
        return None
    try:
        line = tuple(float(height) for height in value)
    except (TypeError, ValueError, OverflowError):
        return None
    return line if all(abs(height) <= _HIGHEST for height in line) else None  # which a NaN is not either


def separate(line: Line, ends: Ends, source: Points, target: Points) -> tuple[float, float]:
    """Compute the shares of both domains' points that a line separates correctly.

    The class that lies above it is the one with which more of the source is right.
    """
    on_source, on_target = (_with_first_above(line, ends, np.array(points)) for points in (source, target))
    return (on_source, on_target) if on_source >= 0.5 else (1 - on_source, 1 - on_target)


def _with_first_above(line: Line, ends: Ends, points: NDArray[np.floating]) -> float:
    """Compute the share of points (n, 3) that is right if class 0 lies above."""
    above = points[:, 1] > np.interp(points[:, 0], knots(ends), line)
    return float(np.mean(above == (points[:, 2] == 0)))
