"""The user's own tables: CSV and its relatives, from a file's rows to one domain or two.

A table is streamed: only the cells that are asked for are kept.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from da_core.data.readers.archive import short_list, short_name
from da_core.data.readers.columns import Outline, Roles, assign_roles, is_missing, read_outline, to_number
from da_core.data.readers.csv_dialect import open_rows
from da_core.data.readers.folder_layout import SOURCE_WORDS
from da_core.data.readers.raw_domain import ClassNames, RawDomain
from da_core.errors import UserError
from da_core.events import Notice
from da_core.settings import settings

_MOST_CELLS = 50_000_000  # numbers of one table in memory
_LONGEST_TEXT = 2000  # characters of one cell that are kept
_TEXT_BYTES = 512 * 2**20

ROWS_LEFT_OUT = "{count} rows of “{place}” were left out, because a value in them is missing or no number: {names}."
UNLABELLED_LEFT_OUT = "{count} rows of “{place}” were left out, because they have no label."
NO_DOMAIN_LEFT_OUT = "{count} rows of “{place}” were left out, because they are of other domains."
UNEVEN_LEFT_OUT = "{count} rows of “{place}” were left out, because they have more or fewer cells than the others."
NO_NUMBERS = "Columns of “{place}” were left out, because they hold no numbers: {names}."
MOSTLY_MISSING = "Columns of “{place}” were left out, because most of their values are missing: {names}."
TEXTS_CUT = "{count} texts of “{place}” were cut after {most} characters."
TOO_MANY_ROWS = "“{place}” has more than {most} rows; the others were left out."

_COUNTED = (UNEVEN_LEFT_OUT, NO_DOMAIN_LEFT_OUT, UNLABELLED_LEFT_OUT, ROWS_LEFT_OUT, TEXTS_CUT)


# A pair --------------------------------------------------------------------------------------------------------------


def read_two_tables(source: Path, target: Path, names: tuple[str, str], wanted: Roles) -> tuple[RawDomain, RawDomain]:
    """Read two tables with the same columns as source and target, called ``names``. Raises `UserError`."""
    outline = read_outline(source)
    roles = assign_roles(source, outline, wanted, with_domain=False, labelled=True)
    (first,) = read_table(source, outline, roles, names[:1], lambda _cell: 0, labelled=[True])
    outline = read_outline(target)
    wanted = Roles(roles.label, "", roles.text, roles.features)
    roles = assign_roles(target, outline, wanted, with_domain=False, labelled=False)
    (second,) = read_table(target, outline, roles, names[1:], lambda _cell: 0, labelled=[False])
    return first, second


def read_mixed_table(place: Path, wanted: Roles, source: str, target: str) -> tuple[RawDomain, RawDomain]:
    """Read the two domains that a column of one table tells apart.

    ``source`` and ``target`` are values of that column, as `choose_domains` takes them. Raises `UserError`.
    """
    outline = read_outline(place)
    roles = assign_roles(place, outline, wanted, with_domain=True, labelled=True)
    values = domain_values(place, outline, roles.domain)
    ours, theirs = choose_domains(values, source, target, place)
    number = dict.fromkeys(theirs, 1) | {ours: 0}
    names = (ours, theirs[0] if len(theirs) == 1 else "others")
    first, second = read_table(place, outline, roles, names, number.get, labelled=(True, False))
    return first, second


def domain_values(place: Path, outline: Outline, column: str) -> list[str]:
    """List the values of a domain column in the order of their first coming, of the whole table."""
    at = outline.index(column, place)
    with open_rows(place, outline.dialect, header=outline.header) as rows:
        values = dict.fromkeys(row[at].strip() for row in rows if len(row) == len(outline.columns))
    return [value for value in values if not is_missing(value)]


def choose_domains(values: list[str], source: str, target: str, place: Path) -> tuple[str, list[str]]:
    """Choose which value of a domain column is the source and which ones are the target.

    ``source`` and ``target`` are wanted values; an empty one is guessed. Raises `UserError` where a wanted value is not
    there or there are not two.
    """
    for wanted in filter(None, (source, target)):
        if wanted not in values:
            raise UserError(
                "No row of “{place}” is of the domain “{name}”; there are {names}.",
                place=short_name(place),
                name=wanted,
                names=short_list(values),
            )
    ours = source or next((value for value in values if value.lower() in SOURCE_WORDS and value != target), "")
    ours = ours or next((value for value in values if value != target), "")
    theirs = [target] if target else [value for value in values if value != ours]
    if not ours or not theirs or ours in theirs:
        raise UserError(
            "The domain column of “{place}” has one value only; it must tell two domains apart.",
            place=short_name(place),
        )
    return ours, theirs


# Rows ----------------------------------------------------------------------------------------------------------------


def read_table(
    place: Path,
    outline: Outline,
    roles: Roles,
    names: Sequence[str],
    domain_of: Callable[[str], int | None],
    *,
    labelled: Sequence[bool],
) -> list[RawDomain]:
    """Read the rows of a table as one domain or as several.

    ``domain_of`` takes a row's cell in the domain column (or an empty text) and gives the number of its domain, if it
    is of any; ``names`` are the domains', and ``labelled`` says which of them must have labels. Raises `UserError`
    where a domain is left without rows.
    """
    sorter = _RowSorter(place, outline, roles, len(names), domain_of, labelled)
    with open_rows(place, outline.dialect, header=outline.header) as rows:
        for row in rows:
            sorter.add(row)
    for name, part in zip(names, sorter.parts, strict=True):
        if not part.labels:
            raise UserError(
                "“{place}” has no row that can be used for the domain {name}: every one has something missing.",
                place=short_name(place),
                name=name,
            )
    notices = [*_too_many_rows(place, rows.cut), *sorter.notices(), *_columns_left_out(place, outline, roles)]
    return [
        RawDomain(name, part.samples(), part.labels, None, notices if number == 0 else [], roles.features)
        for number, (name, part) in enumerate(zip(names, sorter.parts, strict=True))
    ]


@dataclass
class _Part:
    """The rows of one domain: a class each, and a text or a few numbers."""

    labels: ClassNames = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    numbers: array[float] = field(default_factory=lambda: array("f"))

    def samples(self) -> NDArray[Any]:
        """Give the samples, (n,) str or (n, d) float32."""
        count = len(self.labels)
        if not self.texts:
            return np.frombuffer(self.numbers, np.float32).reshape(count, -1)
        # NumPy gives every text the room of the longest, so that many are cut shorter than a few
        room = min(max(map(len, self.texts)), _TEXT_BYTES // (4 * count))
        return np.array(self.texts, dtype=f"U{max(1, room)}")


class _RowSorter:
    """Sorts the rows of a table into its domains, and counts those that it leaves out."""

    def __init__(
        self,
        place: Path,
        outline: Outline,
        roles: Roles,
        domains: int,
        domain_of: Callable[[str], int | None],
        labelled: Sequence[bool],
    ) -> None:
        self.parts = [_Part() for _ in range(domains)]
        self._place, self._outline, self._roles = place, outline, roles
        used = (roles.label, roles.domain, roles.text, *roles.features)
        self._at = {name: outline.index(name, place) for name in used if name}
        self._domain_of, self._labelled = domain_of, labelled
        self._counts: Counter[str] = Counter()  # by the notice that has them
        self._incomplete: Counter[str] = Counter()  # by the column that rows were left out for

    def add(self, row: list[str]) -> None:
        """Add a row to its domain, or count why it cannot be used."""
        roles = self._roles
        if len(row) != len(self._outline.columns):
            self._counts[UNEVEN_LEFT_OUT] += 1
            return
        domain = self._domain_of(row[self._at[roles.domain]].strip() if roles.domain else "")
        if domain is None:
            self._counts[NO_DOMAIN_LEFT_OUT] += 1
            return
        label = self._label(row)
        if label is None and self._labelled[domain]:
            self._counts[UNLABELLED_LEFT_OUT] += 1
            return
        part = self.parts[domain]
        lacking = self._add_text(row, part) if roles.text else self._add_numbers(row, part)
        if lacking:
            self._counts[ROWS_LEFT_OUT] += 1
            self._incomplete[lacking] += 1
            return
        part.labels.append(label)

    def notices(self) -> list[Notice]:
        """Say how many rows were left out, and why."""
        more: dict[str, dict[str, Any]] = {
            ROWS_LEFT_OUT: {"names": ", ".join(list(self._incomplete)[:5])},
            TEXTS_CUT: {"most": _LONGEST_TEXT},
        }
        place = short_name(self._place)
        return [
            Notice(message, {"count": self._counts[message], "place": place, **more.get(message, {})})
            for message in _COUNTED
            if self._counts[message]
        ]

    def _label(self, row: list[str]) -> str | None:
        """A label's name; a number is written in one way, so that 1 and 1.0 are one class."""
        if not self._roles.label:
            return None
        at = self._at[self._roles.label]
        cell = row[at].strip()
        if is_missing(cell):
            return None
        numbers = self._outline.columns[at].cells == "numbers"
        value = to_number(cell, self._outline.decimal_comma) if numbers else None
        return cell if value is None else f"{value:.12g}"

    def _add_text(self, row: list[str], part: _Part) -> str | None:
        """Add a row's text, or return the name of its column where it is missing."""
        text = row[self._at[self._roles.text]].strip()
        if is_missing(text):
            return self._roles.text
        self._counts[TEXTS_CUT] += len(text) > _LONGEST_TEXT
        part.texts.append(text[:_LONGEST_TEXT])
        return None

    def _add_numbers(self, row: list[str], part: _Part) -> str | None:
        """Add a row's features, or return the name of the first column that has no number there."""
        values = []
        for name in self._roles.features:
            value = to_number(row[self._at[name]], self._outline.decimal_comma)
            if value is None:
                return name
            values.append(value)
        part.numbers.extend(values)
        if sum(len(each.numbers) for each in self.parts) > _MOST_CELLS:
            raise UserError(
                "“{place}” has more than {most} numbers; choose fewer columns or bring fewer rows.",
                place=short_name(self._place),
                most=_MOST_CELLS,
            )
        return None


def _too_many_rows(place: Path, cut: bool) -> list[Notice]:
    return [Notice(TOO_MANY_ROWS, {"place": short_name(place), "most": settings().table_rows})] if cut else []


def _columns_left_out(place: Path, outline: Outline, roles: Roles) -> list[Notice]:
    if roles.text:
        return []
    used = {roles.label, roles.domain, *roles.features}
    spare = [column for column in outline.columns if column.name not in used]
    words = [column.name for column in spare if column.cells in ("words", "texts")]
    half = len(outline.rows) / 2
    sparse = [column.name for column in spare if column.cells in ("numbers", "nothing") and column.missing > half]
    return [
        Notice(message, {"place": short_name(place), "names": ", ".join(names[:8])})
        for message, names in ((NO_NUMBERS, words), (MOSTLY_MISSING, sparse))
        if names
    ]
