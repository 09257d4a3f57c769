"""The user's own tables: CSV and its relatives. Delimiter, encoding, header and columns are understood by themselves.

A table is streamed: only the cells that are asked for are kept. No cell is ever more than a text or a number.
"""

from __future__ import annotations

import codecs
import csv
import io
import logging
import re
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from da_core.data.readers.archive import OneDomainError, shown
from da_core.data.readers.raw_domain import Labels, RawDomain
from da_core.errors import UserError
from da_core.events import Notice
from da_core.settings import settings

CellKind = Literal["numbers", "words", "texts", "nothing"]

_LOOKED_AT = 1000  # rows that an outline is made from
_MOST_COLUMNS = 2000
_MOST_CELLS = 50_000_000  # numbers of one table in memory
_LONGEST_TEXT = 2000  # characters of one cell that are kept
_TEXT_BYTES = 512 * 2**20
_DELIMITERS = ("\t", ";", ",", "|")
_MISSING = {"", "na", "n/a", "nan", "null", "none", "?", "-"}
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)
_LABEL = {"label", "labels", "class", "classes", "target", "y", "category", "sentiment", "outcome", "diagnosis"}
_LABEL |= {"result", "species", "rating", "标签", "类别", "类", "结果", "诊断"}
_DOMAIN = {"domain", "域", "领域"}
_PLACES = {"site", "place", "city", "country", "region", "hospital", "clinic", "centre", "center", "device", "camera"}
_PLACES |= {"scanner", "sensor", "machine", "lab", "batch", "year", "period"}
_PLACES |= {"地点", "城市", "医院", "设备", "年份", "批次"}
"""Names of columns that tell where or when a row was taken, and so often its domain."""
_TEXT = {"text", "sentence", "review", "content", "tweet", "comment", "message", "文本", "评论", "内容", "句子"}
_ROW_NUMBER = {"", "id", "index", "idx", "row", "编号", "序号"}

ROWS_LEFT_OUT = "{count} rows of “{place}” were left out, because a value in them is missing or no number: {names}."
UNLABELLED_LEFT_OUT = "{count} rows of “{place}” were left out, because they have no label."
NO_DOMAIN_LEFT_OUT = "{count} rows of “{place}” were left out, because they are of other domains."
UNEVEN_LEFT_OUT = "{count} rows of “{place}” were left out, because they have more or fewer cells than the others."
NO_NUMBERS = "Columns of “{place}” were left out, because they hold no numbers: {names}."
MOSTLY_MISSING = "Columns of “{place}” were left out, because most of their values are missing: {names}."
TEXTS_CUT = "{count} texts of “{place}” were cut after {most} characters."
TOO_MANY_ROWS = "“{place}” has more than {most} rows; the others were left out."

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Column:
    """A column, its cells told from the first rows: what they hold, how many are missing, how many differ."""

    name: str
    cells: CellKind
    missing: int
    distinct: int


@dataclass(frozen=True)
class Outline:
    """How a table is written, its columns and its first rows (as texts)."""

    encoding: str
    delimiter: str
    quoted: bool
    header: bool
    decimal_comma: bool
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]

    def named(self, name: str, place: Path) -> int:
        """The number of the column called so. Raises `UserError` if there is none."""
        names = [column.name for column in self.columns]
        if name not in names:
            raise UserError(
                "“{place}” has no column “{name}”; it has {names}.",
                place=shown(place),
                name=name,
                names=", ".join(names[:12]) + (" …" if len(names) > 12 else ""),
            )
        return names.index(name)


@dataclass(frozen=True)
class Roles:
    """Which columns are what: ``text`` or ``features`` make the sample. Empty where there is none."""

    label: str
    domain: str
    text: str
    features: tuple[str, ...]


# How a table is written ----------------------------------------------------------------------------------------------


def is_table(place: Path) -> bool:
    """Whether a file's first bytes are text whose lines have more than one cell."""
    try:
        with place.open("rb") as stream:
            head = stream.read(2**16)
    except OSError:
        return False
    wide = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    if not head or (not wide and any(byte < 32 and byte not in b"\t\n\r\f" for byte in head)):
        return False
    encoding = _encoding(place)
    with _records(place, encoding, _delimiter(place, encoding)) as records:
        return any(len(row) > 1 for row in islice(records, 50))


