"""Tables that are no text: Excel and Parquet give what the same table as CSV gives, and no more memory than allowed."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from openpyxl import Workbook

from da_core.data.readers import tables
from da_core.errors import UserError
from tests.support.own_places import load

WRITERS: dict[str, Callable[[pd.DataFrame, Path], None]] = {
    "csv": lambda table, place: table.to_csv(place, index=False),
    "xlsx": lambda table, place: table.to_excel(place, index=False),
    "parquet": lambda table, place: table.to_parquet(place, index=False),
}


def shops(rows: int = 40) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "width": rng.normal(size=rows).round(3),
            "count": rng.integers(9, size=rows),
            "paid": rng.random(rows) < 0.5,
            "when": pd.date_range("2024-01-30", periods=rows),
            "类别": rng.choice(["甲", "乙"], rows),
            "domain": ["source", "target"] * (rows // 2),
        }
    )
    table.loc[3, "width"] = np.nan
    return table


def test_excel_and_parquet_give_what_csv_gives(tmp_path: Path) -> None:
    pairs = {}
    for kind, write in WRITERS.items():
        write(shops(), tmp_path / f"shops.{kind}")
        pairs[kind] = load(tmp_path / f"shops.{kind}")
    for kind in ("xlsx", "parquet"):
        assert pairs[kind].columns == pairs["csv"].columns
        assert pairs[kind].classes == ("乙", "甲")
        for ours, theirs in ((pairs[kind].source, pairs["csv"].source), (pairs[kind].target, pairs["csv"].target)):
            np.testing.assert_allclose(ours.X, theirs.X, rtol=1e-6)
            np.testing.assert_array_equal(ours.y, theirs.y)


def test_the_content_says_what_it_is_not_the_name(tmp_path: Path) -> None:
    shops().to_excel(tmp_path / "a.xlsx", index=False)
    (tmp_path / "a.xlsx").rename(tmp_path / "a.zip")
    assert len(load(tmp_path / "a.zip").source) == 20


def test_the_first_sheet_with_rows_is_read_and_short_rows_are_filled_up(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.create_sheet("data")
    sheet.append(["x", "z", "label", "domain"])
    for n in range(12):
        sheet.append([n, None if n == 5 else n * n, "ab"[n % 2], ("source", "target")[n // 2 % 2]])
    sheet.append([1, datetime(2024, 1, 1)])
    book.save(tmp_path / "b.xlsx")
    pair = load(tmp_path / "b.xlsx")
    assert (len(pair.source), len(pair.target)) == (6, 6)
    assert "z=?" in pair.columns or len(pair.columns) == 2


@pytest.mark.parametrize("kind", ["xlsx", "parquet"])
def test_a_huge_sheet_is_cut_with_a_notice(tmp_path: Path, limit: Callable[[str, int], None], kind: str) -> None:
    WRITERS[kind](shops(600), tmp_path / f"a.{kind}")
    limit("table_rows", 100)
    pair = load(tmp_path / f"a.{kind}")
    assert len(pair.source) + len(pair.target) == 100
    assert [n.values["most"] for n in pair.notices if n.message == tables.TOO_MANY_ROWS] == [100]


@pytest.mark.parametrize("kind", ["xlsx", "parquet"])
def test_what_unpacks_to_too_much_is_not_unpacked(tmp_path: Path, limit: Callable[[str, int], None], kind: str) -> None:
    columns = {"xlsx": 5, "parquet": 50}[kind]  # numbers of eight bytes, and of twenty letters with their tags
    numbers = np.random.default_rng(0).normal(size=(5_000, columns))
    WRITERS[kind](pd.DataFrame(numbers).rename(columns=str), tmp_path / f"a.{kind}")
    limit("archive_megabytes", 1)
    with pytest.raises(UserError, match="would unpack to more than 1 MB"):
        load(tmp_path / f"a.{kind}")


def test_a_sheet_that_lies_about_its_size_costs_no_more_than_its_cells(tmp_path: Path) -> None:
    shops().to_excel(tmp_path / "a.xlsx", index=False)
    with zipfile.ZipFile(tmp_path / "a.xlsx") as old, zipfile.ZipFile(tmp_path / "lie.xlsx", "w") as new:
        for member in old.infolist():
            content = old.read(member)
            if member.filename == "xl/worksheets/sheet1.xml":
                content = content.replace(b'ref="A1:F41"', b'ref="A1:XFD1048576"')
                assert b"XFD1048576" in content
            new.writestr(member.filename, content)
    assert load(tmp_path / "lie.xlsx").columns == load(tmp_path / "a.xlsx").columns


def test_a_sheet_that_refers_to_itself_a_billion_times_is_refused(tmp_path: Path) -> None:
    shops().to_excel(tmp_path / "a.xlsx", index=False)
    bomb = '<!DOCTYPE x [<!ENTITY a "lol">' + "".join(
        f'<!ENTITY {name} "{f"&{before};" * 50}">' for before, name in zip("abcdefgh", "bcdefghi", strict=True)
    )
    with zipfile.ZipFile(tmp_path / "a.xlsx") as old, zipfile.ZipFile(tmp_path / "bomb.xlsx", "w") as new:
        for member in old.infolist():
            content = old.read(member).decode() if member.filename.endswith(".xml") else old.read(member)
            if member.filename == "xl/worksheets/sheet1.xml":
                content = bomb + "]>" + str(content).partition("?>")[2].replace("<v>0</v>", "<v>&i;</v>")
            new.writestr(member.filename, content)
    with pytest.raises(UserError):
        load(tmp_path / "bomb.xlsx")
