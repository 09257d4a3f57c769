"""The screens keep network and data together: other data bring their network, and only those that fit are offered."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from da_core.data.loading import cache
from da_core.settings import settings
from pages.session import keys

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("DA_LAB_DATA_DIR", str(tmp_path))
    settings.cache_clear()
    cache._memory.clear()
    yield
    monkeypatch.undo()
    settings.cache_clear()


def opened(screen: str, **query: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "pages" / "frame.py"), default_timeout=60)
    for name, value in query.items():
        app.query_params[name.replace("__", ".")] = value
    return app.run().switch_page(f"walk/{screen}.py").run()


def offered(app: AppTest) -> list[str]:
    return next(list(one.options) for one in app.radio if one.key == keys.cards("network"))


def test_other_data_bring_their_network_and_a_word_about_it() -> None:
    app = opened("data", data="moons", data__count="100")
    app.button_group(key=keys.AREA).set_value("text").run()
    app.radio(key=keys.cards("data")).set_value("sentiment").run()
    assert not app.exception
    assert app.query_params["network"] == "text_mlp"
    assert [toast.value for toast in app.toast] == ["The network has changed with the data: it takes texts."]


@pytest.mark.slow
def test_a_gallery_of_sentences_and_one_of_sounds() -> None:
    app = opened("data", data="sentiment", data__count="100")
    assert not app.exception
    lists = [one.proto.body for one in app.get("html") if one.proto.body.startswith('<ul class="lab-texts')]
    assert len(lists) == 4  # two classes of two domains
    assert all(body.count("<li>") == 4 for body in lists)
    app = opened("data", data="vowels")
    players = [json.loads(one.proto.json) for one in app.get("bidi_component")]
    assert [len(one["sounds"]) for one in players] == [5] * 20
    assert {one["shape"] for one in players} == {"circle", "diamond"}
    assert all(one["sounds"][0].startswith("data:audio/wav;base64,") for one in players)
    assert players[0]["titles"][0].startswith("Play heed [i] of men: № ")


def test_a_link_without_a_network_gets_the_fitting_one_and_no_other_is_offered() -> None:
    app = opened("network", data="sentiment", data__count="100")
    assert not app.exception
    assert offered(app) == ["Text MLP"]
    assert app.query_params["network"] == "text_mlp"
    assert "Small CNN" in offered(opened("network"))


def test_a_network_that_does_not_take_the_data_is_replaced_and_named() -> None:
    app = opened("network", data="blobs", network="tutorial_cnn")
    assert not app.exception
    assert [note.value for note in app.info] == ["The network Tutorial CNN does not take them, so another is chosen."]
    assert app.query_params["network"] == "mlp"
    assert offered(app)[0] == "MLP"


def test_a_method_that_wants_batch_norm_gets_it_or_says_so() -> None:
    app = opened("method", method="pseudo_labels")
    app.radio(key=keys.cards("method-model-adaptation")).set_value("shot").run()
    assert not app.exception
    assert app.query_params["network.norm"] == "batch"
    assert not app.info
    chosen = opened("method", method="shot", network="tutorial_cnn")
    assert next(note.value for note in chosen.info).startswith("SHOT wants batch normalisation")
