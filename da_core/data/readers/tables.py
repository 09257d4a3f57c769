"""Read a user's tables, CSV and its relatives, Excel and Parquet, as a pair of domains.

A table is read once, and streamed: only the cells that are asked for are kept, as numbers from the first.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Collection, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from da_core.data.layout import MOST_WORDS, Layout, Outline, Roles
from da_core.data.readers.archive import short_list, short_name
from da_core.data.readers.column_roles import assign_roles, other_candidates
from da_core.data.readers.columns import find_column, is_missing, judge_columns, to_days, to_number
from da_core.data.readers.csv_dialect import SAMPLED_ROWS, detect_dialect, is_text, read_rows
from da_core.data.readers.domain_choice import choose_domains, target_name
from da_core.data.readers.raw_domain import RawDomain, check_memory
from da_core.data.readers.table_features import Encoded, Treatment, encode_features
from da_core.data.readers.workbooks import is_parquet, read_parquet, read_workbook
from da_core.errors import UserError
from da_core.events import Notice
from da_core.own_names import OwnName
from da_core.settings import settings

if TYPE_CHECKING:
    import pandas as pd

Mask = NDArray[np.bool_]

_MOST_CELLS = 50_000_000  # numbers of one table in memory
_LONGEST_TEXT = 2000  # characters of one cell that are kept
_TEXT_BYTES = 512 * 2**20
_BLOCK = 1000  # rows at a time

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

GUESSES = (OTHER_LABEL, OTHER_DOMAIN)
"""Notices of a table of which it was not said which columns are what."""


def read_two_tables(
    source: Path, target: Path, names: tuple[str, str], chosen: Roles, treatment: Treatment, layout: Layout
) -> tuple[RawDomain, RawDomain]:
    """Read two tables with the same columns as source and target, called ``names``. Raises `UserError`."""

    def roles_of_source(outline: Outline) -> Roles:
        layout.outline, layout.roles = outline, chosen
        layout.roles = assign_roles(source, outline, chosen, with_domain=False, labelled=True, kinds=treatment.kinds)
        return layout.roles

    def roles_of_target(outline: Outline) -> Roles:
        return assign_roles(target, outline, as_source, with_domain=False, labelled=False)

    source_table = read_table(source, roles_of_source)
    (first,), notices = _split_rows(source_table, names[:1], [True], treatment, labelled=True)
    as_source = replace(source_table.roles, domain="")
    target_table = read_table(target, roles_of_target, source_table.plan)
    (second,), more = _split_rows(target_table, names[1:], [True], treatment, labelled=False)
    return _to_domains(source_table, (first, second), names, names, chosen, treatment, [*notices, *more])


def read_mixed_table(
    place: Path, chosen: Roles, source: str, target: str, treatment: Treatment, layout: Layout
) -> tuple[RawDomain, RawDomain]:
    """Read the two domains that a column of one table tells apart, as `choose_domains`. Raises `UserError`."""

    def roles_of(outline: Outline) -> Roles:
        layout.outline, layout.roles = outline, chosen
        layout.roles = assign_roles(place, outline, chosen, with_domain=True, labelled=True, kinds=treatment.kinds)
        return layout.roles

    table = read_table(place, roles_of, only={source, target} if source and target else None)
    layout.domains = tuple(table.values)
    source_name, targets = choose_domains(table.values, source, target, short_name(place))
    names = (OwnName(source_name), target_name(targets))
    masks = [table.domains.isin(values).to_numpy() for values in ([source_name], targets)]
    parts, notices = _split_rows(table, names, masks, treatment, labelled=masks[0])
    return _to_domains(table, tuple(parts), names, (source_name, ", ".join(targets)), chosen, treatment, notices)


@dataclass(frozen=True)
class Plan:
    """The columns of features that are read as ``numbers`` and as ``words``, and the formats of dates."""

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


@dataclass
class TableRows:
    """A table as it was read: of each row (n,) that is as long as most its domain, its label and its sample.

    ``samples`` (n, p) are numbers and words or one text, with NaN or None where a cell is missing; ``values`` are those
    of the domain column in the order of their first coming; ``uneven`` and ``elsewhere`` count the rows of another
    length and of domains that nobody wants, and ``cut`` says whether there were too many rows.
    """

    place: Path
    outline: Outline
    roles: Roles
    plan: Plan
    domains: pd.Series[Any]
    labels: pd.Series[Any]
    samples: pd.DataFrame
    values: list[str]
    uneven: int
    elsewhere: int
    cut: bool


def read_table(
    place: Path,
    roles_of: Callable[[Outline], Roles],
    plan: Plan | None = None,
    only: Collection[str] | None = None,
) -> TableRows:
    """Read a table once, from its first row to its last.

    ``roles_of`` says which columns are what, ``plan`` how they are read if not by what they hold, and ``only`` which
    domains are kept. Raises `UserError`.
    """
    import pandas as pd

    most = settings().table_rows
    dialect = detect_dialect(place) if is_text(place) else None
    if dialect is not None:
        cells_of_rows = read_rows(place, dialect)
    else:
        cells_of_rows = read_parquet(place) if is_parquet(place) else read_workbook(place)
    with closing(cells_of_rows) as lines:
        rows = filter(any, islice(lines, 2 * most + 2))  # a file that is mostly line ends costs no more than a table
        head = list(islice(rows, SAMPLED_ROWS + 1))
        outline = judge_columns(place, head, dialect)
        roles = roles_of(outline)
        plan = plan or Plan.of(outline, roles)
        cells = _cells(place, outline, roles, plan)
        columns: list[list[NDArray[Any]]] = [[np.empty(0, cell.dtype)] for cell in cells]
        values: dict[str, None] = {}
        uneven = elsewhere = count = 0
        body = chain(head[outline.header :], rows)
        first = islice(body, most)
        while block := list(islice(first, _BLOCK)):
            even = [row for row in block if len(row) == len(outline.columns)]
            kept_rows = even
            if (at := cells[0].at) is not None:
                values |= dict.fromkeys(row[at].strip() for row in even)
                kept = only or {value for value in values if not is_missing(value)}
                kept_rows = [row for row in even if row[at].strip() in kept]
            uneven, elsewhere = uneven + len(block) - len(even), elsewhere + len(even) - len(kept_rows)
            count += len(kept_rows)
            if count * (len(cells) - 2) > _MOST_CELLS:
                raise UserError(
                    "“{place}” has more than {most} numbers; choose fewer columns or bring fewer rows.",
                    place=short_name(place),
                    most=_MOST_CELLS,
                )
            for cell, column in zip(cells, columns, strict=True):
                column.append(np.array(cell.read_from(kept_rows), cell.dtype))
        cut = next(chain(body, lines), None) is not None
    domain, label, *parts = (
        pd.Series(np.concatenate(column), dtype=cell.dtype) for cell, column in zip(cells, columns, strict=True)
    )
    samples = pd.DataFrame(dict(zip((cell.name for cell in cells[2:]), parts, strict=True)), index=label.index)
    known = [value for value in values if not is_missing(value)]
    return TableRows(place, outline, roles, plan, domain, label, samples, known, uneven, elsewhere, cut)


class _Cell(NamedTuple):
    """A cell of each row: the place of its column, if there is one, how it is read, and the type that it has then."""

    name: str
    at: int | None
    read: Callable[[str], Any]
    dtype: type = object

    def read_from(self, rows: list[list[str]]) -> list[Any]:
        """Read it from each row; None where it has no column."""
        at, read = self.at, self.read
        return [None] * len(rows) if at is None else [read(row[at].strip()) for row in rows]


def _cells(place: Path, outline: Outline, roles: Roles, plan: Plan) -> list[_Cell]:
    """List the cells of a row that are read: domain, label, then those of the sample."""
    number = partial(to_number, decimal_comma=outline.decimal_comma)

    def number_as_label(cell: str) -> str | None:  # written in one way, so that 1 and 1.0 are one class
        return _word(cell if math.isnan(value := number(cell)) else f"{value:.12g}")

    def place_of(name: str) -> int | None:
        return find_column(name, outline, place) if name else None

    is_number = any(column.name == roles.label and column.cells == "numbers" for column in outline.columns)
    cells = [
        _Cell("", place_of(roles.domain), _word),
        _Cell("", place_of(roles.label), number_as_label if is_number else _word),
    ]
    if roles.text:
        return [*cells, _Cell(roles.text, place_of(roles.text), _text)]
    days = {name: partial(to_days, date_format=form) for name, form in plan.date_formats.items()}
    cells += [_Cell(name, place_of(name), days.get(name, number), np.float32) for name in plan.numbers]
    return cells + [_Cell(name, place_of(name), _word) for name in plan.words]


def _word(cell: str) -> str | None:
    return None if is_missing(cell) else sys.intern(cell)  # so that a word takes memory once


def _text(cell: str) -> str | None:
    return None if is_missing(cell) else cell[: _LONGEST_TEXT + 1]


def _split_rows(
    table: TableRows, names: tuple[str, ...], masks: Sequence[Mask | bool], treatment: Treatment, labelled: Mask | bool
) -> tuple[list[pd.DataFrame], list[Notice]]:
    """Choose the rows of each domain that can be used, and say what was left out.

    ``names`` are the domains', ``masks`` their rows (n,), and ``labelled`` are the rows that must have a label. Raises
    `UserError` where a domain is left without rows.
    """
    place, text = short_name(table.place), table.roles.text
    inside = np.zeros(len(table.labels), np.bool_) | masks[0] | masks[-1]
    unlabelled = labelled & inside & table.labels.isna().to_numpy()
    gaps = table.samples.isna().to_numpy()
    lacking = inside & ~unlabelled & gaps.any(axis=1)
    lacking &= bool(text) or treatment.missing == "drop rows"
    used = inside & ~unlabelled & ~lacking
    first_gaps = dict.fromkeys(table.samples.columns[gaps[lacking].argmax(axis=1)]) if lacking.any() else {}
    long = table.samples[text][used].str.len() > _LONGEST_TEXT if text else np.zeros(0)
    counts: tuple[tuple[str, int, dict[str, Any]], ...] = (
        (TOO_MANY_ROWS, int(table.cut), {"most": settings().table_rows}),
        (UNEVEN_LEFT_OUT, table.uneven, {}),
        (NO_DOMAIN_LEFT_OUT, table.elsewhere + int((~inside).sum()), {}),
        (UNLABELLED_LEFT_OUT, int(unlabelled.sum()), {}),
        (ROWS_LEFT_OUT, int(lacking.sum()), {"names": ", ".join(list(first_gaps)[:5])}),
        (TEXTS_CUT, int(long.sum()), {"most": _LONGEST_TEXT}),
    )
    for name, mask in zip(names, masks, strict=True):
        if not (mask & used).any():
            raise UserError(
                "“{place}” has no usable row in the domain {name}: every row has a missing value.",
                place=place,
                name=name,
            )
    notices = [Notice(message, {"count": count, "place": place} | more) for message, count, more in counts if count]
    samples = table.samples.set_index(table.labels)
    return [samples[mask & used] for mask in masks], notices


def _to_domains(
    table: TableRows,
    parts: tuple[pd.DataFrame, ...],
    names: tuple[str, str],
    domains: tuple[str, str],
    chosen: Roles,
    treatment: Treatment,
    notices: list[Notice],
) -> tuple[RawDomain, RawDomain]:
    """Make the domains of their rows; what is filled in comes from the first one, the source."""
    source, target = parts
    place, plan, roles = table.place, table.plan, table.roles
    notices = [*notices, *_columns_left_out(table, chosen, treatment), *_other_roles(table, chosen)]
    reading: dict[str, Any] = {
        "label": roles.label,
        "domain": roles.domain,
        "source": domains[0],
        "target": domains[1],
        "text": roles.text,
        "features": list(roles.features),
    }
    Xs: NDArray[Any]
    Xt: NDArray[Any]
    columns: list[str] = []
    if roles.text:
        Xs, Xt = (_stack_texts(part[roles.text]) for part in parts)
    else:
        for name, part in zip(names, parts, strict=True):
            _check_filled(part, name, place)
        encoded = encode_features(source, target, plan.numbers, plan.words, treatment.missing)
        check_memory(max(encoded.source.nbytes, encoded.target.nbytes), short_name(place))
        Xs, Xt, columns = encoded.source, encoded.target, encoded.names
        notices += _describe_encoding(encoded, plan, treatment)
        reading |= {"columns": columns, "filled": encoded.filled, "one_hot": encoded.one_hot}
        reading |= {"missing": treatment.missing} if encoded.filled else {}
        reading |= {"dates": list(plan.date_formats)} if plan.date_formats else {}
    own = tuple(map(OwnName, columns))
    read = {name: value for name, value in reading.items() if value}
    first = RawDomain(names[0], Xs, list(source.index), None, notices, own, read)
    return first, RawDomain(names[1], Xt, list(target.index), None, [], own)


def _stack_texts(texts: pd.Series[Any]) -> NDArray[np.str_]:
    """Stack texts (n,), each cut to what is kept of one."""
    # NumPy gives every text the room of the longest, so that many are cut shorter than a few
    room = min(int(texts.str.len().max()), _LONGEST_TEXT, _TEXT_BYTES // (4 * len(texts)))
    return np.array(texts.tolist(), dtype=f"U{max(1, room)}")


def _check_filled(samples: pd.DataFrame, domain: str, place: Path) -> None:
    """Refuse a column of which a domain has no cell: nothing is known there that could be filled in."""
    if lacking := list(samples.columns[samples.isna().all()]):
        raise UserError(
            "In the domain {domain} of “{place}”, {names} have no usable values; choose other columns.",
            domain=domain,
            place=short_name(place),
            names=short_list(lacking),
        )


def _describe_encoding(encoded: Encoded, plan: Plan, treatment: Treatment) -> list[Notice]:
    """Say what became of cells that were no numbers."""
    filled = FILLED if treatment.missing == "median" else FILLED_FREQUENT
    one_hot = [f"{name} ({count})" for name, count in encoded.one_hot.items()]
    changes = (
        (filled, sum(encoded.filled.values()), [f"{name} ({count})" for name, count in encoded.filled.items()]),
        (ONE_HOT, len(one_hot), one_hot),
        (UNKNOWN_WORDS, sum(encoded.unknown.values()), list(encoded.unknown)),
        (DATES, len(plan.date_formats), list(plan.date_formats)),
    )
    return [Notice(message, {"count": count, "names": short_list(names)}) for message, count, names in changes if names]


def _other_roles(table: TableRows, chosen: Roles) -> list[Notice]:
    """Name the columns that would do as well as those that were taken without being asked for."""
    roles = table.roles
    labels, domains = other_candidates(table.outline, roles)
    rows = ((OTHER_LABEL, chosen.label, roles.label, labels), (OTHER_DOMAIN, chosen.domain, roles.domain, domains))
    return [
        Notice(message, {"name": taken, "names": short_list(candidates)})
        for message, choice, taken, candidates in rows
        if taken and candidates and not choice
    ]


def _columns_left_out(table: TableRows, chosen: Roles, treatment: Treatment) -> list[Notice]:
    outline, roles = table.outline, table.roles
    if roles.text or chosen.features:
        return []
    used = {roles.label, roles.domain, *roles.features}
    spare = [column for column in outline.columns if column.name not in used]
    half = outline.rows / 2
    sparse = [column.name for column in spare if column.cells != "texts" and column.missing > half]
    spare = [column for column in spare if column.name not in sparse and column.cells != "numbers"]
    many = [column.name for column in spare if column.cells == "words" and column.distinct > MOST_WORDS]
    many = many if "words" in treatment.kinds else []
    rest = [column.name for column in spare if column.name not in many]
    return [
        Notice(message, {"place": short_name(table.place), "names": ", ".join(names[:8]), "most": MOST_WORDS})
        for message, names in ((NO_NUMBERS, rest), (MANY_WORDS, many), (MOSTLY_MISSING, sparse))
        if names
    ]
