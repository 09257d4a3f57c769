"""The map of methods: what each kind needs, and which methods fail first when something is so.

It stands in ``assets/course/method_map.yaml``.
"""

from __future__ import annotations

import functools
from pathlib import Path

import yaml
from pydantic import ValidationError

from da_core.errors import UserError
from da_core.teaching.course.bilingual import COURSE, Bilingual, Entry

FILE = COURSE / "method_map.yaml"


class Failing(Entry):
    """Something that makes methods fail, and the names of those that it concerns first."""

    title: Bilingual
    methods: tuple[str, ...]


class MethodMap(Entry):
    """``needs``: what a kind of method needs, by kind; ``fails``: what makes methods fail."""

    needs: dict[str, Bilingual]
    fails: dict[str, Failing]


@functools.cache
def method_map(file: Path = FILE) -> MethodMap:
    """Read the map. Raises `UserError` for a file that is not as it should be."""
    try:
        return MethodMap.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError, ValidationError) as error:
        raise UserError("The file {file} cannot be read: {why}.", file=file.name, why=str(error)) from None
