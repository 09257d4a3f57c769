from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from da_core.cli import check_command, main, parser
from da_core.cli.options import experiment_of, names_of
from da_core.data.measured import Figures
from da_core.experiment import Experiment
from da_core.teaching import completeness, reference, showcase, thumbnails

ROOT = Path(__file__).parents[1]


@pytest.fixture
def places(tmp_path: Path) -> list[str]:
    rng = np.random.default_rng(0)
    y = np.arange(90) % 3
    for name, shift in (("source", 0), ("target", 1)):
        np.savez(tmp_path / f"{name}.npz", X=rng.normal(size=(90, 3)) + 3 * np.eye(3)[y] + shift, y=y)
    return ["--source", str(tmp_path / "source.npz"), "--target", str(tmp_path / "target.npz")]


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    assert main(list(arguments)) == 0
    return json.loads(capsys.readouterr().out)


def test_data_are_listed_with_their_shift_and_figures(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    measured = {"moons": Figures(0.5, 0.75, 0.9, "coral", "CORAL", "mlp", 3)}
    monkeypatch.setattr("da_core.data.measured.figures", lambda: measured)
    listed = answer(capsys, "list", "data", "--json")
    assert isinstance(listed, list)
    by_name = {entry["name"]: entry for entry in listed}
    assert (by_name["moons"]["shift"], by_name["label_shift"]["shift"]) == ("appearance", "label")
    assert by_name["moons"]["figures"]["oracle"] == 0.9
    assert by_name["blobs"]["figures"] is None


def test_a_run_prints_the_result_and_writes_its_files(
    capsys: pytest.CaptureFixture[str], places: list[str], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    arguments = [*places, "--method", "dann", "--set", "training.epochs=2", "--oracle", "--out", str(out), "--json"]
    printed = answer(capsys, "run", *arguments)
    assert isinstance(printed, dict)
    assert printed == json.loads((out / "result.json").read_text())
    for model in ("source_only", "adapted", "oracle"):
        for domain in ("target", "source"):
            assert {"accuracy", "precision", "recall", "f1"} <= set(printed[model][domain])
            assert 0 <= printed[model][domain]["accuracy"] <= 1
    assert {"before", "after"} <= set(printed["shift"])
    assert {"proxy_a_distance", "mmd"} <= set(printed["shift"]["before"])
    assert {"load", "source_only", "adapt"} <= set(printed["seconds"])
    assert {"versions", "seed", "preprocessing", "split", "selection"} <= set(printed["recipe"])
    with np.load(out / "evidence.npz", allow_pickle=False) as evidence:
        for when in ("before", "after"):
            assert evidence[f"source_features/{when}"].shape == (len(evidence["source_label"]), 128)
            assert evidence[f"target_features/{when}"].shape == (len(evidence["target_label"]), 128)
    assert "head.weight" in torch.load(out / "model.pt", weights_only=True)
    # the written experiment gives the same numbers again, and the written model can be brought along
    again = answer(capsys, "run", "--experiment", str(out / "experiment.json"), "--json")
    assert isinstance(again, dict)
    assert again["adapted"] == printed["adapted"]
    assert main(["run", *places, "--checkpoint", str(out / "model.pt"), "--set", "training.epochs=1"]) == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["run", "--method", "magic"], "no method “magic”"),
        (["run", "--set", "training.epochs=0"], "at least 1"),
        (["run", "--set", "epochs"], "has no “=”"),
        (["run", "--source", "/nowhere"], "/nowhere"),
        (["run", "--source", str(ROOT / "LICENSE")], "cannot be read here"),
        (["run", "--experiment", "/nowhere.json"], "/nowhere.json"),
        (["run", "--head", "brain"], "no head “brain”; choose one from the list. “python -m da_core list heads”"),
        (["run", "--head", "svm", "--set", "head.gama=2"], "svm has no setting called “gama”; did you mean gamma?"),
        (["run", "--head", "knn", "--method", "kmm"], "The head knn cannot weight samples"),
        (["run", "--target-split", "7"], "at most"),
        (["run", "--colour"], "--colour"),
        (["list", "cats"], "cats"),
        (["shift", "--data", "moonz"], "no data set “moonz”"),
        (["check", "magic"], "no method or data set “magic”"),
        (["film", "--method", "magic", "--out", "film.dafilm"], "no method “magic”"),
        (["make", "thumbnails", "magic"], "no data set “magic”"),
        (["make", "coffee"], "coffee"),
        ([], "COMMAND"),
    ],
)
def test_bad_input_gets_code_2_and_one_sentence(
    capsys: pytest.CaptureFixture[str], arguments: list[str], says: str
) -> None:
    assert main(arguments) == 2
    sentence = capsys.readouterr().err
    assert says in sentence
    assert sentence.count("\n") == 1


