"""Judge by its first rows what the columns of a table hold: numbers, words, dates or texts."""

from __future__ import annotations

import csv
import io
import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np

from da_core.data.layout import CellKind, Column, Outline
from da_core.data.readers.archive import short_name
from da_core.data.readers.csv_dialect import Dialect
from da_core.data.readers.workbooks import is_parquet
from da_core.errors import UserError

_MOST_COLUMNS = 2000
MOST_NAMES = 12
"""Of columns in a sentence."""
_LARGEST = float(np.finfo(np.float32).max)
_MISSING = {"", "na", "n/a", "#n/a", "nan", "null", "none", "?", "-"}
_DATE = re.compile(
    r"(\d{1,4})[-/.年](\d{1,2})[-/.月](\d{1,4})日?(?:[T ]+(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?)?(?:Z|\+00:00)?"
)
_DATE_FORMATS = ("%Y-%m-%d", "%d-%m-%Y", "%m-%d-%Y")  # of two that fit alike the first
_FIRST_DAY = datetime(2000, 1, 1)
_HEAD = 200  # cells of a column that say how its dates are written
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)
LABEL_NAMES: tuple[set[str], ...] = (
    {"label", "labels", "class", "classes", "target", "标签", "类别"},
    {"category", "sentiment", "outcome", "diagnosis", "species", "类", "类型", "类目", "情感", "评价", "诊断"},
    {"result", "rating", "结果"},
    {"y"},  # it may as well be what goes up beside x
)
"""Names of columns that say which class a row is of, the plainest first."""
DOMAIN_NAMES: tuple[set[str], ...] = (
    {"domain", "域", "领域"},
    {"source", "site", "split", "来源", "门店", "渠道", "批次"},
    {"place", "city", "country", "region", "hospital", "clinic", "centre", "center", "device", "camera", "scanner"}
    | {"sensor", "machine", "lab", "batch", "year", "period", "地点", "城市", "医院", "设备", "年份"},
)
"""Names of columns that say which domain a row is of, the plainest first; at last where or when it was taken."""
TEXT_NAMES = {"text", "sentence", "review", "content", "tweet", "comment", "message", "文本", "评论", "内容", "句子"}


def find_column(name: str, outline: Outline, place: Path) -> int:
    """Return where the column of a name stands. Raises `UserError` if there is none."""
    names = [column.name for column in outline.columns]
    if name not in names:
        raise UserError(
            "“{place}” has no column “{name}”; it has {names}.",
            place=short_name(place),
            name=name,
            names=", ".join(names[:MOST_NAMES]) + (" …" if len(names) > MOST_NAMES else ""),
        )
    return names.index(name)


def is_missing(cell: str) -> bool:
    """Check whether a cell is empty, or has one of the usual signs for that."""
    return cell.strip().lower() in _MISSING


def to_number(cell: str, decimal_comma: bool) -> float:
    """Read a cell as a number that 32 bits can hold; NaN if it is none."""
    cell = cell.strip()
    if decimal_comma:
        cell = cell.replace(",", ".")
    if not _NUMBER.fullmatch(cell):
        return math.nan
    value = float(cell)
    return value if abs(value) <= _LARGEST else math.nan


def find_date_format(cells: Sequence[str]) -> str:
    """Find how dates are written that most of ``cells`` are, as `datetime.strptime` has it; empty if they are none."""
    if sum(_DATE.fullmatch(cell.strip()) is not None for cell in cells[:_HEAD]) <= 0.8 * len(cells[:_HEAD]):
        return ""
    dates = {form: sum(not math.isnan(to_days(cell, form)) for cell in cells[:_HEAD]) for form in _DATE_FORMATS}
    likely = max(dates, key=dates.__getitem__)
    return likely if dates[likely] > 0.8 * len(cells[:_HEAD]) else ""


def to_days(cell: str, date_format: str) -> float:
    """Read a cell as a date, in days since the beginning of 2000; NaN if it is none."""
    parts = _DATE.fullmatch(cell.strip())
    if parts is None:
        return math.nan
    try:
        day = datetime.strptime("-".join(parts.group(1, 2, 3)), date_format)
        hour, minute, second = (int(part or 0) for part in parts.group(4, 5, 6))
        return (day + timedelta(hours=hour, minutes=minute, seconds=second) - _FIRST_DAY) / timedelta(days=1)
    except (ValueError, OverflowError):
        return math.nan


