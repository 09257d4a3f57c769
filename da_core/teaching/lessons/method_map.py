"""The map of methods: what each kind needs, and which methods fail first when something is so.

It stands in ``assets/course/method_map.yaml``.
"""

from __future__ import annotations

import functools

from da_core.teaching.course.bilingual import COURSE, Bilingual, Entry, read_file

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
def method_map() -> MethodMap:
    """Read the map. Raises `UserError` for a file that is not as it should be."""
    return read_file(FILE, MethodMap)