def outline(place: Path) -> Outline:
    """What a table looks like, told from its beginning. Raises `UserError` for what is no table."""
    encoding = _encoding(place)
    delimiter = _delimiter(place, encoding)
    quoted = delimiter != "\t" or _quotes_close(place, encoding)
    with _records(place, encoding, delimiter, quoted) as records:
        rows = list(islice(records, _LOOKED_AT + 1))
    width = Counter(map(len, rows)).most_common(1)[0][0] if rows else 0
    if width > _MOST_COLUMNS:
        raise UserError("“{place}” has more than {most} columns; bring fewer.", place=shown(place), most=_MOST_COLUMNS)
    even = [row for row in rows if len(row) == width]
    header = _has_header(even)
    body = even[header:]
    if not body:
        raise UserError("“{place}” has no rows; a table needs one line for each sample.", place=shown(place))
    comma = delimiter != "," and _has_decimal_commas(body)
    names = _names(even[0]) if header else [f"column {number}" for number in range(1, width + 1)]
    columns = [_column(name, [row[at] for row in body], comma) for at, name in enumerate(names)]
    return Outline(encoding, delimiter, quoted, header, comma, tuple(columns), tuple(map(tuple, body)))


def _encoding(place: Path) -> str:
    """UTF-8 or UTF-16 where the file says or proves so; else Chinese GB 18030 or Western Windows-1252."""
    with place.open("rb") as stream:
        head = stream.read(2**20)
        if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            block = head
            while block:
                decoder.decode(block)
                block = stream.read(2**20)
            decoder.decode(b"", final=True)
            return "utf-8-sig"
        except UnicodeDecodeError:
            pass
    # both of a common Chinese character's bytes are high ones, which words of Western letters hardly ever have
    foreign = [sign for sign in head.decode("gb18030", errors="ignore") if ord(sign) > 127]
    common = sum(bool(sign.encode("gb2312", errors="ignore")) for sign in foreign)
    return "gb18030" if foreign and common > 0.9 * len(foreign) else "cp1252"


def _delimiter(place: Path, encoding: str) -> str:
    """The sign that parts the first lines into the most cells, as many in each."""

    def fitness(delimiter: str) -> tuple[float, int]:
        with _records(place, encoding, delimiter) as records:
            widths = Counter(len(row) for row in islice(records, 50))
        width, count = widths.most_common(1)[0] if widths else (1, 0)
        return (0.0, 0) if width < 2 else (count / widths.total(), width)

    return max(_DELIMITERS, key=fitness)


def _quotes_close(place: Path, encoding: str) -> bool:
    """Whether a quotation mark that opens a cell also closes one. In a table parted by tabs it is often just a text's,
    and would swallow lines up to the next."""
    with _records(place, encoding, "\t", quoted=False) as records:
        cells = [cell for row in islice(records, _LOOKED_AT) for cell in row if cell.startswith('"')]
    return bool(cells) and all(len(cell) > 1 and cell.endswith('"') for cell in cells)


@contextmanager
def _records(place: Path, encoding: str, delimiter: str, quoted: bool = True) -> Iterator[Iterator[list[str]]]:
    """The rows of a table that are not empty, as lists of cells."""
    try:
        with place.open(encoding=encoding, errors="replace", newline="") as stream:
            quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE
            reader = csv.reader(stream, delimiter=delimiter, quoting=quoting, skipinitialspace=True)
            yield (row for row in reader if any(row))
    except (csv.Error, OSError, UnicodeError) as error:
        _log.info("%s: %r", place, error)
        raise UserError("“{place}” is no table that can be read; save it as CSV.", place=shown(place)) from None


