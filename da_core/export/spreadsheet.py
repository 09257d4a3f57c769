"""Tables as CSV that a spreadsheet opens as they are: UTF-8 with a mark that says so, and no cell that is computed."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def to_csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """A table as a file's bytes. Texts are the caller's to make `harmless`."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode("utf-8-sig")


def harmless(cell: str) -> str:
    """``cell`` so that no spreadsheet computes it: one that looks like a formula gets an apostrophe (OWASP)."""
    return "'" + cell if cell.startswith(_FORMULA) else cell
