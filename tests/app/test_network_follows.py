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
from tests.support.lab import visit


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("DA_LAB_DATA_DIR", str(tmp_path))
    settings.cache_clear()
    cache._memory.clear()
    yield
    monkeypatch.undo()
    settings.cache_clear()


def opened(screen: str, **query: str) -> AppTest:
    return visit(f"walk/{screen}.py", **query)


def offered(app: AppTest) -> list[str]:
    return next(list(one.options) for one in app.radio if one.key == keys.cards("network"))


def test_other_data_bring_their_network_and_a_word_about_it() -> None:
    app = opened("data", data="moons", data__count="100")
    app.button_group(key=keys.AREA).set_value("text").run()
    app.radio(key=keys.cards("data")).set_value("sentiment").run()
    assert not app.exception
    assert app.query_params["network"] == "text_mlp"
    assert [toast.value for toast in app.toast] == ["The network was changed to one that accepts texts."]


@pytest.mark.slow
def test_a_gallery_of_sentences_and_one_of_sounds() -> None:
    app = opened("data", data="sentiment", data__count="100")
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
    assert offered(app) == ["Text MLP"]
    assert app.query_params["network"] == "text_mlp"
    assert "Small CNN" in offered(opened("network"))


def test_a_link_with_a_method_that_trains_a_network_gets_one_that_can_be_trained() -> None:
    app = opened("train", data="moons", method="dann")
    assert app.query_params["network"] == "mlp"
    assert "network" not in opened("train", data="street", method="shot").query_params  # what such a link has meant


def test_a_network_that_does_not_take_the_data_is_replaced_and_named() -> None:
    app = opened("network", data="blobs", network="tutorial_cnn")
    taken = "The network Tutorial CNN does not accept them, so another one was chosen."
    assert [note.value for note in app.info] == [taken]
    assert app.query_params["network"] == "mlp"
    assert offered(app)[0] == "MLP"


def test_a_method_that_wants_batch_norm_gets_it_or_says_so() -> None:
    app = opened("method", method="mean_teacher")
    app.radio(key=keys.cards("method-model-adaptation")).set_value("shot").run()
    assert not app.exception
    assert app.query_params["network.norm"] == "batch"
    assert not app.info
    chosen = opened("method", method="shot", network="tutorial_cnn")
    assert next(note.value for note in chosen.info).startswith("SHOT needs batch normalisation")


def test_a_head_has_its_settings_and_the_link_has_them_too() -> None:
    app = opened("network", data="blobs", data__count="100")
    app.button_group(key=keys.HEAD).set_value("svm").run()
    assert not app.exception
    assert app.query_params["head"] == "svm"
    app.select_slider(key=keys.setting("svm", "C")).set_value(10.0).run()
    assert app.query_params["head.C"] == "10.0"
    app.button_group(key=keys.HEAD).set_value("linear").run()
    assert not {"head", "head.C"} & set(app.query_params)


def test_rows_are_prepared_by_a_list_that_the_link_spells_out() -> None:
    app = opened("network", data="blobs", data__count="100")
    steps = app.multiselect(key=keys.PREPARATION)
    assert steps.value == ["0:zscore_source"]
    assert "prepare" not in app.query_params
    steps.set_value(["0:zscore_source", "pca"]).run()
    assert not app.exception
    assert app.query_params["prepare"] == "zscore_source,pca"
    app.number_input(key=keys.setting("pca 2", "size")).set_value(0.9).run()
    assert app.query_params["prepare"] == "zscore_source,pca:0.9"
    app.multiselect(key=keys.PREPARATION).set_value([]).run()
    assert app.query_params["prepare"] == "none"
    app.multiselect(key=keys.PREPARATION).set_value(["zscore_source"]).run()
    assert "prepare" not in app.query_params
    assert not opened("network").multiselect  # pictures are no rows of numbers


def test_scaling_the_shift_away_is_said_where_it_is_chosen_and_where_weights_are() -> None:
    said = "Z-score by each domain: both domains now have the same mean and standard deviation."
    chosen = {"data": "covariate", "data__count": "100", "network": "identity", "prepare": "zscore_domain"}
    for screen, warned in (("network", True), ("method", True)):
        app = opened(screen, **chosen, method="kmm")
        assert any(said in note.value for note in app.warning) == warned
    assert not opened("method", **chosen, method="coral").warning
    assert not opened("method", **(chosen | {"prepare": "zscore_source"}), method="kmm").warning


def test_a_step_that_does_not_exist_is_named_and_nothing_is_taken_over() -> None:
    app = visit(data="blobs", prepare="zscores")
    assert any("no step of preparation “zscores”; did you mean" in note.value for note in app.warning)
    assert "data" not in app.query_params
