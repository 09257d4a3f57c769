"""Checks: a question with a few answers, of which each wrong one is a misconception.

Those of the course's chapters stand in ``assets/course/checks.yaml`` and those of the stories in ``story_checks.yaml``,
by name, those on a chapter's outcome in ``reveal_checks.yaml`` by its guess's name, those of the lessons in
``assets/lessons/checks.yaml`` by the method's name.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from da_core.errors import UserError
from da_core.registry import pick
from da_core.teaching.course.bilingual import COURSE, Bilingual, Entry, read_file
from da_core.teaching.course.misconceptions import Misconception, misconception, misconceptions

FILE = COURSE / "checks.yaml"
OF_LESSONS = COURSE.parent / "lessons" / "checks.yaml"
OF_STORIES = COURSE / "story_checks.yaml"
OF_REVEALS = COURSE / "reveal_checks.yaml"


class Option(Entry):
    """An answer: the right one, or one that a misconception leads to."""

    text: Bilingual
    misconception: str = ""
    """The name of the misconception; empty where the answer is right."""

    @property
    def is_right(self) -> bool:
        """Tell whether this is the right answer."""
        return not self.misconception

    def refuted(self) -> Misconception:
        """Return the misconception behind a wrong answer."""
        return misconception(self.misconception)


class Check(Entry):
    """A question: its answers, and why the right one is right; ``twin`` names a check on the same idea.

    A lesson's has neither ``chapter`` nor ``twin``.
    """

    chapter: str = ""
    question: Bilingual
    options: Annotated[tuple[Option, ...], Field(min_length=3, max_length=4)]
    why: Bilingual
    twin: str = ""

    @model_validator(mode="after")
    def _check_right_answer(self) -> Check:
        if sum(option.is_right for option in self.options) != 1:
            raise ValueError("just one answer has no misconception, that is, is right")
        return self

    @property
    def right(self) -> int:
        """The place of the right answer, from 0."""
        return next(place for place, option in enumerate(self.options) if option.is_right)


@functools.cache
def checks(file: Path = FILE) -> dict[str, Check]:
    """Read all checks of a file by name.

    Raises `UserError` for a file that is not as it should be, also where it names a misconception or a twin that is
    not there.
    """
    entries = read_file(file, dict[str, Check])
    for name, question in entries.items():
        named = {option.misconception for option in question.options} - {""} - set(misconceptions())
        missing = sorted(named | ({question.twin} - {""} - set(entries)))
        if missing:
            raise UserError(
                "The check {name} refers to {missing}, which does not exist.", name=name, missing=missing[0]
            )
    return entries


def check(name: str) -> Check:
    """Return the check of this name, or of the lesson on this method. Raises `UserError` if there is none."""
    return pick(checks(OF_LESSONS) | checks(OF_REVEALS) | checks(OF_STORIES) | checks(FILE), name, "check")
