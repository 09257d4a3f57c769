"""What the columns of a table are: what their cells hold, and which one is the label, the domain or a feature."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path
from typing import Literal

import numpy as np

from da_core.data.readers.archive import OneDomainError, short_name
from da_core.data.readers.csv_dialect import SAMPLED_ROWS, Dialect, detect_dialect, open_rows
from da_core.errors import UserError

CellKind = Literal["numbers", "words", "texts", "nothing"]

_MOST_COLUMNS = 2000
_MOST_NAMES = 12  # of columns in a sentence
_LARGEST = float(np.finfo(np.float32).max)
_MISSING = {"", "na", "n/a", "nan", "null", "none", "?", "-"}
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)
_LABEL = {"label", "labels", "class", "classes", "target", "y", "category", "sentiment", "outcome", "diagnosis"}
_LABEL |= {"result", "species", "rating", "标签", "类别", "类", "结果", "诊断"}
_DOMAIN = {"domain", "域", "领域"}
_PLACES = {"site", "place", "city", "country", "region", "hospital", "clinic", "centre", "center", "device", "camera"}
_PLACES |= {"scanner", "sensor", "machine", "lab", "batch", "year", "period"}
_PLACES |= {"地点", "城市", "医院", "设备", "年份", "批次"}
"""Names of columns that say where or when a row was taken, and so often its domain."""
_TEXT = {"text", "sentence", "review", "content", "tweet", "comment", "message", "文本", "评论", "内容", "句子"}
_ROW_NUMBER = {"", "id", "index", "idx", "row", "编号", "序号"}


@dataclass(frozen=True)
class Column:
    """A column, judged by its first rows: what its cells hold, how many are missing, how many differ."""

    name: str
    cells: CellKind
    missing: int
    distinct: int


@dataclass(frozen=True)
class Outline:
    """A table's dialect, its columns and its first rows (as texts)."""

    dialect: Dialect
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
    header = _has_header(even)
    body = even[header:]
    if not body:
        raise UserError("“{place}” has no rows; a table needs one line for each sample.", place=short_name(place))
    comma = dialect.delimiter != "," and _has_decimal_commas(body)
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
    if lower & (_LABEL | _DOMAIN | _TEXT):
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
    if not filled:
        kind = "nothing"
    elif sum(to_number(cell, decimal_comma) is not None for cell in filled) > 0.8 * len(filled):
        kind = "numbers"
    elif sum(map(len, filled)) > 25 * len(filled) or _are_sentences(filled):
        kind = "texts"
    else:
        kind = "words"
    return Column(name, kind, len(cells) - len(filled), len(set(filled)))


def _are_sentences(cells: Sequence[str]) -> bool:
    return len(set(cells)) > 20 and sum(" " in cell for cell in cells) > len(cells) / 2


# Which columns are what ----------------------------------------------------------------------------------------------


def assign_roles(place: Path, outline: Outline, wanted: Roles, *, with_domain: bool, labelled: bool) -> Roles:
    """Decide which columns are what: as ``wanted``, and guessed from names and cells where nothing is.

    ``with_domain``: whether a column has to say which domain a row is of. ``labelled``: whether there must be a label.
    Raises `UserError` where a column is not there or cannot be guessed.
    """
    for name in filter(None, (wanted.domain, wanted.text, *wanted.features)):
        outline.index(name, place)
    taken = {wanted.text, wanted.label, wanted.domain, *wanted.features} - {""}
    free = [column for column in outline.columns if column.name not in taken]
    domain = wanted.domain if with_domain else ""
    if with_domain and not domain:
        domain = _guess_domain(place, outline, free)
    free = _without(free, domain)
    label = _choose_label(place, outline, wanted.label, free, labelled)
    if wanted.text or wanted.features:
        return Roles(label, domain, wanted.text, () if wanted.text else wanted.features)
    text, features = _guess_sample(place, outline, _without(free, label))
    return Roles(label, domain, text, features)


def _guess_domain(place: Path, outline: Outline, free: Sequence[Column]) -> str:
    """A column named like a domain, else named like a place, else the only one of two words."""
    several = [column for column in free if 2 <= column.distinct <= 20]
    likely = _named_like(free, _DOMAIN) or _named_like(several, _PLACES)
    two = [column for column in free if column.cells == "words" and column.distinct == 2]
    likely = likely or [column for column in two if column.name.lower() not in _LABEL]
    if len(likely) != 1:  # of two that might be it, one is as likely the label
        raise OneDomainError(
            "“{place}” holds one domain; choose the column that says which domain a row belongs to, or bring the "
            "target as a file of its own. It has {names}.",
            place=short_name(place),
            names=_first_names(outline),
        )
    return likely[0].name


def _choose_label(place: Path, outline: Outline, wanted: str, free: Sequence[Column], labelled: bool) -> str:
    """The wanted label, which may be absent where there need be none; else the one that is guessed."""
    if wanted:
        if labelled or wanted in {column.name for column in outline.columns}:
            outline.index(wanted, place)
            return wanted
        return ""
    label = _guess_label(free, len(outline.rows))
    if not label and labelled:
        raise UserError(
            "Which column of “{place}” is the label cannot be told; choose it. It has {names}.",
            place=short_name(place),
            names=_first_names(outline),
        )
    return label


def _guess_label(columns: Sequence[Column], rows: int) -> str:
    """A column named like a label, else the last of few words, else the last of few numbers; empty if there is none."""
    few = [column for column in columns if 2 <= column.distinct <= min(100, rows / 2)]
    named = _named_like(few, _LABEL) or _named_like(columns, _LABEL - {"y"})  # y may as well be what goes up beside x
    words = [column for column in few if column.cells == "words"][-1:]
    numbers = [column for column in few if column.cells == "numbers" and column.distinct <= 20][-1:]
    return next((column.name for column in (*named, *words, *numbers)), "")


def _guess_sample(place: Path, outline: Outline, free: Sequence[Column]) -> tuple[str, tuple[str, ...]]:
    """The column of texts that a sample is, or else its features: the columns of numbers that are mostly there."""
    texts = [column for column in free if column.cells == "texts"]
    features = tuple(
        column.name
        for column in free
        if column.cells == "numbers"
        and column.missing <= len(outline.rows) / 2
        and not _numbers_the_rows(place, outline, column)
    )
    text = _named_like(texts, _TEXT) or (texts if not features else [])
    if text:
        return text[0].name, ()
    if not features:
        raise UserError(
            "“{place}” has no columns of numbers and none of texts beside the label; choose the columns.",
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
