"""The lessons: one Markdown file a method and language, ``assets/lessons/<language>/<method>.md``.

A file has a text without a heading, a formula with a table of its symbols, and two lists: when the method helps and
when it fails. Title, paper, hyperparameters and code are the method's own and are not repeated here.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from pathlib import Path

from da_core.errors import UserError
from da_core.system.app_files import ASSETS

FOLDER = ASSETS / "lessons"
HEADINGS = {"en": ("Formula", "When it helps", "When it fails"), "zh": ("公式", "何时有效", "何时失效")}
TABLE = {"en": ("Symbol", "Meaning"), "zh": ("符号", "含义")}

_FORBIDDEN = re.compile(r"^#|^```|</?[A-Za-z][^>]*>|!?\[[^\]]*\]\([^)]*\)|https?://", re.MULTILINE)
"""Headings of another level, code, HTML, links and pictures."""


@dataclass(frozen=True)
class Lesson:
    """A lesson in its parts, as Markdown: ``formula`` keeps its ``$$``; ``symbols`` are pairs of symbol and meaning."""

    idea: str
    formula: str
    symbols: tuple[tuple[str, str], ...]
    helps: tuple[str, ...]
    fails: tuple[str, ...]


@functools.lru_cache(maxsize=256)
def read(file: Path) -> Lesson:
    """Read one lesson; the folder's name says its language.

    Raises `UserError` that names what is wrong if there is no such file or it does not have the parts of a lesson.
    """
    name = f"{file.parent.name}/{file.name}"
    try:
        text = file.read_text(encoding="utf-8")
    except OSError:
        raise UserError("The lesson {file} is missing; write it.", file=name) from None
    headings = HEADINGS[file.parent.name]
    idea, *rest = re.split(r"^## *(.+?) *$", text, flags=re.MULTILINE)
    if tuple(rest[::2]) != headings:
        raise UserError(
            "The lesson {file} needs the headings {wanted}, in this order and no others; it has {found}.",
            file=name,
            wanted=", ".join(headings),
            found=", ".join(rest[::2]) or "–",
        )
    formula, helps, fails = (part.strip() for part in rest[1::2])
    for part in (idea, formula, helps, fails):
        if match := _FORBIDDEN.search(re.sub(r"\$\$.*?\$\$|\$[^$\n]*\$", "", part, flags=re.DOTALL)):
            raise UserError(
                "The lesson {file} holds “{what}”; write it without other headings, code, HTML, links and pictures.",
                file=name,
                what=match[0],
            )
        if part.replace("$$", "").count("$") % 2 or part.count("$$") % 2:
            raise UserError(
                "The lesson {file} has a dollar sign without its other half; close each formula.", file=name
            )
    if not idea.strip():
        raise UserError("The lesson {file} begins without a text; say first what the method does.", file=name)
    blocks, symbols = _formula(formula, TABLE[file.parent.name], name)
    return Lesson(idea.strip(), blocks, symbols, _points(helps, headings[1], name), _points(fails, headings[2], name))


def load(method: str, language: str) -> Lesson:
    """Read the lesson of a method in one language. Raises what `read` does."""
    return read(FOLDER / language / f"{method}.md")


def _formula(section: str, head: tuple[str, str], name: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Read the display formulas with the words between them, and the rows of the table below."""
    blocks, *table = re.split(r"(?=^\|)", section, maxsplit=1, flags=re.MULTILINE)
    if not re.search(r"\$\$.+?\$\$", blocks, re.DOTALL):
        raise UserError("The lesson {file} has no formula between two lines of “$$”.", file=name)
    rows = [_cells(line) for line in table[0].strip().splitlines()] if table else []
    if len(rows) < 3 or rows[0] != head or not all(re.fullmatch(r":?-+:?", cell) for cell in rows[1]):
        raise UserError(
            "The lesson {file} needs a table of its symbols with the head | {first} | {second} |.",
            file=name,
            first=head[0],
            second=head[1],
        )
    for row in rows:
        if len(row) != 2 or not all(row):
            raise UserError(
                "The lesson {file} has a row of symbols with other than two cells: {row}; inside a formula write "
                "\\mid for a bar.",
                file=name,
                row=" | ".join(row),
            )
    return blocks.strip(), tuple((symbol, meaning) for symbol, meaning in rows[2:])


def _cells(line: str) -> tuple[str, ...]:
    return tuple(cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().removeprefix("|").removesuffix("|")))


def _points(section: str, heading: str, name: str) -> tuple[str, ...]:
    points = [" ".join(point.split()) for point in re.split(r"^[-*] +", section, flags=re.MULTILINE)]
    if points[0] or not 2 <= len(points) - 1 <= 4 or not all(points[1:]):
        raise UserError("The lesson {file} needs two to four points under “{heading}”.", file=name, heading=heading)
    return tuple(points[1:])
