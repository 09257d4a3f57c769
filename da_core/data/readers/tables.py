"""The user's own tables: CSV and its relatives, from a file's rows to one domain or two.

A table is streamed: only the cells that are asked for are kept.
"""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from da_core.data.readers.archive import short_list, short_name
from da_core.data.readers.column_roles import Roles, assign_roles, other_candidates
from da_core.data.readers.columns import MOST_WORDS, Outline, is_missing, read_outline, to_days, to_number
from da_core.data.readers.domain_choice import choose_domains, target_name
from da_core.data.readers.raw_domain import ClassNames, RawDomain, check_memory
from da_core.data.readers.table_features import Encoded, RawFeatures, Treatment, encode_features
from da_core.data.readers.table_rows import open_rows
from da_core.errors import UserError
from da_core.events import Notice
from da_core.own_names import OwnName
from da_core.settings import settings

_MOST_CELLS = 50_000_000  # numbers of one table in memory
_LONGEST_TEXT = 2000  # characters of one cell that are kept
_TEXT_BYTES = 512 * 2**20

ROWS_LEFT_OUT = "{count} rows of “{place}” were left out because a value is missing or not a number: {names}."
UNLABELLED_LEFT_OUT = "{count} rows of “{place}” were left out because they have no label."
NO_DOMAIN_LEFT_OUT = "{count} rows of “{place}” were left out because they belong to other domains."
UNEVEN_LEFT_OUT = "{count} rows of “{place}” were left out because they have more or fewer cells than the others."
NO_NUMBERS = "Columns of “{place}” were left out because they contain no numbers: {names}."
MANY_WORDS = "Columns of “{place}” were left out because they contain more than {most} different words: {names}."
MOSTLY_MISSING = "Columns of “{place}” were left out because most of their values are missing: {names}."
TEXTS_CUT = "{count} texts of “{place}” were cut off after {most} characters."
TOO_MANY_ROWS = "“{place}” has more than {most} rows; the rest were left out."
FILLED = (
    "{count} missing cells were filled: numbers with the source's median, words with “?”; the columns that end in "
    "“=?” mark the places. They are in {names}."
)
FILLED_FREQUENT = "{count} missing cells were filled with the source's most frequent value. They are in {names}."
ONE_HOT = "Word columns were turned into one column of 0 and 1 per word: {names}."
UNKNOWN_WORDS = "{count} cells of the target contain words that the source does not have: {names}."
DATES = "Dates were turned into days since 2000: {names}."
OTHER_LABEL = "The column “{name}” is used as the label. {names} may also be the label; if so, choose it."
OTHER_DOMAIN = "The column “{name}” is used as the domain. {names} may also be the domain; if so, choose it."

_COUNTED = (UNEVEN_LEFT_OUT, NO_DOMAIN_LEFT_OUT, UNLABELLED_LEFT_OUT, ROWS_LEFT_OUT, TEXTS_CUT)


# A pair --------------------------------------------------------------------------------------------------------------


def read_two_tables(
    source: Path, target: Path, names: tuple[str, str], wanted: Roles, treatment: Treatment
) -> tuple[RawDomain, RawDomain]:
    """Read two tables with the same columns as source and target, called ``names``. Raises `UserError`."""
    outline = read_outline(source)
    roles = assign_roles(source, outline, wanted, with_domain=False, labelled=True, kinds=treatment.kinds)
    plan = Plan.of(outline, roles)
    first, notices = read_rows(source, outline, roles, plan, treatment, names[:1], lambda _cell: 0, labelled=[True])
    theirs = read_outline(target)
    as_source = Roles(roles.label, "", roles.text, roles.features)
    others = assign_roles(target, theirs, as_source, with_domain=False, labelled=False)
    second, more = read_rows(target, theirs, others, plan, treatment, names[1:], lambda _cell: 0, labelled=[False])
    notices += [*more, *_columns_left_out(source, outline, roles, wanted, treatment)]
    notices += _other_roles(outline, roles, wanted)
    return _to_domains(source, (*first, *second), names, plan, treatment, notices, _reading(roles, names))


def read_mixed_table(
    place: Path, wanted: Roles, source: str, target: str, treatment: Treatment
) -> tuple[RawDomain, RawDomain]:
    """Read the two domains that a column of one table tells apart.

    ``source`` and ``target`` are values of that column, as `choose_domains` takes them. Raises `UserError`.
    """
    outline = read_outline(place)
    roles = assign_roles(place, outline, wanted, with_domain=True, labelled=True, kinds=treatment.kinds)
    values = domain_values(place, outline, roles.domain)
    ours, theirs = choose_domains(values, source, target, short_name(place))
    number = dict.fromkeys(theirs, 1) | {ours: 0}
    names = (OwnName(ours), target_name(theirs))
    plan = Plan.of(outline, roles)
    parts, notices = read_rows(place, outline, roles, plan, treatment, names, number.get, labelled=(True, False))
    notices += _columns_left_out(place, outline, roles, wanted, treatment)
    notices += _other_roles(outline, roles, wanted)
    return _to_domains(place, tuple(parts), names, plan, treatment, notices, _reading(roles, (ours, ", ".join(theirs))))