@pytest.fixture
def shops(tmp_path: Path) -> Path:
    """A table of two shops, of which neither is plainly the source."""
    rng = np.random.default_rng(0)
    kind, shop = rng.integers(2, size=80), np.arange(80) % 2
    lines = ["age,visits,city,class,shop,place"]
    lines += [
        f"{30 + 9 * k + s},{n % 5},{('Bern', 'Oslo', 'Rome')[n % 3]},{('trade', 'private')[k]},{('old', 'new')[s]},{n}"
        for n, (k, s) in enumerate(zip(kind, shop, strict=True))
    ]
    (tmp_path / "shops.csv").write_text("\n".join(lines))
    return tmp_path / "shops.csv"


def test_columns_are_printed_and_written_down(capsys: pytest.CaptureFixture[str], tmp_path: Path, shops: Path) -> None:
    chosen = ["run", "--source", str(shops), "--domain", "shop", "--source-value", "new", "--method", "source_only"]
    identity = ["--network", "identity", "--out", str(tmp_path / "out")]
    assert main([*chosen, *identity, "--set", "data.categories=left out"]) == 0
    printed = capsys.readouterr().out
    for line in ("label: class", "domain: shop", "source → target: new → old", "features: age, visits, place"):
        assert line in printed
    recipe = json.loads((tmp_path / "out" / "result.json").read_text())["recipe"]
    assert (
        recipe["reading"] | {"label": "class", "domain": "shop", "source": "new", "target": "old"} == recipe["reading"]
    )
    data = json.loads((tmp_path / "out" / "experiment.json").read_text())["data"]
    assert data["params"] == {
        "label": "class",
        "domain": "shop",
        "source_domain": "new",
        "categories": "left out",
    }
    again = ["run", "--experiment", str(tmp_path / "out" / "experiment.json"), "--json"]
    assert answer(capsys, *again)["source_only"]["target"] == answer(capsys, *again)["adapted"]["target"]


def test_what_would_be_a_guess_between_equals_is_refused(capsys: pytest.CaptureFixture[str], shops: Path) -> None:
    for more, says in (
        ([], "--domain"),
        (["--domain", "shop"], "It is unclear which of old, new is the source; choose it. Use --source-value."),
        (["--domain", "shop", "--source-value", "new", "--label", "kind"], "no column “kind”"),
        (["--domain", "shop", "--source-value", "york"], "no domain “york”"),
    ):
        assert main(["run", "--source", str(shops), *more]) == 2
        sentence = capsys.readouterr().err
        assert says in sentence
        assert sentence.count("\n") == 1


def test_it_runs_as_a_module() -> None:
    called = subprocess.run(
        [sys.executable, "-m", "da_core", "run", "--seed", "-1"], cwd=ROOT, capture_output=True, text=True
    )
    assert called.returncode == 2
    assert called.stderr.startswith("Error: seed")


def test_a_third_place_is_scored_and_findings_are_printed(
    capsys: pytest.CaptureFixture[str], places: list[str], tmp_path: Path
) -> None:
    third = str(shutil.copy(places[1], tmp_path / "third.npz"))
    arguments = ["run", *places, "--third", third, "--network", "identity", "--method", "coral"]
    written = answer(capsys, *arguments, "--json")
    assert isinstance(written, dict)
    # it is a copy of what source only has learned from, while the source itself is scored by halves
    assert written["source_only"]["third"]["accuracy"] >= written["source_only"]["source"]["accuracy"] > 0.9
    assert written["gain"]["third"]["count"] == 90
    assert [one["name"] for one in written["findings"]] == ["too_few"]
    idle = ["--method", "fine_tuning", "--set", "method.epochs=1", "--set", "method.learning_rate=1e-6"]
    assert main(["run", *places, *idle, "--set", "training.epochs=1"]) == 0
    said = capsys.readouterr().out
    assert "target: +0.0 points" in said
    assert "Fine-tuning learned almost nothing." in said
    assert main(["run", "--third", third]) == 2
    assert "--third needs --source" in capsys.readouterr().err


def test_the_pairs_of_a_benchmark_may_come_from_a_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    flat = {"data": "blobs", "data.count": 60, "network": "identity"}
    whole = Experiment.from_flat({"data": "moons", "data.count": "60", "network": "identity"})
    lines = tmp_path / "pairs.jsonl"
    lines.write_text(f"{json.dumps(flat)}\n\n{whole.model_dump_json()}\n", encoding="utf-8")
    written = answer(capsys, "benchmark", "--experiments", str(lines), "--methods", "coral", "--seeds", "2", "--json")
    assert [study["experiment"]["data"]["name"] for study in written["studies"].values()] == ["blobs", "moons"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{]", "neither a JSON list nor JSON lines"),
        ("[1, 2]", "must be an experiment"),
        ("[]", "must be an experiment"),
        ('{"data": "moons", "colour": "red"}', "no setting called"),
    ],
)
def test_what_is_no_file_of_experiments_is_refused_in_a_sentence(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str, says: str
) -> None:
    place = tmp_path / "experiments.json"
    place.write_text(text, encoding="utf-8")
    assert main(["benchmark", "--methods", "coral", "--experiments", str(place)]) == 2
    assert says in capsys.readouterr().err


