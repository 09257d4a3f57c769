"""The network follows the data where nobody chose one, and stays where somebody did."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from da_core.cli import parser
from da_core.cli.options import experiment_of
from da_core.data.sources import sources
from da_core.errors import UserError
from da_core.experiment import DataSpec, Experiment, NetworkSpec
from da_core.networks import networks
from da_core.networks.defaults import USUAL, kind_of, usual_network, with_data
from da_core.params import validated
from tests.support.pairs import load


def asked(*options: str) -> NetworkSpec:
    return experiment_of(parser().parse_args(["run", *options])).network


def test_every_usual_network_takes_its_kind_and_its_settings_are_valid() -> None:
    for kind, spec in USUAL.items():
        assert kind in networks()[spec.name].takes
    for name, source in sources().items():
        if source.kind is not None:
            network = networks()[usual_network(DataSpec(name=name)).name]
            assert source.kind in network.takes
            validated(network.Params, usual_network(DataSpec(name=name)).params, network.name)


@pytest.mark.parametrize("name", ["moons", "vowels", "sentiment", "ratings", "wine"])
def test_a_source_says_truly_what_its_samples_are(name: str) -> None:
    count = {"count": 100} if name in ("moons", "sentiment") else {}
    assert load(sources()[name], count).kind == sources()[name].kind


def test_the_network_follows_to_another_kind_and_back() -> None:
    start = Experiment()
    texts = with_data(start, DataSpec(name="sentiment"))
    assert texts.network.name == "text_mlp"
    assert with_data(texts, DataSpec(name="street")) == start
    assert with_data(texts, DataSpec(name="vowels")).network.params["scaling"] == "by source"


def test_a_network_of_ones_own_stays_among_pairs_of_one_kind() -> None:
    chosen = Experiment(network=NetworkSpec(name="tutorial_cnn"))
    assert with_data(chosen, DataSpec(name="mnist_m")).network.name == "tutorial_cnn"


def test_from_files_that_are_gone_one_can_still_leave() -> None:
    gone = Experiment(data=DataSpec(name="files", source="/nowhere/at/all"), network=NetworkSpec(name="mlp"))
    assert with_data(gone, DataSpec()).network.name == "small_cnn"


def test_the_command_line_chooses_too(tmp_path: Path) -> None:
    assert asked("--data", "sentiment").name == "text_mlp"
    assert asked("--data", "vowels", "--set", "network.hidden=64").params == {"scaling": "by source", "hidden": 64}
    assert asked("--data", "moons", "--network", "identity").name == "identity"
    assert asked("--data", "street").name == "small_cnn"
    for role in ("source", "target"):
        np.savez(tmp_path / f"{role}.npz", X=np.random.rand(9, 4), y=np.arange(9) % 2)
    own = asked("--source", str(tmp_path / "source.npz"), "--target", str(tmp_path / "target.npz"))
    assert own.name == "mlp"
    assert kind_of(DataSpec(name="moons")) == "features"
    with pytest.raises(UserError, match="There is no"):
        asked("--data", "nothing")
