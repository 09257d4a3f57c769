"""The user's own tables: how they are written, which columns are what, what is missing."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings

from da_core.data.pair import UNKNOWN, DomainPair
from da_core.data.readers import columns, tables
from da_core.errors import UserError
from tests.support.own_places import complaint, load

FEW = 1000
Limit = Callable[[str, int], None]


def table(place: Path, text: str, encoding: str = "utf-8") -> Path:
    place.write_bytes(text.encode(encoding))
    return place


def rows(shift: float = 0, count: int = 12, delimiter: str = ",") -> str:
    lines = [delimiter.join(("width", "height", "label"))]
    lines += [delimiter.join((str(n + shift), str(n * n / 2), "cat" if n % 2 else "dog")) for n in range(count)]
    return "\n".join(lines) + "\n"


# How it is written ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_delimiters_and_encodings_are_understood(tmp_path: Path, delimiter: str, encoding: str) -> None:
    text = rows(delimiter=delimiter).replace("dog", "Bär").replace("cat", "naïf")
    pair = load(table(tmp_path / "a.csv", text, encoding), table(tmp_path / "b.txt", text, encoding))
    assert pair.classes == ("Bär", "naïf")
    assert pair.columns == ("width", "height")
    np.testing.assert_array_equal(pair.source.X, [[n, n * n / 2] for n in range(12)])


def test_chinese_as_older_spreadsheets_write_it(tmp_path: Path) -> None:
    text = rows().replace("dog", "狗").replace("cat", "猫").replace("label", "类别")
    pair = load(*(table(tmp_path / f"{name}.csv", text, "gb18030") for name in "ab"))
    assert set(pair.classes) == {"狗", "猫"}


def test_numbers_with_decimal_commas(tmp_path: Path) -> None:
    text = "a;b;label\n" + "".join(f"{n},5;{n};{'xy'[n % 2]}\n" for n in range(8))
    pair = load(*(table(tmp_path / f"{name}.csv", text) for name in "ab"))
    np.testing.assert_array_equal(pair.source.X[:, 0], np.arange(8) + 0.5)


def test_a_table_without_a_header(tmp_path: Path) -> None:
    text = rows().split("\n", 1)[1]
    pair = load(table(tmp_path / "a.csv", text), table(tmp_path / "b.csv", text))
    outline = pair.layout.outline
    assert not outline.header
    assert [column.name for column in outline.columns] == ["column 1", "column 2", "column 3"]
    assert len(pair.source) == 12


def test_a_quotation_mark_in_a_tweet_swallows_nothing(tmp_path: Path) -> None:
    text = "".join(f'"so good, said nobody {n}\t{"no" if n % 2 else "yes"}\n' for n in range(10))
    pair = load(*(table(tmp_path / f"{name}.tsv", text) for name in "ab"), text="column 1")
    assert (len(pair.source), pair.classes) == (10, ("no", "yes"))
    assert pair.source.X[0] == '"so good, said nobody 0'


def test_quoted_cells_may_have_commas_quotes_and_line_breaks(tmp_path: Path) -> None:
    text = (
        'text,label\n"one, two\nand ""three"" are quite a few words here",yes\n"short, but long enough for a text",no\n'
    )
    pair = load(table(tmp_path / "a.csv", text), table(tmp_path / "b.csv", text))
    assert pair.kind == "texts"
    assert pair.source.X[0] == 'one, two\nand "three" are quite a few words here'


# Columns -------------------------------------------------------------------------------------------------------------


def test_one_file_with_a_domain_column_is_as_good_as_two_files(tmp_path: Path) -> None:
    first, second = rows().splitlines(), rows(shift=5).splitlines()
    both = [first[0] + ",place", *(line + ",Paris" for line in first[1:]), *(line + ",Rome" for line in second[1:])]
    one = load(table(tmp_path / "both.csv", "\n".join(both)), domain="place")
    two = load(table(tmp_path / "a.csv", rows()), table(tmp_path / "b.csv", rows(shift=5)))
    assert (one.source.name, one.target.name) == ("Paris", "Rome")
    for ours, theirs in ((one.source, two.source), (one.target, two.target)):
        np.testing.assert_array_equal(ours.X, theirs.X)
        np.testing.assert_array_equal(ours.y, theirs.y)
    turned = load(tmp_path / "both.csv", domain="place", source_domain="Rome")
    np.testing.assert_array_equal(turned.target.X, one.source.X)


def test_one_of_many_domains_against_another_or_all_others(tmp_path: Path) -> None:
    lines = ["x,y,label,site"] + [f"{n},{n},{'ab'[n % 2]},{'rst'[n % 3]}" for n in range(30)]
    place = table(tmp_path / "sites.csv", "\n".join(lines))
    pair = load(place, domain="site", source_domain="s")
    assert (len(pair.source), len(pair.target)) == (10, 20)
    pair = load(place, domain="site", source_domain="s", target_domain="r")
    assert (len(pair.source), len(pair.target)) == (10, 10)
    assert [(n.message, n.values["count"]) for n in pair.notices] == [(tables.NO_DOMAIN_LEFT_OUT, 10)]
    assert complaint(place, domain="site", source_domain="q").values["name"] == "q"


def test_a_column_named_for_where_rows_were_taken_is_the_domain_and_an_outcome_the_label(tmp_path: Path) -> None:
    sites = ["north", "south", "east"]
    text = ["age,dose,site,outcome"]
    text += [f"{20 + n},{n % 5},{sites[n % 3]},{'ill' if n % 2 else 'well'}" for n in range(60)]
    pair = load(table(tmp_path / "trial.csv", "\n".join(text)), source_domain="north")
    assert pair.classes == ("ill", "well")
    assert pair.columns == ("age", "dose")
    assert pair.source.name == "north"


def test_columns_can_be_chosen(tmp_path: Path) -> None:
    lines = ["a,b,c,kind,label"] + [f"{n},{n + 1},{n + 2},{n % 3},{'uv'[n % 2]}" for n in range(30)]
    places = [table(tmp_path / f"{name}.csv", "\n".join(lines)) for name in "st"]
    pair = load(*places, label="kind", features="c, a")
    assert pair.classes == ("0", "1", "2")
    assert pair.columns == ("c", "a")
    np.testing.assert_array_equal(pair.source.X[:, 0] - pair.source.X[:, 1], 2)
    assert complaint(*places, label="size").values["name"] == "size"


def test_a_name_with_a_comma_can_be_chosen() -> None:
    names = ("height, m", "width", 'the "old" one')
    assert columns.split_names(columns.join_names(names)) == names


def test_what_only_numbers_the_rows_is_no_feature(tmp_path: Path) -> None:
    lines = ["id,x,label"] + [f"{n},{n % 7},{'ab'[n % 2]}" for n in range(30)]
    assert load(*(table(tmp_path / f"{name}.csv", "\n".join(lines)) for name in "st")).columns == ("x",)


def test_1_and_1_point_0_are_one_class(tmp_path: Path) -> None:
    whole, point = (f"x,label\n1,{a}\n2,{b}\n3,{a}\n4,{b}\n" for a, b in (("0", "1"), ("0.0", "1.0")))
    assert load(table(tmp_path / "a.csv", whole), table(tmp_path / "b.csv", point)).classes == ("0", "1")


# What is missing -----------------------------------------------------------------------------------------------------


def test_a_target_without_a_label_column_or_with_empty_cells_is_unlabelled(tmp_path: Path) -> None:
    source = table(tmp_path / "a.csv", rows())
    bare = "\n".join(line.rpartition(",")[0] for line in rows(5).splitlines())
    assert (load(source, table(tmp_path / "b.csv", bare)).target.y == UNKNOWN).all()
    some = rows(5).replace("cat", "")
    pair = load(source, table(tmp_path / "c.csv", some))
    assert (pair.target.y == UNKNOWN).sum() == 6
    assert pair.target_labelled


def test_rows_that_cannot_be_used_are_counted_and_their_columns_named(tmp_path: Path) -> None:
    text = rows() + "NA,1,cat\n3,much,dog\n4,5\n6,7,\n"
    pair = load(table(tmp_path / "a.csv", text), table(tmp_path / "b.csv", rows()), missing="drop rows")
    assert len(pair.source) == 12
    told = {notice.message: notice.values for notice in pair.notices}
    assert told[tables.ROWS_LEFT_OUT]["count"] == 2
    assert set(told[tables.ROWS_LEFT_OUT]["names"].split(", ")) == {"width", "height"}
    assert told[tables.UNEVEN_LEFT_OUT]["count"] == 1
    assert told[tables.UNLABELLED_LEFT_OUT]["count"] == 1


def test_columns_without_numbers_and_mostly_empty_ones_are_told(tmp_path: Path) -> None:
    lines = ["x,colour,rare,label"] + [f"{n},{['red', 'blue', 'green'][n % 3]},,{'ab'[n % 2]}" for n in range(12)]
    places = [table(tmp_path / f"{name}.csv", "\n".join(lines)) for name in "st"]
    pair = load(*places, label="label", categories="left out")
    told = {notice.message: notice.values["names"] for notice in pair.notices}
    assert told == {tables.NO_NUMBERS: "colour", tables.MOSTLY_MISSING: "rare"}


# What cannot be used -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("just a line of prose\nand another one\n", "cannot be read here"),
        ("a,b,label\n", "no rows"),
        ("x,label\n,cat\n,dog\n", "no columns of numbers"),
        ("x,label\n1,cat\n2,cat\n3,cat\n", "one class"),
        ("x,y\n1.5,2.5\n2.5,3.1\n3.5,4.7\n", "is the label; choose it"),
        (",".join(["1"] * 3000) + "\n", "columns"),
    ],
)
def test_a_table_that_cannot_be_used_gets_one_sentence(tmp_path: Path, text: str, says: str) -> None:
    assert says in str(complaint(table(tmp_path / "a.csv", text), table(tmp_path / "b.csv", text)))


def test_a_table_beside_pictures_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pictures" / "cat").mkdir(parents=True)
    assert "table" in str(complaint(table(tmp_path / "a.csv", rows()), tmp_path / "pictures"))


def test_cells_are_never_read_as_more_than_text(tmp_path: Path) -> None:
    evil = ["=cmd|' /C calc'!A0", "<script>alert(1)</script>"]
    lines = ["x,label"] + [f"{n},{evil[n % 2]}" for n in range(8)]
    pair = load(*(table(tmp_path / f"{name}.csv", "\n".join(lines)) for name in "st"))
    assert set(pair.classes) == set(evil)


# What has no end -----------------------------------------------------------------------------------------------------


def test_ten_megabytes_of_blank_lines_are_not_parsed(
    tmp_path: Path, limit: Limit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted in lines, blank ones included: over all passes a tenth of those that the file has, at most."""
    limit("table_rows", FEW)
    parsed = 0
    reader = csv.reader

    def counting(lines: Iterator[str], **how: Any) -> Iterator[list[str]]:
        nonlocal parsed
        for row in reader(lines, **how):
            parsed += 1
            yield row

    monkeypatch.setattr(csv, "reader", counting)
    blank = 10 * 2**20
    place = table(tmp_path / "blank.csv", rows(count=40) + "\n" * blank)
    pair = load(place, table(tmp_path / "good.csv", rows(count=40)))
    assert len(pair.source) == 40
    assert [(n.message, n.values["most"]) for n in pair.notices] == [(tables.TOO_MANY_ROWS, FEW)]
    assert parsed < blank / 10