def _has_header(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first row names columns: no number in it, and it is unlike what stands below."""
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


def _names(row: Sequence[str]) -> list[str]:
    """Column names, each once: what is missing or comes twice gets its place."""
    names: list[str] = []
    for number, cell in enumerate(row, start=1):
        name = " ".join(cell.split())[:80]
        if not name:
            name = f"column {number}"
        names.append(f"{name} ({number})" if name in names else name)
    return names


def _column(name: str, cells: Sequence[str], comma: bool) -> Column:
    told = [cell.strip() for cell in cells if not _is_missing(cell)]
    kind: CellKind
    if not told:
        kind = "nothing"
    elif sum(_number(cell, comma) is not None for cell in told) > 0.8 * len(told):
        kind = "numbers"
    elif sum(map(len, told)) > 25 * len(told) or _are_sentences(told):
        kind = "texts"
    else:
        kind = "words"
    return Column(name, kind, len(cells) - len(told), len(set(told)))


def _are_sentences(cells: Sequence[str]) -> bool:
    return len(set(cells)) > 20 and sum(" " in cell for cell in cells) > len(cells) / 2


def _is_missing(cell: str) -> bool:
    return cell.strip().lower() in _MISSING


def _number(cell: str, comma: bool) -> float | None:
    """A cell as a number that 32 bits can hold; None if it is none."""
    cell = cell.strip()
    if comma:
        cell = cell.replace(",", ".")
    if not _NUMBER.fullmatch(cell):
        return None
    value = float(cell)
    return value if abs(value) <= np.finfo(np.float32).max else None


# Which columns are what ----------------------------------------------------------------------------------------------


def roles_of(place: Path, told: Outline, wishes: Roles, *, with_domain: bool, labelled: bool) -> Roles:
    """The columns' roles: as wished, and guessed from names and cells where nothing is.

    ``with_domain``: whether a column has to tell source from target. ``labelled``: whether there must be a label.
    Raises `UserError` where a column is not there or cannot be guessed.
    """
    for name in filter(None, (wishes.domain, wishes.text, *wishes.features)):
        told.named(name, place)
    taken = {wishes.text, wishes.label, wishes.domain, *wishes.features} - {""}
    free = [column for column in told.columns if column.name not in taken]
    domain = wishes.domain if with_domain else ""
    if with_domain and not domain:
        two = [column for column in free if column.cells == "words" and column.distinct == 2]
        several = [column for column in free if 2 <= column.distinct <= 20]
        found = _called(free, _DOMAIN) or _called(several, _PLACES)
        found = found or [column for column in two if column.name.lower() not in _LABEL]
        if len(found) != 1:  # of two that might be it, one is as likely the label
            raise OneDomainError(
                "“{place}” holds one domain; choose the column that says which domain a row belongs to, or bring the "
                "target as a file of its own. It has {names}.",
                place=shown(place),
                names=", ".join(column.name for column in told.columns[:12]),
            )
        domain = found[0].name
    free = [column for column in free if column.name != domain]
    label = wishes.label
    if label and (labelled or label in {column.name for column in told.columns}):
        told.named(label, place)
    elif label:
        label = ""
    else:
        label = _guessed_label(free, len(told.rows))
        if not label and labelled:
            raise UserError(
                "Which column of “{place}” is the label cannot be told; choose it. It has {names}.",
                place=shown(place),
                names=", ".join(column.name for column in told.columns[:12]),
            )
    free = [column for column in free if column.name != label]
    if wishes.text or wishes.features:
        return Roles(label, domain, wishes.text, () if wishes.text else wishes.features)
    texts = [column for column in free if column.cells == "texts"]
    features = tuple(
        column.name
        for column in free
        if column.cells == "numbers"
        and column.missing <= len(told.rows) / 2
        and not (column.name.lower() in _ROW_NUMBER or (column.name.startswith("column ") and _counts_up(told, column)))
    )
    text = _called(texts, _TEXT) or (texts if not features else [])
    if text:
        return Roles(label, domain, text[0].name, ())
    if not features:
        raise UserError(
            "“{place}” has no columns of numbers and none of texts beside the label; choose the columns.",
            place=shown(place),
        )
    return Roles(label, domain, "", features)


def _called(columns: Iterable[Column], names: set[str]) -> list[Column]:
    return [column for column in columns if column.name.lower() in names]


def _guessed_label(columns: Sequence[Column], rows: int) -> str:
    """A column named like a label, else the last of few words, else the last of few numbers; empty if there is none."""
    few = [column for column in columns if 2 <= column.distinct <= min(100, rows / 2)]
    named = _called(few, _LABEL) or _called(columns, _LABEL - {"y"})  # y may as well be what goes up beside x
    words = [column for column in few if column.cells == "words"][-1:]
    numbers = [column for column in few if column.cells == "numbers" and column.distinct <= 20][-1:]
    return next((column.name for column in (*named, *words, *numbers)), "")


def _counts_up(told: Outline, column: Column) -> bool:
    """Whether a column without a name only numbers the rows."""
    at = [one.name for one in told.columns].index(column.name)
    values = [_number(row[at], told.decimal_comma) for row in told.rows]
    return len(values) > 2 and all(b is not None and a is not None and b == a + 1 for a, b in pairwise(values))


# Reading -------------------------------------------------------------------------------------------------------------


def read_table(
    place: Path,
    told: Outline,
    roles: Roles,
    names: Sequence[str],
    keep: Callable[[str], int | None],
    *,
    labelled: Sequence[bool],
) -> list[RawDomain]:
    """The rows of a table as one domain or as several.

    ``keep`` says from a row's cell in the domain column (or an empty text) to which domain it goes, if to any;
    ``names`` are theirs, and ``labelled`` which of them must have labels. Raises `UserError` where a domain is left
    without rows.
    """
    label_at = told.named(roles.label, place) if roles.label else None
    domain_at = told.named(roles.domain, place) if roles.domain else None
    text_at = told.named(roles.text, place) if roles.text else None
    feature_at = [told.named(name, place) for name in roles.features]
    numbers = [array("f") for _ in names]
    texts: list[list[str]] = [[] for _ in names]
    labels: list[Labels] = [[] for _ in names]
    uneven = elsewhere = unlabelled = broken = cut = 0
    guilty: Counter[str] = Counter()
    width, most = len(told.columns), settings().table_rows
    whole = label_at is not None and told.columns[label_at].cells == "numbers"
    more = False
    with _records(place, told.encoding, told.delimiter, told.quoted) as records:
        for count, row in enumerate(islice(records, int(told.header), None)):
            if count == most:
                more = True
                break
            if len(row) != width:
                uneven += 1
                continue
            to = keep(row[domain_at].strip() if domain_at is not None else "")
            if to is None:
                elsewhere += 1
                continue
            label = None if label_at is None or _is_missing(row[label_at]) else _label(row[label_at], told, whole)
            if label is None and labelled[to]:
                unlabelled += 1
                continue
            if text_at is not None:
                text = row[text_at].strip()
                if _is_missing(text):
                    broken += 1
                    guilty[roles.text] += 1
                    continue
                cut += len(text) > _LONGEST_TEXT
                texts[to].append(text[:_LONGEST_TEXT])
            else:
                values = [_number(row[at], told.decimal_comma) for at in feature_at]
                if None in values:
                    broken += 1
                    guilty[roles.features[values.index(None)]] += 1
                    continue
                numbers[to].extend(values)  # type: ignore[arg-type]
                if sum(map(len, numbers)) > _MOST_CELLS:
                    raise UserError(
                        "“{place}” has more than {most} numbers; choose fewer columns or bring fewer rows.",
                        place=shown(place),
                        most=_MOST_CELLS,
                    )
            labels[to].append(label)
    about = {"place": shown(place)}
    told_of = [
        Notice(TOO_MANY_ROWS, {**about, "most": most}) if more else None,
        _counted(UNEVEN_LEFT_OUT, uneven, about),
        _counted(NO_DOMAIN_LEFT_OUT, elsewhere, about),
        _counted(UNLABELLED_LEFT_OUT, unlabelled, about),
        _counted(ROWS_LEFT_OUT, broken, about | {"names": ", ".join(list(guilty)[:5])}),
        _counted(TEXTS_CUT, cut, about | {"most": _LONGEST_TEXT}),
    ]
    notices = [notice for notice in told_of if notice is not None] + _columns_left_out(told, roles, about)
    found = []
    for number, name in enumerate(names):
        if not labels[number]:
            raise UserError(
                "“{place}” has no row that can be used for the domain {name}: every one has something missing.",
                place=shown(place),
                name=name,
            )
        X: NDArray[Any] = (
            _texts(texts[number])
            if text_at is not None
            else np.frombuffer(numbers[number], np.float32).reshape(len(labels[number]), len(feature_at))
        )
        found.append(RawDomain(name, X, labels[number], None, notices if number == 0 else [], roles.features))
    return found


def domain_values(place: Path, told: Outline, column: str) -> list[str]:
    """The values of a domain column in the order of their first coming, of the whole table."""
    at = told.named(column, place)
    with _records(place, told.encoding, told.delimiter, told.quoted) as records:
        rows = islice(records, int(told.header), settings().table_rows)
        found = dict.fromkeys(row[at].strip() for row in rows if len(row) == len(told.columns))
    return [value for value in found if not _is_missing(value)]


def _label(cell: str, told: Outline, whole: bool) -> str:
    """A label's name; a number is written in one way, so that 1 and 1.0 are one class."""
    value = _number(cell, told.decimal_comma) if whole else None
    return cell.strip() if value is None else f"{value:.12g}"


def _texts(found: list[str]) -> NDArray[np.str_]:
    """(n,) str. NumPy gives every text the room of the longest, so that many are cut shorter than a few."""
    return np.array(found, dtype=f"U{max(1, min(max(map(len, found)), _TEXT_BYTES // (4 * len(found))))}")


def _counted(message: str, count: int, values: dict[str, Any]) -> Notice | None:
    return Notice(message, {"count": count, **values}) if count else None


def _columns_left_out(told: Outline, roles: Roles, about: dict[str, Any]) -> list[Notice]:
    if roles.text:
        return []
    used = {roles.label, roles.domain, *roles.features}
    spare = [column for column in told.columns if column.name not in used]
    words = [column.name for column in spare if column.cells in ("words", "texts")]
    half = len(told.rows) / 2
    sparse = [column.name for column in spare if column.cells in ("numbers", "nothing") and column.missing > half]
    return [
        Notice(message, about | {"names": ", ".join(names[:8])})
        for message, names in ((NO_NUMBERS, words), (MOSTLY_MISSING, sparse))
        if names
    ]


def split_names(text: str) -> tuple[str, ...]:
    """Column names from one line, parted by commas; a name that has one is quoted, as in CSV."""
    row = next(csv.reader(io.StringIO(text), skipinitialspace=True), [])
    return tuple(name.strip() for name in row if name.strip())


def joined_names(names: Iterable[str]) -> str:
    """The inverse of `split_names`."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(list(names))
    return line.getvalue()
