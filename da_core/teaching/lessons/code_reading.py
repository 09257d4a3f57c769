"""The step-by-step reading of a method's code: a few lines, the term of the formula that they compute, a sentence.

One file a method, ``assets/lessons/reading/<method>.yaml``. The lines are quoted, and shown as they stand there; line
breaks and indentation may differ from the code's, so that a long line can be broken to fit beside its term.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints

from da_core.system.app_files import ASSETS
from da_core.teaching.course.bilingual import Bilingual, Entry, Words, read_file

ROOT = Path(__file__).parents[3]
FOLDER = ASSETS / "lessons" / "reading"


class CodeStep(Entry):
    """A few lines of code, the term that they are (LaTeX without dollar signs), and what they do."""

    code: Annotated[str, StringConstraints(strip_whitespace=False, min_length=1)]
    term: Words
    does: Bilingual
    file: str = ""
    """Where the lines stand, from the project's folder; empty for the method's own file."""


class Reading(Entry):
    """The steps of one method's reading."""

    steps: Annotated[tuple[CodeStep, ...], Field(min_length=3, max_length=6)]


def file_of_reading(method: str) -> Path:
    """Return the place of a method's reading, whether there is one or not."""
    return FOLDER / f"{method}.yaml"


@functools.cache
def read_steps(file: Path) -> tuple[CodeStep, ...]:
    """Read the steps of one reading. Raises `UserError` for a file that is not as it should be."""
    return read_file(file, Reading).steps


def lines_of(code: str, text: str) -> tuple[int, int] | None:
    """Find the first and last line, from 1, at which ``code`` stands in ``text``, white space apart; None without."""
    numbers = [number for number, line in enumerate(text.splitlines(), 1) for _ in "".join(line.split())]
    bare, sought = "".join(text.split()), "".join(code.split())
    at = bare.find(sought)
    return None if at < 0 else (numbers[at], numbers[at + len(sought) - 1])
