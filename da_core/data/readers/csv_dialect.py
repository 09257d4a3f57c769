"""How a table is written: the encoding, delimiter and quotation marks of a CSV file or one of its relatives.

A table is streamed, never held as a whole, and no cell is ever more than a text.
"""

from __future__ import annotations

import codecs
import csv
import io
import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal

from da_core.data.readers.archive import short_name
from da_core.data.readers.text_encoding import looks_chinese
from da_core.errors import UserError
from da_core.settings import settings

SAMPLED_ROWS = 1000
"""Rows at a table's beginning from which everything about it is inferred."""
_HEAD = 2**16  # characters at its beginning from which the delimiter is inferred
_HEAD_ROWS = 50
_DELIMITERS = ("\t", ";", ",", "|")

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Dialect:
    """The file's encoding, its delimiter, and whether a quotation mark opens a cell (or is a sign like any other)."""

    encoding: str
    delimiter: str
    quoted: bool


class Rows(Iterable[list[str]]):
    """The rows of a table below its header, as lists of cells, at most the settings' ``table_rows`` of them.

    Blank ones are passed over, but no more of them than that either: a file that is mostly line ends costs no more
    than a table. Once it has been iterated, ``cut`` says whether there was more.
    """

    def __init__(self, reader: Iterator[list[str]], header: bool) -> None:
        self.cut = False
        self._reader = reader
        self._header = header

    def __iter__(self) -> Iterator[list[str]]:
        most = settings().table_rows
        filled, blank = -int(self._header), 0
        for row in self._reader:
            if any(row):
                filled += 1
            else:
                blank += 1
            if max(filled, blank) > most:
                self.cut = True
                return
            if filled > 0 and any(row):
                yield row


def is_text(place: Path) -> bool:
    """Check whether a file's first bytes are text."""
    try:
        with place.open("rb") as stream:
            head = stream.read(_HEAD)
    except OSError:
        return False
    wide = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return bool(head) and (wide or not any(byte < 32 and byte not in b"\t\n\r\f" for byte in head))


def is_csv(place: Path) -> bool:
    """Check whether a file is text whose first lines have more than one cell."""
    if not is_text(place):
        return False
    with _readable(place):
        text = _read_head(place, _detect_encoding(place))
        return any(len(row) > 1 for row in _rows_of(text, _detect_delimiter(text)))


def detect_dialect(place: Path) -> Dialect:
    """Infer how a table is written from its beginning. Raises `UserError` for what cannot be read."""
    with _readable(place):
        encoding = _detect_encoding(place)
        delimiter = _detect_delimiter(_read_head(place, encoding))
    quoted = delimiter != "\t" or _quotation_marks_close(place, encoding)
    return Dialect(encoding, delimiter, quoted)


@contextmanager
def open_rows(place: Path, dialect: Dialect, *, header: bool) -> Iterator[Rows]:
    """Open a table for reading its rows, those below its first one if that is a ``header``.

    Raises `UserError` for what turns out to be no table.
    """
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if dialect.quoted else csv.QUOTE_NONE
    with _readable(place), place.open(encoding=dialect.encoding, errors="replace", newline="") as stream:
        reader = csv.reader(stream, delimiter=dialect.delimiter, quoting=quoting, skipinitialspace=True)
        yield Rows(reader, header)


@contextmanager
def _readable(place: Path) -> Iterator[None]:
    """Turn whatever goes wrong while a table is read into one sentence."""
    try:
        yield
    except (csv.Error, OSError, UnicodeError) as error:
        _log.info("%s: %r", place, error)
        raise UserError("“{place}” is not a readable table; save it as CSV.", place=short_name(place)) from None


def _detect_encoding(place: Path) -> str:
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
    return "gb18030" if looks_chinese(head) else "cp1252"


def _read_head(place: Path, encoding: str) -> str:
    """The whole lines at a table's beginning; of one whose first line is longer than that, a part of it."""
    with place.open(encoding=encoding, errors="replace", newline="") as stream:
        head = stream.read(_HEAD)
    lines, newline, _cut = head.rpartition("\n") if len(head) == _HEAD else (head, "", "")
    return lines + newline or head


def _rows_of(head: str, delimiter: str) -> Iterator[list[str]]:
    reader = csv.reader(io.StringIO(head, newline=""), delimiter=delimiter, skipinitialspace=True)
    return islice(filter(any, reader), _HEAD_ROWS)


def _detect_delimiter(head: str) -> str:
    """The sign that parts the first lines into the most cells, as many in each."""

    def fitness(delimiter: str) -> tuple[float, int]:
        widths = Counter(map(len, _rows_of(head, delimiter)))
        width, count = widths.most_common(1)[0] if widths else (1, 0)
        return (0.0, 0) if width < 2 else (count / widths.total(), width)

    return max(_DELIMITERS, key=fitness)


def _quotation_marks_close(place: Path, encoding: str) -> bool:
    """Whether a quotation mark that opens a cell also closes one. In a table parted by tabs it is often just a text's,
    and would swallow lines up to the next.
    """
    with open_rows(place, Dialect(encoding, "\t", quoted=False), header=False) as rows:
        cells = [cell for row in islice(rows, SAMPLED_ROWS) for cell in row if cell.startswith('"')]
    return bool(cells) and all(len(cell) > 1 and cell.endswith('"') for cell in cells)
