"""A small network trained on a toy problem, by the app's own training loop."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import torch
from torch import nn

from da_core.experiment import TrainingSpec
from da_core.networks.extractor import Network
from da_core.training.loop import train
from da_core.training.model import Labelled

if TYPE_CHECKING:
    from da_core.methods.base import DeepAlignment
    from da_core.teaching.figure_panels import Classify
    from da_core.teaching.toy_problems import Labels, Points

SPEC = TrainingSpec(epochs=150, batch_size=60, learning_rate=5e-3, least_steps=1)
"""600 steps on a toy, one to three seconds."""


def trained(
    X: Points,
    y: Labels,
    method: DeepAlignment | None = None,
    target: Points | None = None,
    source_network: Network | None = None,
    normalised: bool = False,
) -> Network:
    """Train a small network on points X (n, 2) with labels y (n,); with a ``method``, on the target's points as well.

    A method with a target encoder of its own starts from ``source_network``. ``normalised`` adds batch normalisation,
    for the methods that adapt its statistics.
    """
    network = _network(int(y.max()) + 1, normalised)
    if method is None or not method.target_encoder:
        source_network = None
    if source_network is not None:
        network.load_state_dict(source_network.state_dict())
    events = train(
        network,
        Labelled(inputs(X), labels(y)),
        phase="source_only" if method is None else "adapt",
        spec=SPEC,
        seed=0,
        method=method,
        target=None if target is None else inputs(target),
        source_network=source_network,
    )
    for _event in events:
        pass
    assert all(torch.isfinite(weight).all() for weight in network.parameters())
    return network


def classifier(network: Network) -> Classify:
    """Freeze the network's predictions as they are now: a method may change it later."""
    frozen = copy.deepcopy(network).eval()

    def classify(X: Points) -> Labels:
        with torch.inference_mode():
            predicted: Labels = frozen(inputs(X)).argmax(1).numpy()
        return predicted

    return classify


def inputs(X: Points) -> torch.Tensor:
    """Convert points to the network's float32."""
    return torch.tensor(X, dtype=torch.float32)


def labels(y: Labels) -> torch.Tensor:
    """Convert labels to the loss's int64."""
    return torch.tensor(y, dtype=torch.int64)


def _network(class_count: int, normalised: bool) -> Network:
    """Two hidden layers of 32."""

    def layer(size: int) -> list[nn.Module]:
        return [nn.Linear(size, 32), *([nn.BatchNorm1d(32)] if normalised else []), nn.ReLU()]

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return Network(nn.Sequential(*layer(2), *layer(32)), 32, class_count)
