"""The Train screen: start, watch, steer, and find the run again."""

from __future__ import annotations

import json

import pytest
import torch
from streamlit.testing.v1 import AppTest

from da_core.errors import UserError
from da_core.events import Accuracies
from da_core.experiment import Experiment
from da_core.jobs.queue import queue
from da_core.methods import methods
from da_core.methods.base import DeepAlignment
from da_core.settings import settings
from pages.charts import curves
from pages.charts.loss_terms import TERMS
from pages.session import keys
from tests.support.deep import CLASSES, batch, built, with_features
from tests.support.lab import Lab, button, has, texts


def started(lab: Lab, **query: str) -> tuple[AppTest, str]:
    """Press the button and wait until the script waits for `go`."""
    app = lab.screen("train", **query)
    button(app, "Start training").click().run()
    run = app.query_params["run"]
    run = run[0] if isinstance(run, list) else run
    queue().wait(run, lambda view: view.fraction > 0, 30)
    return app.run(), run


def written(app: AppTest) -> str:
    return " ".join(html.proto.body for html in app.get("html"))


def test_start_shows_stage_time_left_curves_and_numbers_and_cannot_start_twice(lab: Lab) -> None:
    app, _run = started(lab)
    assert not app.exception
    assert button(app, "Training…").disabled
    (bar,) = app.get("progress")
    assert bar.proto.value == 40
    assert "Train source only" in bar.proto.text
    assert "12 sec" in bar.proto.text
    assert "target 50.0%" in texts(app)
    assert button(app, "Keep what it has learned so far").disabled, "it has not begun to adapt"
    assert "<table>" not in written(app), "a table that is shut is not made"
    app.session_state[keys.live_table("curves")] = True
    shown = written(app.run())
    assert "50.0%" in shown.partition("<table>")[2].partition("</table>")[0]
    assert '<span class="lab-news" hidden>Source only has begun.' in shown


def test_news_of_a_phase_change_at_its_quarters_alone() -> None:
    history = [Accuracies("adapt", epoch / 2, {"target": epoch / 100}) for epoch in range(1, 17)]
    told = [curves.newest_quarter(history[:count], "adapt", 8) for count in range(17)]
    quarters = list(dict.fromkeys(one.epoch for one in told if one))
    assert quarters == [2, 4, 6, 8]
    assert told[3] is None


def test_when_it_ends_its_headline_is_there_and_the_way_on_gets_the_focus_if_it_was_watched(lab: Lab) -> None:
    app, run = started(lab)
    assert "focus()" not in written(app)
    lab.go.set()
    lab.wait_for(app, run, "done")
    assert [metric.value for metric in app.metric] == ["50.0%", "80.0%"]
    assert {"See what moved →", "See all results →"} <= {getattr(link, "label", None) for link in app.get("page_link")}
    assert "focus()" in written(app)
    assert "focus()" not in written(app.run()), "once"
    assert "focus()" not in written(lab.screen("train", lab.finish())), "who opens a finished run looks at its top"


def test_stop_ends_in_a_clear_state_with_a_way_to_start_again(lab: Lab) -> None:
    app, run = started(lab)
    assert "will be discarded" in texts(app), "it asks first"
    button(app, "Stop and discard").click().run()
    lab.go.set()
    lab.wait_for(app, run, "cancelled")
    assert "You stopped this run" in texts(app)
    button(app, "Start again").click().run()
    assert app.query_params["run"] != [run]


def test_while_it_trains_it_says_what_happens_and_leads_to_the_lesson(lab: Lab) -> None:
    app, _run = started(lab, method="coral")
    assert "Now the network learns from the source alone" in texts(app)
    assert "How CORAL works →" in [getattr(link, "label", None) for link in app.get("page_link")]
    loss = next(text for text in app.markdown if text.value == "**Loss**")
    assert "labelled source samples" in loss.help


@pytest.mark.parametrize("name", [name for name, of in methods().items() if issubclass(of, DeepAlignment)])
def test_each_loss_term_of_a_deep_method_is_explained(name: str) -> None:
    method = methods()[name]()
    assert isinstance(method, DeepAlignment)
    built(method, 6)
    told = with_features(batch(8, 6), torch.randn(8, 6), torch.randn(8, 6), torch.ones(6, CLASSES))
    assert {term for turn in method.turns() for term in turn.losses(told)} <= TERMS.keys()


def test_pause_offers_resume(lab: Lab) -> None:
    app, _run = started(lab)
    button(app, "Pause").click().run()
    assert has(app, "Resume")
    assert not has(app, "Pause")
    button(app, "Resume").click().run()
    assert has(app, "Pause")


def test_enough_can_be_asked_once(lab: Lab) -> None:
    app, run = started(lab, method="coral")
    button(app, "Keep what it has learned so far").click().run()
    view = queue().view(run)
    assert view is not None
    assert view.finishing_early
    assert button(app, "Keep what it has learned so far").disabled


