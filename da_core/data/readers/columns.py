"""What the columns of a table are: what their cells hold, and which one is the label, the domain or a feature."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice, pairwise
from pathlib import Path
from typing import Literal

import numpy as np

from da_core.data.readers.archive import OneDomainError, short_list, short_name
from da_core.data.readers.csv_dialect import SAMPLED_ROWS, Dialect
from da_core.data.readers.table_rows import detect_dialect, open_rows
from da_core.data.readers.workbooks import is_parquet
from da_core.errors import UserError

CellKind = Literal["numbers", "words", "dates", "texts", "nothing"]

_MOST_COLUMNS = 2000
_MOST_NAMES = 12  # of columns in a sentence
_LARGEST = float(np.finfo(np.float32).max)
_MISSING = {"", "na", "n/a", "#n/a", "nan", "null", "none", "?", "-"}
_DATE = re.compile(
    r"(\d{1,4})[-/.年](\d{1,2})[-/.月](\d{1,4})日?(?:[T ]+(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?)?(?:Z|\+00:00)?"
)
_DATE_FORMATS = ("%Y-%m-%d", "%d-%m-%Y", "%m-%d-%Y")  # of two that fit alike the first
_FIRST_DAY = datetime(2000, 1, 1)
_HEAD = 200  # cells of a column that say how its dates are written
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)
_LABELS: tuple[set[str], ...] = (
    {"label", "labels", "class", "classes", "target", "标签", "类别"},
    {"category", "sentiment", "outcome", "diagnosis", "species", "类", "类型", "类目", "情感", "评价", "诊断"},
    {"result", "rating", "结果"},
    {"y"},  # it may as well be what goes up beside x
)
"""Names of columns that say which class a row is of, the plainest first."""
_DOMAINS: tuple[set[str], ...] = (
    {"domain", "域", "领域"},
    {"source", "site", "split", "来源", "门店", "渠道", "批次"},
    {"place", "city", "country", "region", "hospital", "clinic", "centre", "center", "device", "camera", "scanner"}
    | {"sensor", "machine", "lab", "batch", "year", "period", "地点", "城市", "医院", "设备", "年份"},
)
"""Names of columns that say which domain a row is of, the plainest first; at last where or when it was taken."""
_TEXT = {"text", "sentence", "review", "content", "tweet", "comment", "message", "文本", "评论", "内容", "句子"}
MOST_WORDS = 20
"""Different words of a column that can become a column each."""
_ROW_NUMBER = {"", "id", "index", "idx", "row", "编号", "序号"}


@dataclass(frozen=True)
class Column:
    """A column, judged by its first rows: what its cells hold, how many are missing, how many differ.

    ``date_format`` is how dates are written, as `datetime.strptime` has it.
    """

    name: str
    cells: CellKind
    missing: int
    distinct: int
    date_format: str = ""

    @property
    def has_few_words(self) -> bool:
        """Whether its words can become a column each."""
        return self.cells == "words" and 2 <= self.distinct <= MOST_WORDS


@dataclass(frozen=True)
class Outline:
    """A table's dialect where it is text, its columns and its first rows (as texts)."""

    dialect: Dialect | None
    header: bool
    decimal_comma: bool
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]

    def index(self, name: str, place: Path) -> int:
        """Find the column of a name. Raises `UserError` if there is none."""
        names = [column.name for column in self.columns]
        if name not in names:
            raise UserError(
                "“{place}” has no column “{name}”; it has {names}.",
                place=short_name(place),
                name=name,
                names=", ".join(names[:_MOST_NAMES]) + (" …" if len(names) > _MOST_NAMES else ""),
            )
        return names.index(name)


@dataclass(frozen=True)
class Roles:
    """Which columns are what: ``text`` or ``features`` make the sample. Empty where there is none."""

    label: str
    domain: str
    text: str
    features: tuple[str, ...]


# What a cell holds ---------------------------------------------------------------------------------------------------


def is_missing(cell: str) -> bool:
    """Check whether a cell is empty, or has one of the usual signs for that."""
    return cell.strip().lower() in _MISSING


def to_number(cell: str, decimal_comma: bool) -> float | None:
    """Read a cell as a number that 32 bits can hold; None if it is none."""
    cell = cell.strip()
    if decimal_comma:
        cell = cell.replace(",", ".")
    if not _NUMBER.fullmatch(cell):
        return None
    value = float(cell)
    return value if abs(value) <= _LARGEST else None