def judge_columns(place: Path, rows: Sequence[Sequence[str]], dialect: Dialect | None) -> Outline:
    """Infer a table's columns from its first rows (``dialect`` None: no text). Raises `UserError` for no table."""
    width = Counter(map(len, rows)).most_common(1)[0][0] if rows else 0
    if width > _MOST_COLUMNS:
        raise UserError(
            "“{place}” has more than {most} columns; bring fewer.", place=short_name(place), most=_MOST_COLUMNS
        )
    even = [row for row in rows if len(row) == width]
    header = (dialect is None and is_parquet(place)) or _has_header(even)
    body = even[header:]
    if not body:
        raise UserError("“{place}” has no rows; a table needs one row per sample.", place=short_name(place))
    comma = dialect is not None and dialect.delimiter != "," and _has_decimal_commas(body)
    names = _unique_names(even[0]) if header else [f"column {number}" for number in range(1, width + 1)]
    columns = (_judge_column(name, cells, comma) for name, cells in zip(names, zip(*body, strict=True), strict=True))
    return Outline(header, comma, tuple(columns), len(body))


def _has_header(rows: Sequence[Sequence[str]]) -> bool:
    """Check that the first row names columns: no number in it, and it is unlike what stands below."""
    if not rows:
        return False
    first, body = rows[0], rows[1:]
    if any(_NUMBER.fullmatch(cell.strip()) for cell in first):
        return False
    lower = {cell.strip().lower() for cell in first}
    if lower & set().union(*LABEL_NAMES, *DOMAIN_NAMES[:2], TEXT_NAMES):
        return True
    return bool(body) and not any(cell and cell in {row[at] for row in body} for at, cell in enumerate(first))


def _has_decimal_commas(rows: Iterable[Sequence[str]]) -> bool:
    cells = [cell.strip() for row in rows for cell in row]
    with_comma = sum("," in cell and bool(_NUMBER.fullmatch(cell.replace(",", "."))) for cell in cells)
    return with_comma > sum("." in cell and bool(_NUMBER.fullmatch(cell)) for cell in cells)


def _unique_names(row: Sequence[str]) -> list[str]:
    """Make column names, each once: what is missing or comes twice gets its place."""
    names: list[str] = []
    for number, cell in enumerate(row, start=1):
        name = " ".join(cell.split())[:80]
        if not name:
            name = f"column {number}"
        names.append(f"{name} ({number})" if name in names else name)
    return names


def _judge_column(name: str, cells: Sequence[str], decimal_comma: bool) -> Column:
    filled = [cell.strip() for cell in cells if not is_missing(cell)]
    numbers = [value for cell in filled if not math.isnan(value := to_number(cell, decimal_comma))]
    date_format = find_date_format(filled)
    kind: CellKind
    if not filled:
        kind = "nothing"
    elif len(numbers) > 0.8 * len(filled):
        kind = "numbers"
    elif date_format:
        kind = "dates"
    elif sum(map(len, filled)) > 25 * len(filled) or _are_sentences(filled):
        kind = "texts"
    else:
        kind = "words"
    counts_up = len(numbers) == len(cells) > 2 and all(b == a + 1 for a, b in pairwise(numbers))
    return Column(name, kind, len(cells) - len(filled), len(set(filled)), date_format, counts_up)


def _are_sentences(cells: Sequence[str]) -> bool:
    return len(set(cells)) > 20 and sum(" " in cell for cell in cells) > len(cells) / 2


def split_names(text: str) -> tuple[str, ...]:
    """Split a line of column names at its commas; a name that has one is quoted, as in CSV."""
    row = next(csv.reader(io.StringIO(text), skipinitialspace=True), [])
    return tuple(name.strip() for name in row if name.strip())


def join_names(names: Iterable[str]) -> str:
    """Join column names to one line, the inverse of `split_names`."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(list(names))
    return line.getvalue()
