"""The network follows the data where nobody chose one, and stays where somebody did."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from da_core.cli import parser
from da_core.cli.options import experiment_of
from da_core.data.sources import sources
from da_core.errors import UserError
from da_core.experiment import DataSpec, Experiment, HeadSpec, MethodSpec, NetworkSpec, TrainingSpec, UsualSpec
from da_core.networks import networks
from da_core.networks.defaults import USUAL, kind_of, usual_spec, with_data, with_usual
from da_core.networks.head_kinds import heads
from da_core.networks.preparation import read
from da_core.registry import resolve
from tests.support.pairs import load


def asked(*options: str) -> NetworkSpec:
    return experiment_of(parser().parse_args(["run", *options])).network


def test_every_usual_network_takes_its_kind_and_its_settings_are_valid() -> None:
    for kind, usual in USUAL.items():
        assert kind in networks()[usual.network.name].takes
    for name, source in sources().items():
        if source.kind is not None:
            usual = usual_spec(DataSpec(name=name))
            network = resolve(networks(), usual.network)
            assert source.kind in network.takes
            resolve(heads(), usual.head)
            assert network.is_prepared(source.kind) or not usual.prepare
            for step in usual.prepare or ():
                read(step)


def test_what_a_link_leaves_out_is_what_suits_the_data() -> None:
    """A link on pictures with the default network does not name it, so no more than that may be usual there."""
    for name, source in sources().items():
        if source.kind == "pictures":
            assert usual_spec(DataSpec(name=name)) == UsualSpec() or source.usual.network != NetworkSpec()
    for name in (name for name, source in sources().items() if source.kind not in ("pictures", None)):
        start = with_data(Experiment(), DataSpec(name=name))
        for changed in (start, start.model_copy(update={"training": TrainingSpec(), "head": HeadSpec()})):
            flat = changed.to_flat()
            assert with_usual(Experiment.from_flat(flat), flat) == changed


@pytest.mark.parametrize("name", ["moons", "vowels", "sentiment", "ratings", "wine"])
def test_a_source_says_truly_what_its_samples_are(name: str) -> None:
    count = {"count": 100} if name in ("moons", "sentiment") else {}
    assert load(sources()[name], count).kind == sources()[name].kind


def test_the_network_follows_to_another_kind_and_back() -> None:
    start = Experiment()
    texts = with_data(start, DataSpec(name="sentiment"))
    assert texts.network.name == "text_mlp"
    assert with_data(texts, DataSpec(name="street")) == start
    vowels = with_data(texts, DataSpec(name="vowels"))
    assert (vowels.network.name, vowels.training.epochs) == ("mlp", 100)
    assert with_data(vowels, DataSpec(name="street")) == start


def test_what_suits_a_pair_goes_with_it_and_what_was_chosen_stays() -> None:
    covariate = with_data(Experiment(), DataSpec(name="covariate"))
    assert (covariate.network.name, covariate.head.name, covariate.method.name) == ("identity", "logistic", "kmm")
    blobs = with_data(covariate, DataSpec(name="blobs"))
    assert (blobs.network.name, blobs.head.name, blobs.training.epochs) == ("mlp", "linear", 100)
    assert blobs.method == MethodSpec()

    own = covariate.model_copy(
        update={"head": HeadSpec(name="ridge"), "prepare": ("unit_rows",), "training": TrainingSpec(learning_rate=0.1)}
    )
    moved = with_data(own, DataSpec(name="blobs"))
    assert (moved.head.name, moved.prepare) == ("ridge", ("unit_rows",))
    assert moved.training == TrainingSpec(learning_rate=0.1, epochs=100)
    mine = with_data(blobs.model_copy(update={"network": NetworkSpec(name="identity")}), DataSpec(name="covariate"))
    assert (mine.network.name, mine.head.name) == ("identity", "linear")
    assert with_data(own, DataSpec()).prepare is None  # steps are for rows of numbers, and these are pictures


def test_a_network_of_ones_own_stays_among_pairs_of_one_kind() -> None:
    chosen = Experiment(network=NetworkSpec(name="tutorial_cnn"))
    assert with_data(chosen, DataSpec(name="mnist_m")).network.name == "tutorial_cnn"


def test_from_files_that_are_gone_one_can_still_leave() -> None:
    gone = Experiment(data=DataSpec(name="files", source="/nowhere/at/all"), network=NetworkSpec(name="mlp"))
    assert with_data(gone, DataSpec()).network.name == "small_cnn"


def test_the_command_line_chooses_too(tmp_path: Path) -> None:
    assert asked("--data", "sentiment").name == "text_mlp"
    assert asked("--data", "vowels", "--set", "network.hidden=64").params == {"hidden": 64}
    covariate = experiment_of(parser().parse_args(["run", "--data", "covariate", "--set", "head.C=3"]))
    assert covariate.head == HeadSpec(name="logistic", params={"C": 3})
    blobs = experiment_of(parser().parse_args(["run", "--data", "blobs", "--set", "training.batch_size=32"]))
    assert blobs.training == TrainingSpec(epochs=100, batch_size=32)
    chosen = experiment_of(
        parser().parse_args(["run", "--data", "blobs", "--network", "mlp", "--prepare", "unit_rows"])
    )
    assert (chosen.training, chosen.prepare) == (TrainingSpec(), ("unit_rows",))
    assert asked("--data", "moons", "--network", "identity").name == "identity"
    assert asked("--data", "street").name == "small_cnn"
    for role in ("source", "target"):
        np.savez(tmp_path / f"{role}.npz", X=np.random.rand(9, 4), y=np.arange(9) % 2)
    own = asked("--source", str(tmp_path / "source.npz"), "--target", str(tmp_path / "target.npz"))
    assert own.name == "mlp"
    assert kind_of(DataSpec(name="moons")) == "features"
    with pytest.raises(UserError, match="There is no"):
        asked("--data", "nothing")
