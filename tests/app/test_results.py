"""The Results screen: the numbers of the run, side by side, and what can be taken home."""

from __future__ import annotations

import csv
import io
import json
import zipfile

import made_up_run
from lab import Lab

from da_core.export.model import model_zip
from da_core.export.tables import table_csv
from da_core.jobs.store import store
from da_core.language import Language


def figures(app: object) -> list[dict]:
    return [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]  # type: ignore[attr-defined]


def test_headline_and_table_tell_the_gain_on_the_target(lab: Lab) -> None:
    app = lab.screen("results", lab.finish())
    assert not app.exception
    assert [metric.value for metric in app.metric] == ["50.0%", "80.0%"]
    assert app.metric[1].delta == "+30.0 points"
    accuracy = app.table[0].value.loc["Accuracy"]
    assert accuracy["Source only"].startswith("50.0%")
    assert "100.0%" in accuracy["Adapted"], "the source's score stands beside the target's"
    assert accuracy["Gain on the target"] == "+30.0 points"


def test_oracle_stands_beside_the_others_where_there_is_one(lab: Lab) -> None:
    app = lab.screen("results", lab.finish(made_up_run.finished(oracle=True)))
    assert [metric.value for metric in app.metric] == ["50.0%", "80.0%", "100.0%"]
    assert "Oracle" in app.table[0].value.columns


def test_confusions_before_and_after_share_one_scale_and_hold_the_counts(lab: Lab) -> None:
    before, after = figures(lab.screen("results", lab.finish()))[2:]
    for figure, right in ((before, "5"), (after, "8")):
        heat = figure["data"][0]
        assert (heat["zmin"], heat["zmax"]) == (0, 1)
        assert heat["text"][0][0] == right
        assert "=SUM(A1)" in heat["y"]


def test_a_class_name_is_shown_as_it_is(lab: Lab) -> None:
    app = lab.screen("results", lab.finish())
    shown = [name.replace("\\", "") for name in app.table[1].value.index]
    assert set(shown) == set(made_up_run.CLASSES)


def test_table_is_read_back_with_every_score_and_no_formula(lab: Lab) -> None:
    result = made_up_run.finished(oracle=True).result
    rows = list(csv.DictReader(io.StringIO(table_csv(result).decode("utf-8-sig"))))
    macro = {(row["model"], row["domain"]): float(row["accuracy"]) for row in rows if not row["class"]}
    assert macro["source only", "target"] == 0.5
    assert macro["adapted", "target"] == 0.8
    assert macro["oracle", "target"] == 1.0
    assert {row["class"] for row in rows} == {"", "cat", "dog", "'=SUM(A1)"}


def test_result_and_experiment_can_be_taken_home(lab: Lab) -> None:
    app = lab.screen("results", lab.finish())
    labels = [button.label for button in app.get("download_button")]
    assert {"Table (CSV)", "Results (JSON)", "Experiment (JSON)", "Model (PyTorch)"} <= set(labels)


def test_model_bytes_are_a_state_dict_that_loads_without_pickle(lab: Lab) -> None:
    import dataclasses

    import torch

    finished = made_up_run.finished()
    weights = {"head.weight": torch.arange(6.0).reshape(2, 3)}
    run = lab.finish(dataclasses.replace(finished, evidence=dataclasses.replace(finished.evidence, state=weights)))
    record = store().load(run)
    assert record is not None
    with zipfile.ZipFile(io.BytesIO(model_zip(record, Language("en")))) as archive:
        back = torch.load(io.BytesIO(archive.read("model.pt")), weights_only=True)
    assert torch.equal(back["head.weight"], weights["head.weight"])


def test_without_a_run_the_screen_says_what_to_do(lab: Lab) -> None:
    app = lab.screen("results")
    assert not app.exception
    assert any("nothing to show yet" in text.value for text in app.markdown)


def test_what_the_run_found_wrong_stands_under_the_headline_and_on_train(lab: Lab) -> None:
    import dataclasses

    from da_core.events import Notice

    finished = made_up_run.finished()
    notice = Notice("After adapting, classes have changed places on the target: {pairs}.", {"pairs": "cat ↔ dog"})
    told = finished.result.model_copy(update={"notices": [notice]})
    run = lab.finish(dataclasses.replace(finished, result=told))
    assert store().load(run).result.notices == [notice]
    for screen in ("results", "train"):
        app = lab.screen(screen, run)
        assert any("cat ↔ dog" in info.value for info in app.info), screen
