"""Read tables that are no text, the first sheet of an Excel workbook and Parquet, row after row, never as a whole.

A cell becomes the text that it would be in a CSV file, so that all that is known of those holds here.
"""

from __future__ import annotations

import datetime
from collections.abc import Generator, Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

from da_core.data.readers.archive import open_archive, read_head, readable, unpacks_to_more
from da_core.settings import settings

_PARQUET = b"PAR1"
_SHEETS = "xl/workbook.xml"
_STRINGS = "xl/sharedStrings.xml"
_MOST_STRINGS = 200 * 2**20  # bytes of the texts that a workbook keeps apart from its cells
_BATCH = 1000  # rows at a time


def is_parquet(place: Path) -> bool:
    """Tell whether a file begins as Parquet does."""
    return read_head(place) == _PARQUET


def is_workbook(members: Iterable[str]) -> bool:
    """Tell from the files in a zip whether it is an Excel workbook (xlsx)."""
    return _SHEETS in members


def read_workbook(place: Path) -> Generator[list[str], None, None]:
    """Yield the rows of the first sheet that has any, filled up to the first one's width. Raises `UserError`."""
    from openpyxl import load_workbook

    with open_archive(place) as archive:  # its bounds on what is unpacked hold before anything is
        strings = {member.filename: member.file_size for member in archive.infolist()}.get(_STRINGS, 0)
    if strings > _MOST_STRINGS:
        raise unpacks_to_more(place, _MOST_STRINGS)
    width = 0
    with (
        readable(place),
        place.open("rb") as stream,  # of a path openpyxl would look at the ending
        closing(load_workbook(stream, read_only=True, data_only=True, keep_links=False)) as book,
    ):
        for sheet in book.worksheets:
            sheet.reset_dimensions()  # what the file says of its size may be a lie
            for cells in sheet.iter_rows(values_only=True):
                row = [_text(cell) for cell in cells]
                while len(row) > width and not row[-1]:
                    row.pop()
                width = width or len(row)
                yield [*row, *[""] * (width - len(row))]
            if width:
                return


def read_parquet(place: Path) -> Generator[list[str], None, None]:
    """Yield the rows of a Parquet file, its columns' names as the first. Raises `UserError`."""
    import pyarrow.parquet as parquet

    with readable(place), parquet.ParquetFile(place, memory_map=False) as file:
        groups = (file.metadata.row_group(group) for group in range(file.metadata.num_row_groups))
        most = settings().archive_megabytes * 2**20
        if sum(group.total_byte_size for group in groups) > most:
            raise unpacks_to_more(place, most)
        yield list(file.schema_arrow.names)
        for batch in file.iter_batches(batch_size=_BATCH):
            for cells in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                yield [_text(cell) for cell in cells]


def _text(cell: Any) -> str:
    """Write a cell as text: whole numbers without a point, days without the time of midnight."""
    match cell:
        case None:
            return ""
        case float():
            return repr(int(cell)) if cell.is_integer() and abs(cell) < 2**53 else repr(cell)
        case datetime.datetime():
            return cell.isoformat(" ", "seconds").removesuffix(" 00:00:00").partition("+")[0]
        case bytes():
            return cell.decode("utf-8", errors="replace")
        case _:
            return str(cell)
