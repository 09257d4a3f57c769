"""CSV that a spreadsheet opens as it is: UTF-8 with a byte order mark, and no cell that is computed."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def to_csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """Write a table as a file's bytes. Texts that a stranger chose need `escape_formula` first."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode("utf-8-sig")


def escape_formula(cell: str) -> str:
    """Put an apostrophe before a text that a spreadsheet would compute, as OWASP advises."""
    return "'" + cell if cell.startswith(_FORMULA) else cell