def test_a_failure_is_told_in_a_sentence_with_a_way_to_start_again(lab: Lab) -> None:
    lab.end = UserError("The GPU ran out of memory; choose a smaller batch or network.")
    app, run = started(lab)
    lab.go.set()
    lab.wait_for(app, run, "failed")
    assert [error.value for error in app.error] == ["The GPU ran out of memory; choose a smaller batch or network."]
    assert has(app, "Start again")


def test_another_visitor_finds_the_run_by_its_link_but_cannot_steer_it(lab: Lab) -> None:
    _app, run = started(lab)
    lab.visitor = "two"
    other = lab.screen("train", run)
    assert all(button(other, label).disabled for label in ("Pause", "Keep what it has learned so far"))
    assert "belongs to another visitor" in texts(other)


def test_a_second_run_waits_and_says_its_place(lab: Lab) -> None:
    started(lab)
    second = lab.screen("train", seed="2")
    button(second, "Start training").click().run()
    (bar,) = second.get("progress")
    assert bar.proto.text == "Waiting: number 1 in the queue · about 15 sec", "as long as the one before says"
    third = lab.screen("train", method="coral")
    button(third, "Start training").click().run()
    (bar,) = third.get("progress")
    assert bar.proto.text == "Waiting: number 2 in the queue · about 25 sec"
    fourth = lab.screen("train", seed="3")
    button(fourth, "Start training").click().run()
    (bar,) = fourth.get("progress")
    assert bar.proto.text == "Waiting: number 3 in the queue.", "nobody has run CORAL here yet"


def limited(monkeypatch: pytest.MonkeyPatch, **limits: str) -> None:
    for name, value in limits.items():
        monkeypatch.setenv(f"DA_LAB_{name.upper()}", value)
    settings.cache_clear()


def test_a_link_with_more_than_the_server_gives_opens_and_says_so(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    limited(monkeypatch, run_epochs="20")
    app = lab.screen("train", **{"training.epochs": "60"})
    sentence = "at most 20 epochs, and here are 60; lower “Epochs” on the screen Network."
    assert [warning.value.endswith(sentence) for warning in app.warning] == [True]
    button(app, "Start training").click().run()
    assert texts(app).count(sentence) == 2
    assert "run" not in app.query_params
    assert not lab.screen("train", **{"training.epochs": "20"}).warning


def test_samples_are_limited_by_what_the_settings_ask_for(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    limited(monkeypatch, run_samples="500")
    app = lab.screen("train", **{"data.count": "800"})
    assert "at most 500 samples of a domain, and here are 800" in app.warning[0].value
    assert not lab.screen("train", **{"data.count": "500"}).warning


@pytest.mark.parametrize(("asked", "high"), [("5", 20), ("60", 60)])
def test_the_form_shows_the_bound(lab: Lab, monkeypatch: pytest.MonkeyPatch, asked: str, high: int) -> None:
    limited(monkeypatch, run_epochs="20")
    app = lab.screen("network", **{"training.epochs": asked})
    (epochs,) = [one for one in app.slider if one.label.startswith("Epochs")]
    assert (epochs.value, epochs.max) == (int(asked), high), "a link's own value can be seen"


def test_a_finished_run_is_found_again_from_its_link_with_the_curves_of_its_epochs(lab: Lab) -> None:
    app = lab.screen("train", lab.finish())
    assert [metric.value for metric in app.metric] == ["50.0%", "80.0%"]
    assert not has(app, "Start training")
    assert "own domain classifier is fooled (52%), the class loss stays low and target accuracy has risen" in texts(app)
    # two epochs of the fifteen that were asked for
    specs = [json.loads(chart.proto.spec) for chart in app.get("vega_lite_chart")]
    assert {tuple(spec["layer"][0]["encoding"]["x"]["scale"]["domain"]) for spec in specs} == {(0, 2)}


def test_a_run_that_is_gone_leaves_the_start_button(lab: Lab) -> None:
    app = lab.screen("train", "0123456789abcdef-01234567")
    assert "not here any more" in texts(app)
    assert not button(app, "Start training").disabled


def test_an_earlier_run_is_shown_as_such_after_a_change(lab: Lab) -> None:
    app = lab.screen("train", lab.finish(experiment=Experiment(seed=1)), seed="2")
    assert "You have changed the experiment" in texts(app)
    assert has(app, "Start training")


def test_a_run_whose_server_was_stopped_stands_as_interrupted_with_its_place() -> None:
    def screen() -> None:
        from datetime import UTC, datetime

        from da_core.experiment import Experiment
        from da_core.jobs.scheduling.run_view import RunView
        from pages.run import live

        now = datetime.now(UTC)
        live._where(RunView("0123456789abcdef-01234567", Experiment(), "queued", 1, now, place=2, interrupted=True))

    (bar,) = AppTest.from_function(screen, default_timeout=60).run().get("progress")
    assert "Interrupted" in bar.proto.text
    assert "number 2" in bar.proto.text