def domain_values(place: Path, outline: Outline, column: str) -> list[str]:
    """List the values of a domain column in the order of their first coming, of the whole table."""
    at = outline.index(column, place)
    with open_rows(place, outline.dialect, header=outline.header) as rows:
        values = dict.fromkeys(row[at].strip() for row in rows if len(row) == len(outline.columns))
    return [value for value in values if not is_missing(value)]


# Rows ----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Plan:
    """How the features' cells are read: the columns of ``numbers`` and of ``words``, and the formats of dates."""

    numbers: list[str]
    words: list[str]
    date_formats: dict[str, str]

    @classmethod
    def of(cls, outline: Outline, roles: Roles) -> Plan:
        """Plan it by what a table's cells hold."""
        columns = [column for column in outline.columns if column.name in roles.features]
        columns.sort(key=lambda column: roles.features.index(column.name))
        words = [column.name for column in columns if column.cells in ("words", "texts")]
        numbers = [column.name for column in columns if column.name not in words]
        return cls(numbers, words, {column.name: column.date_format for column in columns if column.cells == "dates"})


def read_rows(
    place: Path,
    outline: Outline,
    roles: Roles,
    plan: Plan,
    treatment: Treatment,
    names: Sequence[str],
    domain_of: Callable[[str], int | None],
    *,
    labelled: Sequence[bool],
) -> tuple[list[_Part], list[Notice]]:
    """Read the rows of a table as one domain or as several, and say what was left out.

    ``domain_of`` takes a row's cell in the domain column (or an empty text) and gives the number of its domain, if it
    is of any; ``names`` are the domains', and ``labelled`` says which of them must have labels. Raises `UserError`
    where a domain is left without rows.
    """
    sorter = _RowSorter(place, outline, roles, plan, treatment, len(names), domain_of, labelled)
    with open_rows(place, outline.dialect, header=outline.header) as rows:
        for row in rows:
            sorter.add(row)
    for name, part in zip(names, sorter.parts, strict=True):
        if not part.labels:
            raise UserError(
                "“{place}” has no usable row in the domain {name}: every row has a missing value.",
                place=short_name(place),
                name=name,
            )
    return sorter.parts, [*_too_many_rows(place, rows.cut), *sorter.notices()]


def _to_domains(
    place: Path,
    parts: Sequence[_Part],
    names: Sequence[str],
    plan: Plan,
    treatment: Treatment,
    notices: list[Notice],
    reading: dict[str, Any],
) -> tuple[RawDomain, RawDomain]:
    """Make the domains of their rows; what is filled in comes from the first one, the source."""
    source, target = parts
    Xs: NDArray[Any]
    Xt: NDArray[Any]
    columns: list[str] = []
    if source.texts:
        Xs, Xt = source.stacked_texts(), target.stacked_texts()
    else:
        raw_s, raw_t = source.features(plan), target.features(plan)
        for name, features in zip(names, (raw_s, raw_t), strict=True):
            _check_filled(features, name, plan, place)
        encoded = encode_features(raw_s, raw_t, plan.numbers, plan.words, treatment.missing)
        check_memory(max(encoded.source.nbytes, encoded.target.nbytes), short_name(place))
        Xs, Xt, columns = encoded.source, encoded.target, encoded.names
        notices += _told(encoded, plan, treatment)
        reading |= {"columns": columns, "filled": encoded.filled, "one_hot": encoded.one_hot}
        reading |= {"missing": treatment.missing} if encoded.filled else {}
        reading |= {"dates": list(plan.date_formats)} if plan.date_formats else {}
    own = tuple(map(OwnName, columns))
    first = RawDomain(names[0], Xs, source.labels, None, notices, own, {k: v for k, v in reading.items() if v})
    return first, RawDomain(names[1], Xt, target.labels, None, [], own)


def _check_filled(features: RawFeatures, domain: str, plan: Plan, place: Path) -> None:
    """Refuse a column of which a domain has no cell: nothing is known there that could be filled in."""
    empty: list[bool] = np.atleast_1d(features.missing().all(axis=0)).tolist()
    if lacking := [name for name, is_empty in zip([*plan.numbers, *plan.words], empty, strict=True) if is_empty]:
        raise UserError(
            "In the domain {domain} of “{place}”, {names} have no usable values; choose other columns.",
            domain=domain,
            place=short_name(place),
            names=short_list(lacking),
        )


def _told(encoded: Encoded, plan: Plan, treatment: Treatment) -> list[Notice]:
    """Say what became of cells that were no numbers."""
    filled = FILLED if treatment.missing == "median" else FILLED_FREQUENT
    one_hot = [f"{name} ({count})" for name, count in encoded.one_hot.items()]
    found = (
        (filled, sum(encoded.filled.values()), [f"{name} ({count})" for name, count in encoded.filled.items()]),
        (ONE_HOT, len(one_hot), one_hot),
        (UNKNOWN_WORDS, sum(encoded.unknown.values()), list(encoded.unknown)),
        (DATES, len(plan.date_formats), list(plan.date_formats)),
    )
    return [Notice(message, {"count": count, "names": short_list(names)}) for message, count, names in found if names]


