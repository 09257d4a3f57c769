"""The numbers of the course, each by a path: none is written into a text.

    showcase.source_only.target.accuracy    of the finished example's result
    showcase.called.house                   how many of its target samples source only takes for this class
    figures.street.best                     of `da_core.data.measured`
    street.DANN                             mean target accuracy of a method on the street scenes, by its title
    film.turned.before                      of a film of the course: target accuracy before and after, and curves

The films' numbers are computed by ``python -m da_core make course``, so that no reader waits for them.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np

from da_core.data.measured import figures
from da_core.errors import UserError
from da_core.i18n import Language
from da_core.teaching import reference
from da_core.teaching.course.bilingual import COURSE
from da_core.teaching.course.guess import Answer, BarGuess, Guess, at_knots, knots
from da_core.teaching.films.film import Film

COMMAND = "python -m da_core make course"
FILE = COURSE / "numbers.json"
RATIO_ENDS = (-1.0, 1.0)
"""Between which x₁ the weights' curve is drawn."""
NO_CHANGE = 0.02
"""Accuracies that differ by no more count as the same."""


def number_at(path: str) -> Any:
    """Return what stands at a path: a fraction, a count, or a curve. Raises `UserError` if nothing does."""
    source, _dot, rest = path.partition(".")
    try:
        held: Any = _SOURCES[source]()
        for step in rest.split("."):
            held = held[int(step)] if isinstance(held, list) else held[step]
    except (KeyError, IndexError, ValueError, TypeError):
        raise UserError("The course refers to a number that does not exist: {path}.", path=path) from None
    return held


def outcome_of(guess: Guess, path: str) -> Answer:
    """Return the number at a path as the guess is given: a share in per cent, a curve as a line."""
    value = number_at(path)
    if isinstance(value, list):
        return tuple(value)
    if isinstance(guess, BarGuess):
        return 100 * float(value) if guess.unit == "%" else float(value)
    return str(value)


def write_number(path: str, language: Language) -> str:
    """Write the number at a path as the language does: ``path:2`` with two decimals, else as a percentage."""
    path, _colon, digits = path.partition(":")
    value = number_at(path)
    return language.number(value, int(digits)) if digits else language.percent(value)


def fill_numbers(text: str, language: Language) -> str:
    """Fill the numbers of a text, each a path in braces."""
    return re.sub(r"\{(\w+\.[^{}]+)\}", lambda match: write_number(match[1], language), text)


@functools.cache
def film_numbers() -> dict[str, Any]:
    """Read the films' numbers, by film and name."""
    held: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return held


def make() -> None:
    """Make all films of the course and write their numbers."""
    from da_core.teaching.course.course_films import course_films
    from da_core.teaching.films.filming import film_of

    numbers = {name: numbers_of(film_of(film.experiment(), film.acts)) for name, film in course_films().items()}
    FILE.write_text(json.dumps(numbers, indent=1) + "\n", encoding="utf-8")


def numbers_of(film: Film) -> dict[str, Any]:
    """Read off a film: accuracies before and after, what changed, and the domain classifier's curve in per cent."""
    before = next(frame for frame in reversed(film.frames) if frame.phase == "source_only").numbers
    after = film.frames[-1].numbers
    gain = after["target"] - before["target"]
    numbers: dict[str, Any] = {
        "before": round(before["target"], 4),
        "after": round(after["target"], 4),
        "source_before": round(before["source"], 4),
        "source_after": round(after["source"], 4),
        "change": "same" if abs(gain) <= NO_CHANGE else "better" if gain > 0 else "worse",
    }
    critic = [(frame.step, 100 * frame.numbers["domain"]) for frame in film.frames if "domain" in frame.numbers]
    if critic:
        steps, right = zip(*critic, strict=True)
        numbers["critic"] = [round(height, 1) for height in at_knots((0, max(steps)), steps, right)]
        numbers["steps"] = int(max(steps))
    selection = float(film.header.experiment.get("data.selection", 0))
    if (
        selection
    ):  # the target prefers x₁ in proportion to e^(b x₁): so a source sample weighs, beside one in the middle
        numbers["ratio"] = [round(float(np.exp(selection * x)), 2) for x in knots(RATIO_ENDS)]
    return numbers


@functools.cache
def _showcase() -> dict[str, Any]:
    from da_core.teaching import showcase

    result = showcase.read(showcase.FOLDER).record.result
    held: dict[str, Any] = json.loads(result.model_dump_json())
    recalls = np.array([scores["recall"] for scores in held["source_only"]["target"]["per_class"]])
    precisions = np.array([scores["precision"] for scores in held["source_only"]["target"]["per_class"]])
    held["worst"] = {"recall": float(recalls.min()), "precision": float(precisions[recalls.argmin()])}
    held["called"] = dict(zip(held["classes"], np.sum(held["source_only"]["target"]["confusion"], axis=0), strict=True))
    held["trained"] = held["seconds"]["source_only"] + held["seconds"]["adapt"]
    return held


def _figures() -> dict[str, Any]:
    return {name: asdict(figure) for name, figure in figures().items()}


@functools.cache
def _street() -> dict[str, Any]:
    page = (reference.FOLDER / "results_street.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([^|]+?) \| ([\d.]+) \(", page, re.MULTILINE)
    return {title: float(accuracy) / 100 for title, accuracy in rows}


_SOURCES: dict[str, Callable[[], dict[str, Any]]] = {
    "showcase": _showcase,
    "figures": _figures,
    "street": _street,
    "film": film_numbers,
}