def find_date_format(cells: Sequence[str]) -> str:
    """Find how dates are written that most of ``cells`` are, as `datetime.strptime` has it; empty if they are none."""
    if sum(_DATE.fullmatch(cell.strip()) is not None for cell in cells[:_HEAD]) <= 0.8 * len(cells[:_HEAD]):
        return ""
    dates = {form: sum(to_days(cell, form) is not None for cell in cells[:_HEAD]) for form in _DATE_FORMATS}
    likely = max(dates, key=dates.__getitem__)
    return likely if dates[likely] > 0.8 * len(cells[:_HEAD]) else ""


def to_days(cell: str, date_format: str) -> float | None:
    """Read a cell as a date, in days since the beginning of 2000; None if it is none."""
    parts = _DATE.fullmatch(cell.strip())
    if parts is None:
        return None
    try:
        day = datetime.strptime("-".join(parts.group(1, 2, 3)), date_format)
        hour, minute, second = (int(part or 0) for part in parts.group(4, 5, 6))
        return (day + timedelta(hours=hour, minutes=minute, seconds=second) - _FIRST_DAY) / timedelta(days=1)
    except (ValueError, OverflowError):
        return None


# What a table looks like ---------------------------------------------------------------------------------------------


def read_outline(place: Path) -> Outline:
    """Infer a table's dialect and columns from its beginning. Raises `UserError` for what is no table."""
    dialect = detect_dialect(place)
    with open_rows(place, dialect, header=False) as table:
        rows = list(islice(table, SAMPLED_ROWS + 1))
    width = Counter(map(len, rows)).most_common(1)[0][0] if rows else 0
    if width > _MOST_COLUMNS:
        raise UserError(
            "“{place}” has more than {most} columns; bring fewer.", place=short_name(place), most=_MOST_COLUMNS
        )
    even = [row for row in rows if len(row) == width]
    header = is_parquet(place) or _has_header(even)
    body = even[header:]
    if not body:
        raise UserError("“{place}” has no rows; a table needs one line for each sample.", place=short_name(place))
    comma = dialect is not None and dialect.delimiter != "," and _has_decimal_commas(body)
    names = _unique_names(even[0]) if header else [f"column {number}" for number in range(1, width + 1)]
    columns = [_outline_column(name, [row[at] for row in body], comma) for at, name in enumerate(names)]
    return Outline(dialect, header, comma, tuple(columns), tuple(map(tuple, body)))