def _other_roles(outline: Outline, roles: Roles, wanted: Roles) -> list[Notice]:
    """Name the columns that would do as well as those that were taken without being asked for."""
    labels, domains = other_candidates(outline, roles)
    found = ((OTHER_LABEL, wanted.label, roles.label, labels), (OTHER_DOMAIN, wanted.domain, roles.domain, domains))
    return [
        Notice(message, {"name": taken, "names": short_list(others)})
        for message, asked, taken, others in found
        if taken and others and not asked
    ]


def _reading(roles: Roles, domains: tuple[str, str]) -> dict[str, Any]:
    """How the table was understood, for the recipe."""
    return {
        "label": roles.label,
        "domain": roles.domain,
        "source": domains[0],
        "target": domains[1],
        "text": roles.text,
        "features": list(roles.features),
    }


@dataclass
class _Part:
    """The rows of one domain: a class each, and a text or numbers and words, row after row."""

    labels: ClassNames = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    numbers: array[float] = field(default_factory=lambda: array("f"))
    words: list[str | None] = field(default_factory=list)

    def features(self, plan: Plan) -> RawFeatures:
        """Give numbers (n, p) float32 and words (n, q)."""
        count = len(self.labels)
        numbers = np.frombuffer(self.numbers, np.float32).reshape(count, len(plan.numbers))
        words = np.array(self.words, dtype=object).reshape(count, len(plan.words))
        return RawFeatures(numbers, words)

    def stacked_texts(self) -> NDArray[np.str_]:
        """Give the texts (n,)."""
        count = len(self.labels)
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
        plan: Plan,
        treatment: Treatment,
        domains: int,
        domain_of: Callable[[str], int | None],
        labelled: Sequence[bool],
    ) -> None:
        self.parts = [_Part() for _ in range(domains)]
        self._place, self._outline, self._roles, self._plan = place, outline, roles, plan
        self._drops = treatment.missing == "drop rows"
        used = (roles.label, roles.domain, roles.text, *roles.features)
        self._at = {name: outline.index(name, place) for name in used if name}
        self._domain_of, self._labelled = domain_of, labelled
        self._known_words: dict[str, str] = {}  # so that a word takes memory once
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
        lacking = self._add_text(row, part) if roles.text else self._add_features(row, part)
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

    def _add_features(self, row: list[str], part: _Part) -> str | None:
        """Add a row's features; or where rows are dropped return the name of the first column with nothing there."""
        plan, lacking = self._plan, None
        values, words = [], []
        for name in plan.numbers:
            value = self._number(name, row[self._at[name]])
            lacking = lacking or (name if value is None else None)
            values.append(math.nan if value is None else value)
        for name in plan.words:
            word = row[self._at[name]].strip()
            lacking = lacking or (name if is_missing(word) else None)
            words.append(None if is_missing(word) else self._known_words.setdefault(word, word))
        if lacking and self._drops:
            return lacking
        part.numbers.extend(values)
        part.words.extend(words)
        if sum(len(each.numbers) + len(each.words) for each in self.parts) > _MOST_CELLS:
            raise UserError(
                "“{place}” has more than {most} numbers; choose fewer columns or bring fewer rows.",
                place=short_name(self._place),
                most=_MOST_CELLS,
            )
        return None

    def _number(self, name: str, cell: str) -> float | None:
        date_format = self._plan.date_formats.get(name)
        return to_days(cell, date_format) if date_format else to_number(cell, self._outline.decimal_comma)


def _too_many_rows(place: Path, cut: bool) -> list[Notice]:
    return [Notice(TOO_MANY_ROWS, {"place": short_name(place), "most": settings().table_rows})] if cut else []


def _columns_left_out(place: Path, outline: Outline, roles: Roles, wanted: Roles, treatment: Treatment) -> list[Notice]:
    if roles.text or wanted.features:
        return []
    used = {roles.label, roles.domain, *roles.features}
    spare = [column for column in outline.columns if column.name not in used]
    half = len(outline.rows) / 2
    sparse = [column.name for column in spare if column.cells != "texts" and column.missing > half]
    spare = [column for column in spare if column.name not in sparse and column.cells != "numbers"]
    many = [column.name for column in spare if column.cells == "words" and column.distinct > MOST_WORDS]
    many = many if treatment.words else []
    others = [column.name for column in spare if column.name not in many]
    return [
        Notice(message, {"place": short_name(place), "names": ", ".join(names[:8]), "most": MOST_WORDS})
        for message, names in ((NO_NUMBERS, others), (MANY_WORDS, many), (MOSTLY_MISSING, sparse))
        if names
    ]
