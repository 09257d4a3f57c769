"""What validators pick stands on Results and “Which run?”; the truth only once it is asked for."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import threading
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Toggle

from da_core.cli.run_command import print_validators
from da_core.events import Finished, ValidatorScore
from da_core.experiment import Experiment
from da_core.export.csv_tables import table_csv
from da_core.export.report import report_html
from da_core.export.validator_rows import verdict
from da_core.i18n import Language
from da_core.jobs import background_work
from da_core.jobs.background_work import Studies
from da_core.jobs.store import store
from da_core.several_runs.study import Study
from pages.lab import weight_sweep
from tests.support import made_up_run
from tests.support.lab import Lab, button, texts

SAID = {
    "entropy": ValidatorScore(before=-0.4, after=-0.1),
    "source_accuracy": ValidatorScore(before=0.9, after=0.8),
    "dev": ValidatorScore(before=0.7, after=0.7),
    "few_labels": ValidatorScore(reason="The target has no labels."),
    "target_accuracy": ValidatorScore(before=0.5, after=0.8),
}
"""Of the made-up run, which gains 30 points: entropy is right, source accuracy wrong, DEV finds both alike."""


def validated(**scores: ValidatorScore) -> Finished:
    finished = made_up_run.finished()
    return dataclasses.replace(finished, result=finished.result.model_copy(update={"validators": SAID | scores}))


def toggle(app: AppTest, label: str) -> Toggle:
    return next(one for one in app.toggle if one.label == label)


def table(app: AppTest, column: str):
    return next(one.value for one in app.table if column in one.value.columns)


def test_results_tell_what_each_would_keep_and_who_is_right_only_when_asked(lab: Lab) -> None:
    app = lab.screen("results", lab.finish(validated()))
    said = table(app, "It would keep")
    assert list(said.index) == ["DEV", "Prediction entropy", "Source accuracy", "Few labels ◆"]
    assert said["It would keep"].tolist() == ["undecided", "after", "before", "–"]
    assert said.loc["Source accuracy", "Before"] == "90.0%"
    assert said.loc["Prediction entropy", "After"] == "−0.100"
    assert "Few labels: The target has no labels" in texts(app).replace("\\", "")
    assert "Correct?" not in said.columns
    toggle(app, "Show which are right").set_value(True)
    said = table(app.run(), "Correct?")
    assert said["Correct?"].tolist() == ["undecided", "right", "wrong: costs 30.0 points", "–"]
    toggle(app, "Unlock the oracle").set_value(True)
    assert "can no longer be reported as unsupervised" in toggle(app, "Unlock the oracle").help
    assert table(app.run(), "It would keep").filter(like="Oracle", axis=0)["After"].tolist() == ["80.0%"]


def test_a_run_of_an_earlier_version_has_no_such_table(lab: Lab) -> None:
    app = lab.screen("results", lab.finish())
    assert not any("It would keep" in one.value.columns for one in app.table)


def test_report_table_and_terminal_tell_it_too(lab: Lab, capsys) -> None:
    record = store().load(lab.finish(validated()))
    assert record is not None
    rows = list(csv.DictReader(io.StringIO(table_csv(record.result).decode("utf-8-sig"))))
    said = {(row["model"], row["domain"], row["class"]): row for row in rows}
    assert said["source only", "target", ""]["validator_entropy"] == "-0.400000"
    assert said["adapted", "target", ""]["validator_entropy"] == "-0.100000"
    assert said["adapted", "source", ""]["validator_entropy"] == said["adapted", "target", "cat"]["validator_dev"] == ""
    for code, wrong in (("en", "wrong: costs 30.0 points"), ("zh", "选错：损失 30.0 个百分点")):
        assert wrong in report_html(record, Language(code))
    print_validators(record.result)
    printed = capsys.readouterr().out
    assert "source_accuracy" in printed
    assert "target_accuracy" not in printed
    assert verdict(record.result, "few_labels") is None


def test_which_run_lists_the_picks_then_regret_and_ranks(lab: Lab) -> None:
    """Four runs of one pair that differ in the score alone, and the source only that they share."""
    assert "no runs to choose from" in texts(lab.screen("which_run", section="lab"))
    for seed, entropy in enumerate((-0.3, -0.2, -0.5, -0.6)):
        lab.finish(validated(entropy=ValidatorScore(before=-0.4, after=entropy)), Experiment(seed=seed))
    app = lab.screen("which_run", section="lab")
    assert "5 models" in texts(app)
    assert not app.table, "one picks first"
    picks = table(app.selectbox[1].set_value(0).run(), "It would pick")
    assert picks.loc["Prediction entropy", "It would pick"].endswith("Seed 1")
    assert picks.loc["Source accuracy", "It would pick"].startswith("Source only")
    assert "Regret in points" not in picks.columns
    assert picks.filter(like="Oracle", axis=0).empty
    toggle(app, "Show results").set_value(True)
    judged = table(app.run(), "Regret in points")
    assert judged.loc["You", "Regret in points"] == "30.0"
    assert judged.loc["Source accuracy", "Regret in points"] == "30.0"
    assert judged.loc["Prediction entropy", "Regret in points"] == "0.0"
    assert judged.loc["DEV", "It would pick"] == "5 tied"
    assert judged.loc["DEV", "Regret in points"] == "6.0", "a coin among four that gain 30 points, and one"


def test_a_sweep_shows_curves_then_asks_and_then_tells_where_the_target_peaks(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Runs whose entropy prefers the weight that is best, and that are all there already."""
    mine = Studies()
    monkeypatch.setattr(background_work, "studies", lambda: mine)
    study = Study.sweep(Experiment(), "weight", weight_sweep.weighted_methods()["dann"], weight_sweep.SEEDS)
    for trial in study.trials():
        weight = float(trial.experiment.method.params["weight"])
        said = validated(entropy=ValidatorScore(before=-1.0, after=-abs(weight - 1)))
        scores = made_up_run._scores(9 if weight == 1 else 6)
        result = said.result.model_copy(update={"adapted": scores})
        lab.finish(dataclasses.replace(said, result=result), trial.experiment)
    mine.start(study, lab.visitor)
    for thread in threading.enumerate():
        if thread.name == "study":
            thread.join(30)
    app = lab.screen("which_run", section="lab")

    def lines() -> set[str]:
        (chart,) = app.get("vega_lite_chart")
        return set(json.loads(chart.proto.spec)["encoding"]["color"]["scale"]["domain"])

    assert "Prediction entropy" in lines()
    assert "Accuracy on the target" not in lines()
    assert "Result:" not in texts(app)
    app.radio[0].set_value("1").run()
    button(app, "This is my guess").click().run()
    assert "Accuracy on the target" in lines()
    assert "Result: **λ = 1**" in texts(app)
    assert "You guessed right." in texts(app)
    regret: Any = app.table[-1].value
    assert regret.loc["Prediction entropy"].tolist() == ["1", "90.0%", "0.0"]
    assert regret.loc["DEV"].tolist() == ["6 tied", "65.0%", "25.0"], "a coin among five of 60% and one of 90%"
    assert not lab.screen("stability", section="lab").exception, "the same study, with each weight a row"
