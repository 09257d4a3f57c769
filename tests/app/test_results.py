"""The Results screen: the numbers of the run, side by side, and what can be taken home."""

from __future__ import annotations

import csv
import dataclasses
import io
import json

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from da_core.evaluation.metrics import gain
from da_core.events import Finding, Finished, Result
from da_core.experiment import Experiment
from da_core.export.csv_tables import table_csv
from da_core.jobs.store import store
from pages.run import changed_samples
from pages.samples import shown_samples
from pages.session import keys
from tests.support import made_up_run
from tests.support.lab import Lab, has, texts


def html_with(app: AppTest, word: str) -> str:
    return next(body for body in (getattr(html, "body", "") for html in app.get("html")) if word in body)


def figures(app: object) -> list[dict]:
    return [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]  # type: ignore[attr-defined]


def test_a_run_is_told_by_its_headline_tables_pictures_and_files(lab: Lab) -> None:
    app = lab.screen("results", lab.finish())
    assert [metric.value for metric in app.metric] == ["50.0%", "80.0%"]
    assert app.metric[1].delta == "+30.0 points"
    accuracy = app.table[0].value.loc["Accuracy"]
    assert accuracy["Source only"].startswith("50.0%")
    assert accuracy["Adapted"] == "80.0% :gray[62.7 – 90.5%]", "Wilson's interval of 24 of 30"
    assert accuracy["Gain"].startswith("+30.0 points")
    assert "fixed 9 and broke 0" in texts(app)
    assert "No warning sign was found" in texts(app)
    assert {name.replace("\\", "") for name in app.table[2].value.index} == set(made_up_run.CLASSES)
    labels = {getattr(button, "label", None) for button in app.get("download_button")}
    assert {"Table (CSV)", "Results (JSON)", "Experiment (JSON)", "Model (PyTorch)"} <= labels
    before, after, change, *_, reliability = figures(app)
    for figure, right in ((before, "5"), (after, "8")):
        heat = figure["data"][0]
        assert (heat["zmin"], heat["zmax"]) == (0, 1), "in one scale"
        assert heat["text"][0][0] == right
        assert "=SUM(A1)" in heat["y"]
    heat = change["data"][0]
    assert heat["text"][0][:2] == ["+3", "−3"]
    assert heat["z"][0][0] == heat["z"][0][1] == 0.3, "one more right and one less wrong are both better"
    adapted = next(trace for trace in reliability["data"] if trace.get("name") == "Adapted")
    assert (adapted["x"], adapted["y"]) == (pytest.approx([0.7]), pytest.approx([0.8]))


def test_what_became_of_the_source_and_of_a_third_domain_is_told_plainly(lab: Lab) -> None:
    finished = made_up_run.finished()
    result, y = finished.result, made_up_run.pair().source.y
    carried = gain(y, np.where(y == 0, 1, y), y)
    models = {
        name: getattr(result, name).model_copy(update={"third": getattr(result, name).target})
        for name in ("source_only", "adapted")
    }
    third = result.model_copy(update=models | {"gain": result.gain | {"third": carried}})
    app = lab.screen("results", lab.finish(dataclasses.replace(finished, result=third)))
    table = app.table[1].value
    assert list(table.index) == ["Target, held out", "Source, held out", "Third domain, never trained on"]
    assert str(table.loc["Source, held out", "Adapted"]).startswith("100.0%")
    assert "Accuracy on the source did not change significantly" in texts(app)
    assert "accuracy rose by 33.3 points: adapting carries over" in texts(app)


def test_source_only_with_target_batch_norm_stands_between_the_two(lab: Lab) -> None:
    finished = made_up_run.finished()
    with_bn = finished.result.model_copy(update={"source_only_bn": finished.result.adapted})
    app = lab.screen("results", lab.finish(dataclasses.replace(finished, result=with_bn)))
    assert list(app.table[0].value.columns) == ["Source only", "… with target batch norm", "Adapted", "Gain"]


def test_what_adapting_fixed_is_shown_as_pictures_with_what_they_were_taken_for(lab: Lab) -> None:
    run = lab.finish()
    record = store().load(run)
    assert record is not None
    fixed, broken = changed_samples.changed(record)
    assert sorted(fixed) == [5, 6, 7, 15, 16, 17, 25, 26, 27]
    assert len(broken) == 0
    shown_samples.prepare(record).result(30)
    app = lab.screen("results", run)
    sheet = html_with(app, "lab-changed")
    assert sheet.count("<figure>") == 9
    assert "dog → cat" in sheet


