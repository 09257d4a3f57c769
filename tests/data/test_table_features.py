"""Cells that are no numbers: what is missing is filled, words and dates become features, and no row is lost."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from da_core.data.pair import DomainPair
from da_core.data.readers import tables
from da_core.errors import UserError
from tests.support.own_places import load


def planted(tmp_path: Path, rows: int = 600) -> tuple[Path, Path]:
    """Two shops' customers: two columns of words carry the class, numbers hardly do, and 6 % of the cells lack."""
    rng = np.random.default_rng(0)
    places = []
    for name, age in (("old", 40), ("new", 47)):
        kind = rng.integers(2, size=rows)
        table = pd.DataFrame(
            {
                "age": rng.normal(age, 10, rows) + 2 * kind,
                "visits": rng.poisson(3, rows),
                "member": np.where(rng.random(rows) < 0.75, np.array(["no", "yes"])[kind], "maybe"),
                "city": np.where(rng.random(rows) < 0.7, np.array(["Bern", "Oslo"])[kind], "Rome"),
            }
        )
        table = table.mask(rng.random(table.shape) < 0.06)
        table["class"] = np.array(["private", "trade"])[kind]
        table.to_csv(tmp_path / f"{name}.csv", index=False)
        places.append(tmp_path / f"{name}.csv")
    return places[0], places[1]


def accuracy(pair: DomainPair) -> float:
    scale = pair.source.X.std(axis=0) + 1e-6
    classifier = LogisticRegression(max_iter=1000).fit(pair.source.X / scale, pair.source.y)
    return float(classifier.score(pair.target.X / scale, pair.target.y))


def told(pair: DomainPair) -> dict[str, dict[str, object]]:
    return {notice.message: notice.values for notice in pair.notices}


def test_a_table_with_gaps_and_words_loses_no_row_and_gains_by_them(tmp_path: Path) -> None:
    places = planted(tmp_path)
    filled = load(*places)
    assert (len(filled.source), len(filled.target)) == (600, 600)
    bare = load(*places, missing="drop rows", categories="left out")
    assert len(bare.source) < 550
    assert accuracy(filled) > accuracy(bare) + 0.2
    assert set(filled.columns) >= {"age", "age=?", "city=Bern", "city=Oslo", "city=Rome", "city=?", "member=maybe"}
    missing = sum(pd.read_csv(place).isna().sum().sum() for place in places)
    assert told(filled)[tables.FILLED]["count"] == missing
    assert sum(filled.reading["filled"].values()) == missing
    assert filled.reading["one_hot"] == {"member": 4, "city": 4}
    assert filled.reading["missing"] == "median"


def test_what_is_filled_in_comes_from_the_source_alone(tmp_path: Path) -> None:
    source, target = tmp_path / "s.csv", tmp_path / "t.csv"
    source.write_text("x,z,label\n1,1,a\n2,2,b\n9,3,a\n,4,b\n")
    target.write_text("x,z,label\n100,1,a\n200,2,b\n,3,a\n300,4,b\n")
    pair = load(source, target)
    assert pair.columns == ("x", "z", "x=?")
    np.testing.assert_array_equal(pair.source.X[3], [2, 4, 1])
    np.testing.assert_array_equal(pair.target.X[2], [2, 3, 1])
    frequent = load(source, target, missing="most frequent")
    assert frequent.columns == ("x", "z")
    assert frequent.target.X[2, 0] in (1, 2, 9)


def test_numbers_without_gaps_stay_as_they_are(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    X = rng.normal(size=(30, 4)).astype(np.float32)
    table = pd.DataFrame(X, columns=list("abcd")).assign(label=rng.choice(["u", "v"], 30))
    for name in "st":
        table.to_csv(tmp_path / f"{name}.csv", index=False)
    pair = load(tmp_path / "s.csv", tmp_path / "t.csv")
    np.testing.assert_array_equal(pair.source.X, X)
    assert pair.notices == ()


def test_words_that_the_source_lacks_are_counted_and_of_many_the_rarest_share_a_column(tmp_path: Path) -> None:
    lines = ["x,town,label"] + [f"{n},t{n % 19 if n < 60 else n % 4},{'ab'[n % 2]}" for n in range(200)]
    more = ["x,town,label"] + [f"{n},{'elsewhere' if n < 5 else 't1'},{'ab'[n % 2]}" for n in range(20)]
    (tmp_path / "s.csv").write_text("\n".join(lines))
    (tmp_path / "t.csv").write_text("\n".join(more))
    pair = load(tmp_path / "s.csv", tmp_path / "t.csv")
    assert told(pair)[tables.UNKNOWN_WORDS]["count"] == 5
    assert pair.target.X[:5, 1:].sum() == 0
    assert len(pair.columns) == 20


@pytest.mark.parametrize(
    ("written", "days"),
    [
        ("2000-01-03", 2),
        ("2000/1/3 12:00", 2.5),
        ("2000年1月3日", 2),
        ("3.1.2000", 2),
        ("2000-01-03T06:00:00Z", 2.25),
    ],
)
def test_dates_become_days(tmp_path: Path, written: str, days: float) -> None:
    rows = [f"{written if n else written.replace('3', '4', 1)},{n},{'ab'[n % 2]}" for n in range(8)]
    for name in "st":
        (tmp_path / f"{name}.csv").write_text("\n".join(["when,x,label", *rows]), encoding="utf-8")
    pair = load(tmp_path / "s.csv", tmp_path / "t.csv")
    assert pair.columns == ("when", "x")
    np.testing.assert_allclose(pair.source.X[1:, 0], days)
    assert pair.source.X[0, 0] > days
    assert told(pair)[tables.DATES]["names"] == "when"
    assert load(tmp_path / "s.csv", tmp_path / "t.csv", dates="left out").columns == ("x",)


def test_a_column_of_which_a_domain_has_nothing_is_refused(tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text("x,z,label\n1,1,a\n2,2,b\n3,3,a\n4,4,b\n")
    (tmp_path / "t.csv").write_text("x,z,label\n,1,a\n,2,b\n,3,a\n,4,b\n")
    with pytest.raises(UserError, match="x have no usable values"):
        load(tmp_path / "s.csv", tmp_path / "t.csv")
