"""The rows of a table, however it is written: text (CSV and its relatives), an Excel workbook, or Parquet."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from da_core.data.readers import csv_dialect
from da_core.data.readers.csv_dialect import Dialect, Rows
from da_core.data.readers.workbooks import is_parquet, open_parquet, open_workbook


def detect_dialect(place: Path) -> Dialect | None:
    """Infer how a table of text is written; None for one that is no text. Raises `UserError` for what is no table."""
    return csv_dialect.detect_dialect(place) if csv_dialect.is_text(place) else None


@contextmanager
def open_rows(place: Path, dialect: Dialect | None, *, header: bool) -> Iterator[Rows]:
    """Open a table for reading its rows, those below its first one if that is a ``header``. Raises `UserError`."""
    if dialect is not None:
        with csv_dialect.open_rows(place, dialect, header=header) as rows:
            yield rows
        return
    with (open_parquet if is_parquet(place) else open_workbook)(place) as cells:
        yield Rows(cells, header)