def test_a_study_prints_each_seed_and_compares_pairs(
    capsys: pytest.CaptureFixture[str], places: list[str], tmp_path: Path
) -> None:
    flat = ["--network", "identity", "--head", "logistic", "--target-split", "0.5"]
    arguments = ["study", *places, *flat, "--methods", "coral", "tca", "--seeds", "3"]
    written = answer(capsys, *arguments, "--json", "--out", str(tmp_path / "out"))
    assert isinstance(written, dict)
    assert json.loads((tmp_path / "out" / "study.json").read_text()) == written
    accuracies = written["target_accuracy"]
    assert list(accuracies) == ["source_only", "coral", "tca"]
    assert accuracies["coral"]["seeds"] == [0, 1, 2]
    (of_one_run,) = [answer(capsys, "run", *places, *flat, "--method", "coral", "--seed", "1", "--json")]
    assert of_one_run["adapted"]["target"]["accuracy"] == accuracies["coral"]["values"][1]
    assert [(pair["first"], pair["second"]) for pair in written["comparisons"]] == [
        ("coral", "source_only"),
        ("tca", "source_only"),
        ("coral", "tca"),
    ]
    for score in accuracies.values():
        assert score["interval"] is None or 0 <= score["interval"][0] <= score["interval"][1] <= 1
    assert main([*arguments[:-1], "2"]) == 0
    assert "coral − tca" in capsys.readouterr().out
    assert main(["study", *places, "--seeds", "1"]) == 2
    assert "2 to 20 seeds" in capsys.readouterr().err


