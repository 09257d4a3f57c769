"""What if: one thing of a finished run is changed, and both stand side by side, while they go and afterwards."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from da_core.events import Change, Finding
from da_core.experiment import Experiment, MethodSpec
from da_core.jobs.queue import queue
from da_core.jobs.store import store
from pages.run import two_runs
from pages.session import keys
from tests.support import made_up_run
from tests.support.lab import Lab, button, drawn, has, texts

CORAL = MethodSpec(name="coral")


def row(lab: Lab, *runs: str, **query: str) -> AppTest:
    """The screen with these runs in its address, which AppTest drops when it changes pages."""
    app = lab.screen("what_if", section="lab", **query)
    app.query_params["row"] = ",".join(runs)
    app.run()
    assert not app.exception
    return app


def asked(app: AppTest) -> list[str]:
    """The runs of the address."""
    told = app.query_params["row"]
    return (told if isinstance(told, str) else told[0]).split(",")


def test_another_method_is_run_beside_a_finished_run_and_both_are_in_the_link(lab: Lab) -> None:
    run = lab.finish()
    app = lab.screen("results", run)
    app.selectbox(key=keys.WHAT_IF_METHOD).set_value("coral").run()
    button(app, "Run side by side").click().run()
    assert not app.exception
    assert app.title[0].value == "What if"
    base, new = asked(app)
    assert base == run
    view = queue().wait(new, lambda view: view.fraction > 0, 30)
    assert view.experiment == Experiment(method=CORAL), "all else is the same"
    app = row(lab, base, new)
    assert "**DANN** :gray[original]" in texts(app)
    assert "**CORAL**" in texts(app)
    assert has(app, "Stop and discard")
    chart = json.loads(app.get("vega_lite_chart")[0].proto.spec)
    assert chart["layer"][0]["encoding"]["color"]["scale"]["domain"] == ["DANN", "CORAL (Source only)"]
    assert [stop["title"] for stop in drawn(app)["stops"]] == ["DANN", "CORAL (source only so far)"]
    lab.go.set()
    queue().wait(new, lambda view: view.state == "done", 30)
    app = row(lab, base, new)
    assert [metric.value for metric in app.metric] == ["80.0%", "80.0%"]
    assert "relative to the first run" in texts(app)
    assert [stop["title"] for stop in drawn(app)["stops"]] == ["DANN", "CORAL"]
    assert len(app.get("plotly_chart")) == 2, "both confusion matrices"


@pytest.mark.parametrize(
    ("kind", "set_it", "expected"),
    [
        ("seed", lambda app: app.number_input(key=keys.WHAT_IF_SEED).set_value(7), {"seed": "7"}),
        ("night", lambda app: app.selectbox(key=keys.WHAT_IF_NIGHT).set_value("hard"), {"data.difficulty": "hard"}),
        (
            "setting",
            lambda app: app.slider(key=keys.setting("what-if-method", "weight")).set_value(0.5),
            {"method.weight": "0.5"},
        ),
    ],
)
def test_one_thing_is_changed_and_nothing_else(lab: Lab, kind: str, set_it, expected: dict[str, str]) -> None:
    app = lab.screen("results", lab.finish())
    app.button_group(key=keys.WHAT_IF_KIND).set_value(kind).run()
    if kind == "setting":
        assert button(app, "Run side by side").disabled, "it is the run's own so far"
        app.selectbox(key=keys.WHAT_IF_SETTING).set_value("method.weight").run()
    set_it(app).run()
    button(app, "Run side by side").click().run()
    assert not app.exception
    view = queue().view(asked(app)[1])
    assert view is not None
    assert view.experiment.to_flat() == Experiment().to_flat() | expected


def test_a_third_and_a_fourth_join_the_row_and_then_it_is_full(lab: Lab) -> None:
    runs = [lab.finish(experiment=Experiment(seed=seed)) for seed in range(3)]
    app = row(lab, *runs)
    assert "**Seed 1**" in texts(app)
    assert has(app, "Run side by side")
    full = row(lab, *runs, lab.finish(experiment=Experiment(method=CORAL)))
    assert not has(full, "Run side by side")
    assert "**CORAL**" in texts(full)


def test_a_link_to_runs_that_are_gone_says_so(lab: Lab) -> None:
    assert "no longer exists" in texts(row(lab, lab.finish(), "0123456789abcdef-01234567"))
    assert "No finished run is open" in texts(lab.screen("what_if", section="lab"))


# What stands behind it ------------------------------------------------------------------------------------------------


def test_the_gain_between_two_runs_is_counted_on_the_samples_that_both_hold_out(lab: Lab) -> None:
    """The second holds out every other sample of the first's, and has all of them right."""
    finished = made_up_run.finished()
    evidence, half = finished.evidence, slice(None, None, 2)
    right = dataclasses.replace(
        evidence,
        target_index=evidence.target_index[half],
        target_label=evidence.target_label[half],
        target_predicted=dict.fromkeys(("before", "after"), evidence.target_label[half]),
        target_probabilities={when: each[half] for when, each in evidence.target_probabilities.items()},
    )
    first = store().load(lab.finish())
    second = store().load(lab.finish(dataclasses.replace(finished, evidence=right), Experiment(seed=1)))
    gained = two_runs.paired_gain(first, second)
    wrong = (evidence.target_predicted["after"] != evidence.target_label)[half]
    assert (gained.count, gained.fixed, gained.broken) == (len(wrong), int(wrong.sum()), 0)
    assert gained.accuracy == pytest.approx(np.mean(wrong))


def test_runs_of_other_labels_are_not_paired(lab: Lab) -> None:
    finished = made_up_run.finished()
    turned = dataclasses.replace(finished.evidence, target_label=(finished.evidence.target_label + 1) % 3)
    first = store().load(lab.finish())
    second = store().load(lab.finish(dataclasses.replace(finished, evidence=turned), Experiment(seed=1)))
    assert two_runs.paired_gain(first, second) is None


def test_a_finding_starts_the_run_that_changes_its_likeliest_reason(lab: Lab) -> None:
    end = made_up_run.finished()
    reasons = (
        Change(reason="Another kind of shift: weights move no sample.", label="CORAL", settings={"method": "coral"}),
        Change(reason="The domains were alike already."),
    )
    finding = Finding(name="no_gain", title="No gain.", evidence="None.", advice="Change one.", changes=reasons)
    result = end.result.model_copy(update={"findings": [finding]})
    run = lab.finish(dataclasses.replace(end, result=result))
    app = lab.screen("results", run)
    said = texts(app)
    assert said.index("weights move no sample") < said.index("The domains were alike already")
    button(app, "CORAL").click().run()
    assert not app.exception
    base, new = asked(app)
    assert base == run
    view = queue().view(new)
    assert view is not None
    assert view.experiment == Experiment(method=CORAL)