def test_a_record_of_before_there_were_intervals_is_still_shown(lab: Lab) -> None:
    finished = made_up_run.finished()
    bare = finished.result.model_dump_json(exclude={"gain", "findings"})
    old = json.loads(bare)
    for model in ("source_only", "adapted"):
        for scores in (old[model]["target"], old[model]["source"]):
            del scores["intervals"], scores["calibration"]
            for one in scores["per_class"]:
                del one["intervals"]
    evidence = dataclasses.replace(finished.evidence, source_probabilities={}, target_probabilities={})
    app = lab.screen("results", lab.finish(Finished(Result.model_validate(old), evidence)))
    assert app.table[0].value.loc["Accuracy", "Adapted"] == "80.0%"


def test_table_is_read_back_with_every_score_and_no_formula() -> None:
    result = made_up_run.finished(oracle=True).result
    rows = list(csv.DictReader(io.StringIO(table_csv(result).decode("utf-8-sig"))))
    macro = {(row["model"], row["domain"]): float(row["accuracy"]) for row in rows if not row["class"]}
    assert [macro[model, "target"] for model in ("source only", "adapted", "oracle")] == [0.5, 0.8, 1.0]
    adapted = next(row for row in rows if (row["model"], row["domain"], row["class"]) == ("adapted", "target", ""))
    for metric, ends in result.adapted.target.intervals.items():
        assert (float(adapted[f"{metric}_low"]), float(adapted[f"{metric}_high"])) == pytest.approx(ends, abs=1e-6)
    assert {row["class"] for row in rows} == {"", "cat", "dog", "'=SUM(A1)"}


def test_oracle_stands_beside_the_others_where_there_is_one(lab: Lab) -> None:
    app = lab.screen("results", lab.finish(made_up_run.finished(oracle=True)))
    assert [metric.value for metric in app.metric] == ["50.0%", "80.0%", "100.0%"]
    assert "Oracle" in app.table[0].value.columns


def test_it_says_which_run_these_are_the_results_of(lab: Lab) -> None:
    run = lab.finish(experiment=Experiment(seed=7))
    app = lab.screen("results", run, seed="7")
    assert "seed 7" in app.caption[0].value
    assert "you have changed the experiment since" not in texts(app)
    assert "you have changed the experiment since" in texts(lab.screen("results", run, seed="8"))


def test_what_the_diagnosis_found_stands_under_the_headline_and_no_class_name_becomes_html(lab: Lab) -> None:
    finished = made_up_run.finished()
    found = Finding(
        name="classes_swapped",
        title="Classes have swapped places.",
        evidence="After adapting, every target sample is predicted as “{name}”.",
        advice="Give the method less weight, a smaller learning rate or fewer epochs.",
        values={"name": "<img src=x>"},
        uses_target_labels=True,
    )
    diagnosed = finished.result.model_copy(update={"findings": [found]})
    app = lab.screen("results", lab.finish(dataclasses.replace(finished, result=diagnosed)))
    cards = html_with(app, "lab-findings")
    assert "Classes have swapped places. <i" in cards
    assert "&lt;img src=x&gt;" in cards
    assert "This needs the target's labels" in texts(app)


def test_a_first_visit_finds_doors_where_everything_is_open_on_request(lab: Lab) -> None:
    run = lab.finish()
    first = lab.screen("results", run)
    doors = {"All scores", "Scores by domain", "Scores by class", "Downloads"}
    assert doors <= {door.label for door in first.expander}
    assert not doors & {title.value for title in first.subheader}
    first.toggle(key=keys.EVERYTHING_SWITCH).set_value(True).run()
    first.switch_page("walk/results.py").run()
    assert first.query_params["view"] in ("everything", ["everything"])
    opened = lab.screen("results", run, view="everything")
    assert doors <= {title.value for title in opened.subheader}
    assert not doors & {door.label for door in opened.expander}


def test_no_run_and_one_that_is_gone_are_told_and_the_example_offered(lab: Lab) -> None:
    assert "nothing to show yet" in texts(lab.screen("results"))
    app = lab.screen("results", "0123456789abcdef-01234567")
    assert "not here any more" in texts(app)
    assert has(app, "Look at the example run")
