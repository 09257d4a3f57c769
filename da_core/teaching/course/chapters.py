"""The chapters of the course: one Markdown file a chapter and language, ``assets/course/<language>/NN-name.md``.

A file begins with its title, its minutes, the `review` question on an earlier chapter and the `check` at the end, and
then has texts with directives between them, a line each:

    ::guess NAME [FILM]                nothing below is shown before the reader has committed this guess
    ::outcome NAME PATH                what came out, beside the guess; `course_numbers` has the paths
    ::ask NAME                         nothing below is shown before the reader has answered this check of
                                       ``reveal_checks.yaml`` on what was just seen, or passed it by
    ::film NAME                        a film of ``films.yaml``
    ::showcase pictures|numbers|map    a part of the finished example
    ::run SETTING=VALUE …              a button that trains this here
    ::device                           what this server computes with
    ::story NAME …                     links to stories on the same idea

In a text ``{PATH}`` is a number, and links may lead to ``lesson:NAME``, ``screen:NAME`` and ``chapter:NAME``.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import yaml
from pydantic import Field, ValidationError

from da_core.errors import UserError
from da_core.registry import pick
from da_core.teaching.course.bilingual import COURSE, Entry, Words

LONGEST_MINUTES = 5
Kind = Literal["guess", "outcome", "ask", "film", "showcase", "run", "device", "story"]
_KINDS: dict[str, Kind] = {kind: kind for kind in get_args(Kind)}
_FORBIDDEN = re.compile(r"^# |^```html|</?[A-Za-z][^>]*>|!\[", re.MULTILINE)
"""Titles of the first level, HTML and pictures."""


class ChapterHead(Entry):
    """The front matter of a chapter's file."""

    title: Words
    minutes: int = Field(ge=1, le=LONGEST_MINUTES)
    review: str = ""
    check: Words


@dataclass(frozen=True)
class Directive:
    """Something live between two texts."""

    kind: Kind
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Chapter:
    """A chapter in one language: what it is called in links, its head, and texts and directives in order."""

    name: str
    head: ChapterHead
    parts: tuple[str | Directive, ...]

    def directives(self) -> list[Directive]:
        """List what is live."""
        return [part for part in self.parts if isinstance(part, Directive)]


@functools.cache
def chapter_names(folder: Path = COURSE) -> tuple[str, ...]:
    """List the chapters in their order, by the names of the English files."""
    return tuple(_name(file) for file in sorted((folder / "en").glob("*.md")))


def load_chapter(name: str, language: str, folder: Path = COURSE) -> Chapter:
    """Read a chapter. Raises `UserError` if there is none or its file is not as it should be."""
    files = {_name(file): file for file in (folder / language).glob("*.md")}
    return read_chapter(pick(files, name, "chapter"))


@functools.lru_cache(maxsize=64)
def read_chapter(file: Path) -> Chapter:
    """Read one file. Raises `UserError` that names what is wrong with it."""
    name = f"{file.parent.name}/{file.name}"
    opened = re.fullmatch(r"---\n(.*?)\n---\n(.*)", file.read_text(encoding="utf-8"), re.DOTALL)
    if opened is None:
        raise UserError("The chapter {file} must begin with its head between two lines “---”.", file=name)
    try:
        head = ChapterHead.model_validate(yaml.safe_load(opened[1]))
    except (yaml.YAMLError, ValidationError) as error:
        raise UserError("The head of the chapter {file} is wrong: {why}", file=name, why=str(error)) from None
    if match := _FORBIDDEN.search(opened[2]):
        raise UserError("The chapter {file} holds “{what}”; write it in plain Markdown.", file=name, what=match[0])
    return Chapter(_name(file), head, tuple(_parts(opened[2], name)))


def _parts(text: str, name: str) -> list[str | Directive]:
    parts: list[str | Directive] = []
    for place, piece in enumerate(re.split(r"^::(.*)$", text, flags=re.MULTILINE)):
        words = piece.split()
        if place % 2 == 0:
            parts += [piece.strip()] if words else []
        elif words and words[0] in _KINDS:
            kind, *rest = piece.split(maxsplit=2) if words[0] == "outcome" else words  # a path may hold spaces
            parts.append(Directive(_KINDS[kind], tuple(word.strip() for word in rest)))
        else:
            raise UserError("The chapter {file} holds “::{what}”, which is unknown.", file=name, what=piece)
    return parts


def _name(file: Path) -> str:
    return file.stem.partition("-")[2].replace("-", "_")
