"""Find the encoding, delimiter and quotation marks of a CSV file or one of its relatives, and read its rows."""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal

from da_core.data.readers.archive import readable
from da_core.data.readers.text_encoding import looks_chinese

SAMPLED_ROWS = 1000
"""Rows at a table's beginning from which everything about it is inferred."""
_HEAD_BYTES = 2**20
_HEAD = 2**16  # characters at its beginning from which the delimiter is inferred
_HEAD_ROWS = 50
_DELIMITERS = ("\t", ";", ",", "|")

NOT_A_TABLE = "“{place}” is not a readable table; save it as CSV."


@dataclass(frozen=True)
class Dialect:
    """The file's encoding, its delimiter, and whether a quotation mark opens a cell (or is a sign like any other)."""

    encoding: str
    delimiter: str
    quoted: bool = True


def is_text(place: Path) -> bool:
    """Check whether a file's first bytes are text."""
    try:
        head = _read_head(place, _HEAD)
    except OSError:
        return False
    wide = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return bool(head) and (wide or not any(byte < 32 and byte not in b"\t\n\r\f" for byte in head))


def is_csv(place: Path) -> bool:
    """Check whether a file is text whose first lines have more than one cell."""
    if not is_text(place):
        return False
    with readable(place, NOT_A_TABLE):
        _encoding, text = _decode_head(place)
        return any(len(row) > 1 for row in _split_head(text, _detect_delimiter(text)))


def detect_dialect(place: Path) -> Dialect:
    """Infer how a table is written. Raises `UserError` for what cannot be read."""
    with readable(place, NOT_A_TABLE):
        encoding, text = _decode_head(place)
        delimiter = _detect_delimiter(text)
        return Dialect(encoding, delimiter, delimiter != "\t" or _quotation_marks_close(place, encoding))


def read_rows(place: Path, dialect: Dialect) -> Generator[list[str], None, None]:
    """Yield every row, blank ones too. Raises `UserError` for what turns out to be no table."""
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if dialect.quoted else csv.QUOTE_NONE
    with readable(place, NOT_A_TABLE), place.open(encoding=dialect.encoding, errors="replace", newline="") as stream:
        yield from csv.reader(stream, delimiter=dialect.delimiter, quoting=quoting, skipinitialspace=True)


def _read_head(place: Path, count: int = _HEAD_BYTES) -> bytes:
    with place.open("rb") as stream:
        return stream.read(count)


def _decode_head(place: Path) -> tuple[str, str]:
    """Detect the encoding, and return the whole lines at a table's beginning, or a part of a very long first one."""
    head = _read_head(place)
    encoding = _detect_encoding(place, head)
    text = head.decode(encoding, errors="replace")[:_HEAD]
    lines, newline, _cut = text.rpartition("\n") if len(text) == _HEAD else (text, "", "")
    return encoding, lines + newline or text


def _detect_encoding(place: Path, head: bytes) -> str:
    """Choose UTF-16 where the file says so, UTF-8 where all of it is that, else a national encoding."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with place.open("rb") as stream:
            while block := stream.read(_HEAD_BYTES):
                decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "gb18030" if looks_chinese(head) else "cp1252"
    return "utf-8-sig"


def _split_head(head: str, delimiter: str) -> Iterator[list[str]]:
    reader = csv.reader(io.StringIO(head, newline=""), delimiter=delimiter, skipinitialspace=True)
    return islice(filter(any, reader), _HEAD_ROWS)


def _detect_delimiter(head: str) -> str:
    """Find the sign that splits the first lines into the most cells, as many in each."""

    def fitness(delimiter: str) -> tuple[float, int]:
        widths = Counter(map(len, _split_head(head, delimiter)))
        width, count = widths.most_common(1)[0] if widths else (1, 0)
        return (0.0, 0) if width < 2 else (count / widths.total(), width)

    return max(_DELIMITERS, key=fitness)


def _quotation_marks_close(place: Path, encoding: str) -> bool:
    """Check that a quotation mark that opens a cell also closes one.

    In a table split by tabs it is often just a text's, and would swallow lines up to the next.
    """
    with place.open(encoding=encoding, errors="replace", newline="") as stream:
        reader = csv.reader(stream, delimiter="\t", quoting=csv.QUOTE_NONE, skipinitialspace=True)
        rows = islice(filter(any, islice(reader, 2 * SAMPLED_ROWS)), SAMPLED_ROWS)
        cells = [cell for row in rows for cell in row if cell.startswith('"')]
    return bool(cells) and all(len(cell) > 1 and cell.endswith('"') for cell in cells)
