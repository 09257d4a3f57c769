"""What scores rest on is said wherever they stand: on the screen's tables, in the report, the card and the CSV."""

from __future__ import annotations

import csv
import io

import pytest

from da_core.events import Finding, Finished, Result
from da_core.experiment import Experiment
from da_core.export.csv_tables import table_csv
from da_core.export.scored_rows import basis, judged_rows, scored_rows
from da_core.i18n import Language, missing
from da_core.run import run

EN, ZH = Language("en"), Language("zh")


def result(**flat: str) -> Result:
    usual = {"data": "moons", "data.count": "60", "network": "identity", "method": "coral", "oracle": "true"}
    *_, finished = run(Experiment.from_flat(usual | flat), embed=False)
    assert isinstance(finished, Finished)
    return finished.result


@pytest.fixture(scope="module")
def of_all() -> Result:
    return result()


def test_cross_fitted_scores_are_called_so_beside_their_number_of_samples(of_all: Result) -> None:
    assert judged_rows(of_all, EN) == (
        "Target: 60 samples, none held out (Source only, Adapted), cross-fitted (Oracle). "
        "Cross-fitted: each half is scored by a classifier that was fitted on the other half. "
        "None held out: the scored samples were also used for training."
    )
    assert "Source: 60 samples, cross-fitted (Source only, Adapted)" in scored_rows(of_all, EN)
    missing.clear()
    assert "交叉拟合" in scored_rows(of_all, ZH)
    assert not missing


def test_held_out_samples_are_called_so() -> None:
    held_out = result(target_split="0.5")
    assert scored_rows(held_out, EN) == "Target: 30 samples, held out. Source: 30 samples, held out."


def test_a_head_that_was_fitted_anew_for_source_only_is_told(of_all: Result) -> None:
    told = of_all.model_copy(update={"recipe": of_all.recipe | {"source_only_head": "refitted"}})
    assert "Source only has a refitted head" in judged_rows(told, EN)
    assert "a refitted head" not in judged_rows(of_all, EN)
    assert "a refitted head" not in judged_rows(told, EN, ["adapted"])
    earlier = {key: value for key, value in of_all.recipe.items() if key != "source_only_head"}
    assert "a refitted head" not in judged_rows(of_all.model_copy(update={"recipe": earlier}), EN)
    missing.clear()
    assert "重新拟合" in judged_rows(told, ZH)
    assert not missing


def test_the_csv_says_it_by_keys_and_names_what_the_numbers_warn_of(of_all: Result) -> None:
    rows = list(csv.DictReader(io.StringIO(table_csv(of_all).decode("utf-8-sig"))))
    said = {(row["model"], row["domain"]): row["scored_on"] for row in rows}
    assert said["oracle", "target"] == said["source only", "source"] == "cross_fitted"
    assert said["source only", "target"] == "all"
    finding = Finding(name="nothing_to_adapt", title="", evidence="", advice="")
    warned = of_all.model_copy(update={"findings": [finding]})
    first, *_ = csv.DictReader(io.StringIO(table_csv(warned).decode("utf-8-sig")))
    assert first["findings"] == "nothing_to_adapt"


@pytest.mark.parametrize(
    ("experiment", "told"),
    [
        ({"target_split": None, "network": {"name": "identity"}}, "all"),
        ({"target_split": 0.0, "network": {"name": "mlp"}}, "all"),
        ({"target_split": None, "network": {"name": "mlp"}}, "held_out"),
    ],
)
def test_a_result_of_before_says_what_it_was(of_all: Result, experiment: dict[str, object], told: str) -> None:
    before = of_all.model_copy(update={"recipe": {"experiment": experiment}})
    assert basis(before, "oracle", "target") == told
