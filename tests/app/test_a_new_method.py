"""Adding a method is adding one file and one lesson: everything else finds it."""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from da_core.cli import main
from da_core.methods import alignment, methods
from da_core.methods.base import FeatureAlignment
from da_core.settings import settings
from da_core.teaching import completeness
from da_core.teaching.films import filming, lesson_films
from da_core.teaching.lessons import lesson_file
from pages.session import keys
from tests.support.lab import visit

METHOD = '''
    from __future__ import annotations

    from da_core import params
    from da_core.methods.base import FeatureAlignment, Labels, Rows
    from da_core.params import hyper


    class Centring(FeatureAlignment):
        """Both domains lose a share of their mean: x → x − βm."""

        title = "Centring"
        summary = "Moves both domains to zero."
        paper = "Nobody 2000, A toy"

        class Params(params.Params):
            share: float = hyper(1.0, ge=0, le=1, symbol="β", title="Share", help="How far to move.")

        def fit(self, Xs: Rows, Xt: Rows, ys: Labels | None = None) -> Centring:
            self.from_source, self.from_target = (self.params.share * X.mean(axis=0) for X in (Xs, Xt))
            return self

        def map_source(self, Xs: Rows) -> Rows:
            return Xs - self.from_source

        def map_target(self, Xt: Rows) -> Rows:
            return Xt - self.from_target
'''
LESSON = """It takes the mean away.

## {0}
$$
x \\mapsto x - \\beta m
$$

| {3} | {4} |
|---|---|
| $\\beta$ | how far |

## {1}
- a
- b

## {2}
- c
- d
"""


@pytest.fixture
def centring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One file in a folder that belongs to the package, and one lesson in each language."""
    (tmp_path / "methods").mkdir()
    (tmp_path / "methods" / "centring.py").write_text(textwrap.dedent(METHOD), encoding="utf-8")
    for language, headings in lesson_file.HEADINGS.items():
        (tmp_path / "lessons" / language).mkdir(parents=True)
        text = LESSON.format(*headings, *lesson_file.TABLE[language])
        (tmp_path / "lessons" / language / "centring.md").write_text(text, encoding="utf-8")
    monkeypatch.setattr(lesson_file, "FOLDER", tmp_path / "lessons")
    monkeypatch.setattr(alignment, "__path__", [*alignment.__path__, str(tmp_path / "methods")])
    monkeypatch.setenv("DA_LAB_DATA_DIR", str(tmp_path / "data"))
    settings.cache_clear()
    methods.cache_clear()
    yield
    sys.modules.pop("da_core.methods.alignment.centring", None)
    vars(alignment).pop("centring", None)
    methods.cache_clear()
    settings.cache_clear()


@pytest.mark.usefixtures("centring")
def test_the_registry_and_the_list_have_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert issubclass(methods()["centring"], FeatureAlignment)
    assert main(["list", "methods", "--json"]) == 0
    listed = {one["name"]: one for one in json.loads(capsys.readouterr().out)}
    assert listed["centring"]["family"] == "alignment"
    assert listed["centring"]["params"]["share"]["symbol"] == "β"


@pytest.mark.usefixtures("centring")
def test_a_run_takes_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(0)
    y = np.arange(60) % 2
    for name, shift in (("source", 0.0), ("target", 3.0)):
        X = rng.normal(size=(60, 2)) * 0.3 + np.c_[2.0 * y, y] + shift
        np.savez(tmp_path / f"{name}.npz", X=X.astype(np.float32), y=y)
    places = ["--source", str(tmp_path / "source.npz"), "--target", str(tmp_path / "target.npz")]
    assert main(["run", *places, "--network", "identity", "--method", "centring", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["source_only"]["target"]["accuracy"] < 0.7
    assert result["adapted"]["target"]["accuracy"] > 0.95
    assert main(["run", *places, "--network", "identity", "--method", "centring", "--set", "method.share=2"]) == 2
    assert "share of centring is 2" in capsys.readouterr().err


@pytest.mark.usefixtures("centring")
def test_the_form_offers_it() -> None:
    at = opened("walk/method.py", method="coral")
    at.radio[1].set_value("centring").run()
    assert not at.exception
    assert at.slider(key=keys.setting("centring", "share")).value == 1.0
    assert at.query_params["method"] == "centring"


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.usefixtures("centring")
def test_its_lesson_opens(language: str) -> None:
    at = opened("learn/lesson.py", lesson="centring", lang=language)
    assert at.title[0].value == "Centring"
    assert any("It takes the mean away." in str(text.value) for text in at.markdown)
    assert any("x \\mapsto x - \\beta m" in str(text.value) for text in at.markdown)
    assert "class Centring(FeatureAlignment)" in at.expander[0].code[0].value
    assert any(one.proto.component_name.endswith("da_lab_playground") for one in at.get("bidi_component")), "its film"


@pytest.mark.usefixtures("centring")
def test_what_it_lacks_is_listed_with_what_mends_it() -> None:
    gaps = completeness.gaps_of_method("centring")
    mended = {gap.what: gap.mend for gap in gaps}
    assert set(mended) == {
        "lesson (zh)",
        "reading of the code",
        "check",
        "translation (zh)",
        "reference page",
        "map of methods",
        "measured figures",
    }
    assert "write assets/lessons/reading/centring.yaml" in mended["reading of the code"]
    assert "“centring:” in assets/lessons/checks.yaml" in mended["check"]
    assert "is in another language" in mended["lesson (zh)"]
    assert "make reference" in mended["reference page"]
    words = " ".join(gap.mend for gap in gaps if gap.what == "translation (zh)")
    assert all(f'"{text}"' in words for text in ("Centring", "Moves both domains to zero.", "How far to move."))


@pytest.mark.usefixtures("centring")
def test_its_film_is_made_without_more(tmp_path: Path) -> None:
    film = filming.film_of(lesson_films.lesson_experiment("centring"))
    assert film.frames[-1].numbers["target"] > film.frames[0].numbers["target"]


def opened(page: str, lesson: str = "", **query: str) -> AppTest:
    return visit(page, {"lesson": lesson} if lesson else None, **query)
