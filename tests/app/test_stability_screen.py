"""The Stability screen: a study is started, watched, found again after a reload, and its seeds are compared."""

from __future__ import annotations

import json

import pytest
from streamlit.testing.v1 import AppTest

from da_core.evaluation.seed_statistics import comparisons
from da_core.experiment import Experiment
from da_core.jobs import background_work
from da_core.jobs.background_work import Studies
from da_core.several_runs.study import Study
from pages.charts.seeds import verdict
from tests.support import made_up_run
from tests.support.lab import Lab, button, end, has, texts


@pytest.fixture(autouse=True)
def fresh_studies(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = Studies()
    monkeypatch.setattr(background_work, "studies", lambda: mine)


def screen(lab: Lab, **query: str) -> AppTest:
    app = lab.screen("train", **query)
    return app.switch_page("lab/stability.py").run()


def test_before_a_study_the_screen_says_what_it_would_do(lab: Lab) -> None:
    app = screen(lab)
    assert "5 runs; finished ones" in texts(app)
    assert not button(app, "Run the study").disabled


def test_a_study_goes_in_the_background_and_is_found_again_by_its_owner(lab: Lab) -> None:
    app = screen(lab)
    app.multiselect[0].set_value(["dann", "coral"])
    app.slider[0].set_value(2)
    button(app.run(), "Run the study").click()
    app.run()
    assert not app.exception
    assert has(app, "Stop")
    assert button(app, "Run the study").disabled
    again = screen(lab)
    assert has(again, "Stop"), "a reload finds it again"
    end(lab, "study")
    done = screen(lab)
    assert not has(done, "Stop")
    table, pairs, between = (one.value for one in done.table)
    assert table.loc["DANN", "Mean"] == "80.0%"
    assert table.loc["Source only", "Mean"] == "50.0%"
    assert pairs.loc["DANN − Source only", "Difference"] == "+30.0 points"
    assert list(pairs.index) == ["DANN − Source only", "CORAL − Source only"]
    assert list(between.index) == ["DANN − CORAL"]
    assert set(pairs["Verdict"]) == {""}, "two seeds are no evidence"
    assert "A verdict needs at least 4 seeds" in texts(done)
    spec = json.loads(done.get("vega_lite_chart")[0].proto.spec)
    assert len(spec["layer"]) == 3


def test_what_a_study_finished_before_it_was_stopped_is_shown(lab: Lab) -> None:
    study = Study.of(Experiment(), ["dann"], 2)
    lab.finish(made_up_run.finished(), study.trials()[0].experiment)
    background_work.studies().start(study, lab.visitor)
    app = screen(lab)
    button(app, "Stop").click().run()
    end(lab, "study")
    app = screen(lab)
    assert "Stopped before the end" in texts(app)
    assert app.table[0].value.loc["DANN", "Seeds"] == "1"
    assert "With at least two seeds" in texts(app)
    button(app, "Continue").click().run()
    end(lab, "study")
    app = screen(lab)
    assert "Stopped before the end" not in texts(app)
    assert app.table[0].value.loc["DANN", "Seeds"] == "2"


@pytest.mark.parametrize(
    ("differences", "says"),
    [
        ([-0.1, -0.2, -0.05, -0.4], "Worse on 4 of 4 seeds; about {needed} seeds would settle it."),
        ([0.10, 0.11, 0.10, 0.11], "Better on 4 of 4 seeds: more than luck."),
        ([0.0, 0.0, 0.0, 0.0], "Better on 0 of 4 seeds; not significant with these seeds."),
        ([0.3, 0.3, 0.3], ""),
    ],
)
def test_the_verdict_counts_seeds_and_says_how_many_would_settle_it(differences: list[float], says: str) -> None:
    (pair,) = comparisons(
        {"a": dict(enumerate(differences)), "b": dict.fromkeys(range(len(differences)), 0.0)}, {"a": "b"}
    )
    assert verdict(pair) == says.format(needed=pair.needed)