def _has_header(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first row names columns: no number in it, and it is unlike what stands below."""
    if not rows:
        return False
    first, body = rows[0], rows[1:]
    if any(_NUMBER.fullmatch(cell.strip()) for cell in first):
        return False
    lower = {cell.strip().lower() for cell in first}
    if lower & set().union(*_LABELS, *_DOMAINS[:2], _TEXT):
        return True
    return bool(body) and not any(cell and cell in {row[at] for row in body} for at, cell in enumerate(first))


def _has_decimal_commas(rows: Iterable[Sequence[str]]) -> bool:
    cells = [cell.strip() for row in rows for cell in row]
    with_comma = sum("," in cell and bool(_NUMBER.fullmatch(cell.replace(",", "."))) for cell in cells)
    return with_comma > sum("." in cell and bool(_NUMBER.fullmatch(cell)) for cell in cells)


def _unique_names(row: Sequence[str]) -> list[str]:
    """Column names, each once: what is missing or comes twice gets its place."""
    names: list[str] = []
    for number, cell in enumerate(row, start=1):
        name = " ".join(cell.split())[:80]
        if not name:
            name = f"column {number}"
        names.append(f"{name} ({number})" if name in names else name)
    return names


def _outline_column(name: str, cells: Sequence[str], decimal_comma: bool) -> Column:
    filled = [cell.strip() for cell in cells if not is_missing(cell)]
    kind: CellKind
    date_format = find_date_format(filled)
    if not filled:
        kind = "nothing"
    elif sum(to_number(cell, decimal_comma) is not None for cell in filled) > 0.8 * len(filled):
        kind = "numbers"
    elif date_format:
        kind = "dates"
    elif sum(map(len, filled)) > 25 * len(filled) or _are_sentences(filled):
        kind = "texts"
    else:
        kind = "words"
    return Column(name, kind, len(cells) - len(filled), len(set(filled)), date_format)


def _are_sentences(cells: Sequence[str]) -> bool:
    return len(set(cells)) > 20 and sum(" " in cell for cell in cells) > len(cells) / 2


# Which columns are what ----------------------------------------------------------------------------------------------


def assign_roles(
    place: Path,
    outline: Outline,
    wanted: Roles,
    *,
    with_domain: bool,
    labelled: bool,
    kinds: Collection[CellKind] = ("numbers", "words", "dates"),
) -> Roles:
    """Decide which columns are what: as ``wanted``, and from names and cells where nothing is.

    ``with_domain``: whether a column has to say which domain a row is of. ``labelled``: whether there must be a label.
    ``kinds``: which columns are taken for features. Raises `UserError` where a column is not there, and where it would
    have to be guessed among several that fit alike: its value ``option`` says which setting decides it.
    """
    for name in filter(None, (wanted.domain, wanted.text, *wanted.features)):
        outline.index(name, place)
    taken = {wanted.text, wanted.label, wanted.domain, *wanted.features} - {""}
    free = [column for column in outline.columns if column.name not in taken]
    domain = wanted.domain if with_domain else ""
    if with_domain and not domain:
        domain = _find_domain(place, outline, free)
    free = _without(free, domain)
    label = _choose_label(place, outline, wanted.label, free, labelled)
    if wanted.text or wanted.features:
        return Roles(label, domain, wanted.text, () if wanted.text else wanted.features)
    text, features = _guess_sample(place, outline, _without(free, label), kinds)
    return Roles(label, domain, text, features)


def other_candidates(outline: Outline, roles: Roles) -> tuple[list[str], list[str]]:
    """List the columns that would do as label, and those that would do as domain, beside the ones that were taken."""
    rows = len(outline.rows)
    spare = [column for column in outline.columns if column.name not in (roles.label, roles.domain, roles.text)]
    labels = [column.name for column in _few_valued(spare, rows) if column.cells == "words" or _rank(column, _LABELS)]
    domains = [column.name for column in spare if column.has_few_words or _rank(column, _DOMAINS)]
    return labels, domains if roles.domain else []


def _find_domain(place: Path, outline: Outline, free: Sequence[Column]) -> str:
    """The column that is plainly the domain: by its name, else as the only one of two words that is no label."""
    free = [column for column in free if not _rank(column, _LABELS)]
    several = [column for column in free if 2 <= column.distinct <= MOST_WORDS]
    named = _plainest(several, _DOMAINS[:2]) or _plainest(free, _DOMAINS[:2])  # a sorted table begins with one domain
    places = _plainest(several, _DOMAINS[2:])
    pairs = _two_valued(column for column in several if column.cells == "words")
    if named:
        likely = _two_valued(named) or named
    elif _two_valued(places) or not pairs:
        likely = _two_valued(places) or places
    else:  # a city beside a column of two words: either may be it
        likely = [*places, *pairs]
    if len(likely) != 1:  # of two that might be it, one is as likely the label
        raise OneDomainError(
            "“{place}” holds one domain; choose the column that says which domain a row belongs to, or bring the "
            "target as a file of its own. It has {names}.",
            place=short_name(place),
            names=_first_names(outline),
            option="domain",
        )
    return likely[0].name


def _choose_label(place: Path, outline: Outline, wanted: str, free: Sequence[Column], labelled: bool) -> str:
    """The wanted label, which may be absent where there need be none; else the one that is plainly it."""
    if wanted:
        if labelled or wanted in {column.name for column in outline.columns}:
            outline.index(wanted, place)
            return wanted
        return ""
    likely = _likely_labels(free, outline)
    if len(likely) == 1:
        return likely[0].name
    if not labelled:
        return ""
    names = [column.name for column in likely]
    if names:
        raise UserError(
            "Which column of “{place}” is the label cannot be told: {names} fit alike; choose it.",
            place=short_name(place),
            names=short_list(names),
            option="label",
        )
    raise UserError(
        "Which column of “{place}” is the label cannot be told; choose it. It has {names}.",
        place=short_name(place),
        names=_first_names(outline),
        option="label",
    )


def _likely_labels(columns: Sequence[Column], outline: Outline) -> list[Column]:
    """The columns that may be the label, those with the plainest name alone where names speak.

    Else those of few words, two rather than many, else of few numbers; of a table without names the last such one.
    """
    few = _few_valued(columns, len(outline.rows))
    named = _plainest(few, _LABELS) or _plainest(columns, _LABELS[:-1])
    if named:
        return named
    words = [column for column in few if column.cells == "words" and not _rank(column, _DOMAINS)]
    numbers = [column for column in few if column.cells == "numbers" and column.distinct <= MOST_WORDS]
    likely = _two_valued(words) or words or numbers
    return likely if outline.header else likely[-1:]


def _few_valued(columns: Iterable[Column], rows: int) -> list[Column]:
    return [column for column in columns if 2 <= column.distinct <= min(100, rows / 2)]


def _two_valued(columns: Iterable[Column]) -> list[Column]:
    return [column for column in columns if column.distinct == 2]


def _plainest(columns: Sequence[Column], names: Sequence[set[str]]) -> list[Column]:
    """The columns whose names speak most plainly, by the ranks of ``names``."""
    ranks = [_rank(column, names) for column in columns]
    best = min(filter(None, ranks), default=0)
    return [column for column, rank in zip(columns, ranks, strict=True) if best and rank == best]


def _rank(column: Column, names: Sequence[set[str]]) -> int:
    """The place, from 1, of the set that has a column's name or its last word (customer_class, 客户类型); else 0."""
    name = column.name.lower()
    last = re.split(r"[\W_]+", name)[-1]
    for rank, group in enumerate(names, start=1):
        if name in group or (last in group and len(last) > 1) or any(_is_chinese_ending(name, word) for word in group):
            return rank
    return 0


def _is_chinese_ending(name: str, word: str) -> bool:
    return len(word) > 1 and not word.isascii() and name.endswith(word)


def _guess_sample(
    place: Path, outline: Outline, free: Sequence[Column], kinds: Collection[CellKind]
) -> tuple[str, tuple[str, ...]]:
    """The column of texts that a sample is, or else its features: columns of ``kinds`` that are mostly there."""
    texts = [column for column in free if column.cells == "texts"]
    usable = [
        column
        for column in free
        if column.cells in kinds
        and (column.cells != "words" or column.has_few_words)
        and column.missing <= len(outline.rows) / 2
        and not _numbers_the_rows(place, outline, column)
    ]
    features = tuple(column.name for column in usable)
    numbers = any(column.cells == "numbers" for column in usable)
    text = _named_like(texts, _TEXT) or (texts if not numbers else [])
    if text:
        return text[0].name, ()
    if not features:
        raise UserError(
            "“{place}” has no columns of numbers, of few words or of texts beside the label; choose the columns.",
            place=short_name(place),
        )
    return "", features


def _numbers_the_rows(place: Path, outline: Outline, column: Column) -> bool:
    """Whether a column says no more than which row it is: by its name, or where it has none, by counting up."""
    if column.name.lower() in _ROW_NUMBER:
        return True
    if not column.name.startswith("column "):
        return False
    at = outline.index(column.name, place)
    values = [to_number(row[at], outline.decimal_comma) for row in outline.rows]
    return len(values) > 2 and all(b is not None and a is not None and b == a + 1 for a, b in pairwise(values))


def _named_like(columns: Iterable[Column], names: set[str]) -> list[Column]:
    return [column for column in columns if column.name.lower() in names]


def _without(columns: Iterable[Column], name: str) -> list[Column]:
    return [column for column in columns if column.name != name]


def _first_names(outline: Outline) -> str:
    return ", ".join(column.name for column in outline.columns[:_MOST_NAMES])


# Names in one line ---------------------------------------------------------------------------------------------------


def split_names(text: str) -> tuple[str, ...]:
    """Split a line of column names at its commas; a name that has one is quoted, as in CSV."""
    row = next(csv.reader(io.StringIO(text), skipinitialspace=True), [])
    return tuple(name.strip() for name in row if name.strip())


def join_names(names: Iterable[str]) -> str:
    """Join column names to one line, the inverse of `split_names`."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(list(names))
    return line.getvalue()
