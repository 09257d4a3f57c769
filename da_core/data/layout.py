"""Describe a user's files as they were read: a table's columns and their roles, and the domains of one place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

CellKind = Literal["numbers", "words", "dates", "texts", "nothing"]
MOST_WORDS = 20
"""Different words of a column that can become a column each."""


@dataclass(frozen=True)
class Column:
    """A column, judged by its first rows: what its cells hold, how many are missing, how many differ.

    ``date_format`` is how dates are written, as `datetime.strptime` has it; ``counts_up``: each is one above the last.
    """

    name: str
    cells: CellKind
    missing: int
    distinct: int
    date_format: str = ""
    counts_up: bool = False

    @property
    def has_few_words(self) -> bool:
        """Check that its words can become a column each."""
        return self.cells == "words" and 2 <= self.distinct <= MOST_WORDS


@dataclass(frozen=True)
class Outline:
    """A table's columns, and the number of the first ``rows`` by which they were judged."""

    header: bool
    decimal_comma: bool
    columns: tuple[Column, ...]
    rows: int


@dataclass(frozen=True)
class Roles:
    """The roles of a table's columns: ``text`` or ``features`` make the sample. Empty where there is none."""

    label: str
    domain: str
    text: str
    features: tuple[str, ...]


@dataclass
class Layout:
    """The layout of a place, filled in while it is read, so that a problem leaves what was understood before it."""

    outline: Outline | None = None
    roles: Roles | None = None
    domains: tuple[str, ...] = ()
