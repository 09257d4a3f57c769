"""The catalogue of data: an area at a time, and each pair says how far adapting brings it."""

from __future__ import annotations

import base64
import re

import pytest
from streamlit.testing.v1 import AppTest

from da_core.data.measured import Figures, figures
from da_core.data.source import AREAS
from da_core.data.sources import sources
from da_core.params import describe
from pages.own_data import catalogue, night_preview
from pages.session import keys
from tests.support.lab import Lab

FIGURES = Figures(0.5, 0.75, 0.9, "dann", "DANN", "small_cnn", 3)


def look_at(app: AppTest, area: str) -> AppTest:
    app.button_group(key=keys.AREA).set_value(area)
    return app.run()


def cards(app: AppTest) -> list[str]:
    return [option for radio in app.radio if radio.key == keys.cards("data") for option in radio.options]


def test_every_source_is_found_in_an_area(lab: Lab) -> None:
    app = lab.screen("data")
    found = set()
    for area in app.button_group(key=keys.AREA).options:
        name = {AREAS[key]: key for key in AREAS}[area]
        found |= set(cards(look_at(app, name)))
    assert found == {source.title for source in sources().values() if source.name != "files"}


def test_looking_around_changes_nothing_until_a_pair_is_chosen(lab: Lab) -> None:
    app = lab.screen("data")
    look_at(app, "points")
    assert app.session_state[keys.EXPERIMENT].data.name == "street"
    app.radio(key=keys.cards("data")).set_value("moons").run()
    assert app.session_state[keys.EXPERIMENT].data.name == "moons"
    assert app.button_group(key=keys.AREA).value == "points"


def test_a_measured_pair_shows_its_figures(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "figures", lambda: {"street": FIGURES})
    app = lab.screen("data")
    (about,) = (caption for radio in app.radio if radio.key == keys.cards("data") for caption in radio.proto.captions)
    assert "source only 50%, best 75%, oracle 90%" in about
    svg = base64.b64decode(re.search(r"oracle 90%\]\(.*base64,([^)]+)\)", about)[1]).decode()
    marks = [float(x) for x in re.findall(r"(?:M|x=\")([\d.]+)", svg)]
    assert {110.0, 193.2} <= set(marks)  # 6 + 208 · .5, 6 + 208 · .9


@pytest.mark.parametrize("name", [name for name in sources() if name != "files"])
def test_a_pair_is_opened_by_its_link_with_its_settings(name: str, lab: Lab) -> None:
    kind = sources()[name].Params
    app = lab.screen("data", data=name)
    assert not app.error
    assert app.radio(key=keys.cards("data")).value == name
    assert app.button_group(key=keys.AREA).value == sources()[name].area
    settings = {hyper.name for hyper in describe(kind) if not hyper.is_text} & set(night_preview.other_settings(kind))
    assert {keys.setting(name, one) for one in settings} <= {element.key for element in app.main}


def test_what_is_moved_by_hand_has_its_way_to_the_playground(lab: Lab) -> None:
    app = lab.screen("data", data="drawn", **{"data.class_moves": "0,0;1,-2"})
    assert "Move it by hand in the playground →" in [link.proto.label for link in app.get("page_link")]


def test_the_kept_figures_make_sense() -> None:
    for name, found in figures().items():
        assert name in sources()
        assert 0 < found.source_only <= 1
        assert found.source_only - 0.05 <= found.best <= found.oracle + 0.15
        assert found.seeds >= 3