@pytest.mark.parametrize(
    ("text", "kept", "told"),
    [
        (rows(count=FEW - 1).replace("\n", "\n\n"), FEW - 1, []),  # blank lines take no row away
        (rows(count=FEW), FEW, []),
        (rows(count=FEW + 1), FEW, [tables.TOO_MANY_ROWS]),
    ],
)
def test_rows_beyond_the_most_are_left_out_with_a_notice(
    tmp_path: Path, limit: Limit, text: str, kept: int, told: list[str]
) -> None:
    limit("table_rows", FEW)
    pair = load(table(tmp_path / "a.csv", text), table(tmp_path / "b.csv", rows()))
    assert len(pair.source) == kept
    assert [n.message for n in pair.notices] == told


def test_the_delimiter_is_found_in_lines_too_long_for_the_first_look(tmp_path: Path) -> None:
    """Of 1500 columns a line has 10 kB, so that few of them are looked at, and the last of these is cut."""
    lines = [";".join([*(f"{n * n}.{at:05}" for at in range(1500)), "ab"[n % 2]]) for n in range(12)]
    places = [table(tmp_path / f"{name}.csv", "\n".join(lines)) for name in "st"]
    assert load(*places).source.X.shape == (12, 1500)


# Whatever comes ------------------------------------------------------------------------------------------------------

CELLS = st.one_of(
    st.sampled_from(["", "nan", "inf", "-1e999", "1,5", "=1+1", "<b>", '"', "'", "\x00", "\r", "\n", "#", "\ufeff"]),
    st.text(max_size=8),
    st.integers().map(str),
    st.floats().map(str),
)
TABLES = st.lists(st.lists(CELLS, max_size=5), max_size=12)


def test_whatever_a_table_holds_gives_a_pair_or_a_sentence(tmp_path: Path) -> None:
    good, place = table(tmp_path / "good.csv", rows()), tmp_path / "odd.csv"

    @hypothesis_settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
    @given(TABLES, st.sampled_from(",;\t|"), st.sampled_from(["utf-8", "utf-16", "utf-8-sig"]), st.booleans())
    def write(cells: list[list[str]], delimiter: str, encoding: str, with_header: bool) -> None:
        lines = [delimiter.join(("width", "height", "label"))] * with_header + [delimiter.join(row) for row in cells]
        place.write_bytes("\n".join(lines).encode(encoding, "surrogatepass"))
        for pair in ((place, good), (good, place), (place, None)):
            with suppress(UserError):
                assert isinstance(load(*pair), DomainPair)

    write()