def test_check_names_each_gap_and_the_failing_tests(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    gaps = [completeness.Gap("film", "nothing gets better")]
    monkeypatch.setattr(completeness, "gaps_of_method", lambda name: gaps)
    asked: list[str] = []

    def pytest_fails(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        asked.extend(command)
        return subprocess.CompletedProcess(command, 1)

    monkeypatch.setattr(subprocess, "run", pytest_fails)
    assert main(["check", "dan"]) == 1
    assert asked[-1] == "dan and not cdan and not dann"
    assert {"tests/test_run.py", "tests/methods/test_every_method.py"} <= {*asked}
    printed = capsys.readouterr().out
    assert "Some tests fail" in printed
    assert "- film: nothing gets better" in printed


@pytest.mark.parametrize("lacking", ["tests", "pytest"])
def test_check_says_that_it_could_not_test(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, lacking: str
) -> None:
    if lacking == "tests":
        monkeypatch.setattr(check_command, "ROOT", tmp_path)
    else:
        monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert main(["check", "moons"]) == 1
    assert f"The tests were not run: {'this copy' if lacking == 'tests' else 'pytest is missing'}" in (
        capsys.readouterr().out
    )


def test_reference_pages_and_thumbnails_are_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reference, "FOLDER", tmp_path / "reference")
    monkeypatch.setattr(thumbnails, "FOLDER", tmp_path / "thumbnails")
    assert main(["make", "reference"]) == 0
    assert "| `dann` |" in (tmp_path / "reference" / "methods.md").read_text(encoding="utf-8")
    assert main(["make", "thumbnails", "moons", "wine"]) == 0
    assert [file.name for file in (tmp_path / "thumbnails").iterdir()] == ["moons.svg"]


def test_what_ships_with_the_app_is_made_in_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[object] = []
    monkeypatch.setattr("da_core.teaching.showcase.make", made.append)
    monkeypatch.setattr("da_core.teaching.course.course_numbers.make", lambda: made.append("numbers"))
    assert main(["make", "showcase"]) == main(["make", "course"]) == 0
    assert made == [showcase.FOLDER, "numbers"]


def test_options_say_what_a_link_says() -> None:
    training = {"training.optimizer": "sgd", "training.schedule": "constant", "training.precision": "bfloat16"}
    named = {"data": "moons", "network": "identity", "source_per_class": "5", "target_split": "0.0", "device": "cpu"}
    arguments = ["run", "--data", "moons", "--network", "identity", "--source-per-class", "5"]
    arguments += ["--target-split", "all", "--device", "cpu"]
    arguments += [part for name, value in training.items() for part in ("--set", f"{name}={value}")]
    assert experiment_of(parser().parse_args(arguments)).to_flat() == named | training


def test_a_film_is_made_with_what_is_done_meanwhile(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    film = ["film", "--data", "drawn", "--network", "mlp", "--method", "dann", "--out", str(tmp_path / "a.dafilm")]
    small = [*film, "--set", "network.hidden=8", "--set", "training.epochs=1"]
    assert main([*small, "--acts", "weight=0@3;somersault@4"]) == 2
    assert "“somersault@4”" in capsys.readouterr().err
    assert main(small) == 0
    plain = (tmp_path / "a.dafilm").read_bytes()
    assert main([*small, "--acts", "critic@3+5"]) == 0
    assert (tmp_path / "a.dafilm").read_bytes() != plain


def test_the_look_at_the_data_needs_no_browser(capsys: pytest.CaptureFixture[str], places: list[str]) -> None:
    told = answer(capsys, "shift", *places, "--json")
    assert told["verdict"] in {"appearance", "covariate"}
    assert told["reasons"]
    assert told["distances"]["mmd"]["value"] > 0
    assert all(1 / (told["shuffles"] + 1) <= each["p_value"] <= 1 for each in told["distances"].values())
    assert [one["source"] for one in told["classes"]] == [30, 30, 30]
    assert main(["shift", *places]) == 0
    table = capsys.readouterr().out
    assert told["verdict"] in table
    assert "at most 0.5%" in table


@pytest.mark.slow
def test_a_search_chooses_by_the_validator_goes_on_and_hides_target_accuracy_until_it_is_asked_for(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    pair = ["--data", "moons", "--set", "data.count=60", "--network", "identity", "--head", "logistic"]
    arguments = ["search", *pair, "--validator", "entropy", "--methods", "source_only,coral,night_augmentation"]
    out = tmp_path / "found"
    assert main([*arguments, "--budget", "3", "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert "no score: night_augmentation" in said
    assert "accuracy" not in said
    assert "accuracy" not in (out / "leaderboard.csv").read_text()

    found = answer(capsys, *arguments, "--budget", "4", "--out", str(out), "--json")
    assert isinstance(found, dict)
    assert [one["seconds"] for one in found["tried"]][:3] == [
        one["seconds"] for one in json.loads((out / "search.json").read_text())["tried"]
    ][:3], "what it had was not run again"
    assert len(found["tried"]) == 4
    assert "target_accuracy" not in json.dumps(found)
    scores = [one["score"] for one in found["tried"] if one["score"] is not None]
    assert found["best"]["score"] == max(scores)
    assert json.loads((out / "experiment.json").read_text())["method"] == found["best"]["method"]
    run = answer(capsys, "run", "--experiment", str(out / "experiment.json"), "--json")
    assert run["validators"]["entropy"]["after"] == pytest.approx(max(scores))

    assert main([*arguments, "--budget", "4", "--out", str(out), "--reveal"]) == 0
    assert "regret:" in capsys.readouterr().out
    assert main([*arguments, "--seed", "1", "--budget", "4", "--out", str(out)]) == 2
    assert "belongs to another search" in capsys.readouterr().err


def test_a_search_refuses_a_wrong_budget_and_the_oracle_in_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["search", "--data", "moons", "--budget", "soon", "--validator", "snd"]) == 2
    assert "is not a budget" in capsys.readouterr().err
    oracle = ["--validator", "target_accuracy", "--methods", "coral"]
    assert main(["search", "--data", "moons", "--budget", "2", *oracle]) == 2
    assert "uses the labels" in capsys.readouterr().err
    quick = ["--set", "data.count=60", "--network", "identity", "--head", "logistic", "--budget", "1", "--peek"]
    assert main(["search", "--data", "moons", *quick, *oracle]) == 0
    assert "coral" in capsys.readouterr().out


@pytest.mark.parametrize(
    "given", [["--methods", "coral", "dann"], ["--methods", "coral,dann"], ["--method", "coral", "--method", "dann"]]
)
def test_methods_are_given_in_one_form_and_in_those_of_before(given: list[str]) -> None:
    assert names_of(parser().parse_args(["study", *given]).methods) == ["coral", "dann"]


def test_the_command_that_is_recommended_brings_its_network_along(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["recommend", "--data", "vowels"]) == 0
    *_, command = capsys.readouterr().out.strip().splitlines()
    printed = answer(capsys, *shlex.split(command)[3:], "--json")
    assert printed["adapted"]["target"]["accuracy"] > printed["source_only"]["target"]["accuracy"] + 0.3
    assert main(["shift", "--data", "vowels"]) == 0
    assert "appearance shift" in capsys.readouterr().out
