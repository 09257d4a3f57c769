"""Methods that want batch norm get it where nobody chose a network, and say so where somebody did."""

from __future__ import annotations

import pytest

from da_core.cli import parser
from da_core.cli.options import experiment_of
from da_core.experiment import DataSpec, Experiment, HeadSpec, MethodSpec, NetworkSpec
from da_core.methods.wanted_network import lacks_batch_norm, with_method
from da_core.networks.defaults import with_data
from da_core.several_runs.study import Study

SHOT, DANN = MethodSpec(name="shot"), MethodSpec(name="dann")
BATCH = {"norm": "batch"}


def told(*options: str) -> Experiment:
    return experiment_of(parser().parse_args(["run", *options]))


def test_the_usual_network_follows_to_a_method_that_wants_batch_norm_and_back() -> None:
    start = Experiment()
    shot = with_method(start, SHOT)
    assert shot.network == NetworkSpec(params=BATCH)
    assert not lacks_batch_norm(shot.network, SHOT)
    assert with_method(shot, MethodSpec(name="tent")).network == shot.network
    assert with_method(shot, DANN) == start


def test_it_stays_on_other_data() -> None:
    shot = with_method(Experiment(), SHOT)
    vowels = with_data(shot, DataSpec(name="vowels"))
    assert (vowels.network.name, vowels.network.params) == ("mlp", BATCH)
    assert with_method(vowels, DANN).network.params == {}
    assert with_data(shot, DataSpec(name="moons")).network == NetworkSpec(name="identity")


def test_data_that_are_features_already_get_a_network_for_a_method_that_trains_one_and_lose_it_again() -> None:
    start = with_data(Experiment(), DataSpec(name="covariate"))
    assert start.network.name == "identity"
    dann = with_method(start, DANN)
    assert (dann.network, dann.head, dann.prepare) == (NetworkSpec(name="mlp"), HeadSpec(), None)
    assert with_method(dann, SHOT).network == NetworkSpec(name="mlp", params=BATCH)
    assert with_method(dann, start.method) == start
    assert with_method(start, MethodSpec(name="fine_tuning")).network == start.network
    assert told("--data", "covariate", "--method", "dann").network == dann.network
    assert told("--data", "covariate", "--method", "dann", "--head", "svm").head.name == "svm"


def test_a_network_that_somebody_chose_stays() -> None:
    for network in (NetworkSpec(name="tutorial_cnn"), NetworkSpec(params={"width": 32}), NetworkSpec(params=BATCH)):
        chosen = Experiment(network=network)
        assert with_method(chosen, SHOT).network == network
        assert with_method(chosen, MethodSpec(name="coral")).network == network
    assert lacks_batch_norm(NetworkSpec(name="tutorial_cnn"), SHOT)
    assert not lacks_batch_norm(NetworkSpec(name="tutorial_cnn"), DANN)
    assert not lacks_batch_norm(NetworkSpec(name="resnet18"), SHOT)  # it has batch norm, and no choice


def test_the_command_line_takes_it_or_says_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert told("--method", "tent").network.params == BATCH
    assert told("--method", "dann").network == NetworkSpec()
    assert capsys.readouterr().err == ""
    assert told("--method", "tent", "--network", "tutorial_cnn").network == NetworkSpec(name="tutorial_cnn")
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("TENT needs batch normalisation")


def test_an_experiment_file_is_done_as_it_stands(tmp_path) -> None:
    (tmp_path / "experiment.json").write_text(Experiment(method=SHOT).model_dump_json())
    assert told("--experiment", str(tmp_path / "experiment.json")).network == NetworkSpec()


def test_a_study_gives_each_method_what_it_wants() -> None:
    study = Study.of(Experiment(), ["dann", "shot"], 2)
    networks = {trial.method: trial.experiment.network.params for trial in study.trials()}
    assert networks == {"dann": {}, "shot": BATCH}
    own = Study.of(Experiment(method=SHOT, network=NetworkSpec(name="mlp", params={"hidden": 8})), ["shot", "dann"], 2)
    assert all(trial.experiment.network == own.experiment.network for trial in own.trials())
