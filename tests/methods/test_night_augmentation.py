"""Night augmentation: it gets by night what it never saw, and looks at no target."""

from __future__ import annotations

import copy
import functools

import numpy as np
import pytest
import torch

from da_core.data.synthesis.night import night_pictures
from da_core.data.synthesis.night_conditions import NIGHTS
from da_core.experiment import TrainingSpec
from da_core.methods.adaptation.night_augmentation import NightAugmentation
from da_core.methods.base import AdaptationData
from da_core.networks import networks
from da_core.networks.extractor import Network
from da_core.training.loop import train
from da_core.training.model import Labelled


def stripes(seed: int, count: int = 180) -> tuple[np.ndarray, np.ndarray]:
    """Brown walls, 16×16, with a pale stripe across, down, or none."""
    rng = np.random.default_rng(seed)
    y, place = rng.integers(3, size=count), rng.integers(4, 12, count)
    X = np.broadcast_to(np.array([110, 90, 70]), (count, 16, 16, 3)) + rng.normal(0, 8, (count, 16, 16, 3))
    for picture, kind, at in zip(X, y, place, strict=True):
        if kind < 2:
            np.moveaxis(picture, kind, 0)[at - 1 : at + 2] += 70
    return np.clip(X, 0, 255).astype(np.uint8), y


def tensor(pictures: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(pictures).permute(0, 3, 1, 2)


@functools.cache
def trained() -> Network:
    extractor = networks()["small_cnn"]
    network = extractor(width=8, features=16).network((16, 16, 3), 3, 0)
    X, y = stripes(0)
    spec = TrainingSpec(epochs=12, batch_size=24, learning_rate=5e-3)
    for _ in train(network, Labelled(tensor(X), torch.tensor(y)), phase="source_only", spec=spec, seed=0):
        pass
    return network.eval()


def problem(target: np.ndarray) -> tuple[Network, AdaptationData]:
    X, y = stripes(0)
    nothing = torch.empty(0, 3, 16, 16, dtype=torch.uint8)
    return copy.deepcopy(trained()), AdaptationData(
        tensor(X), torch.tensor(y), tensor(target), nothing, torch.empty(0, dtype=torch.int64)
    )


def right(network: Network, X: np.ndarray, y: np.ndarray) -> float:
    with torch.inference_mode():
        return float((network(tensor(X)).argmax(1).numpy() == y).mean())


def test_nights_that_it_never_saw_are_told_apart() -> None:
    by_day, y = stripes(1)
    by_night = night_pictures(by_day, np.random.default_rng(5), NIGHTS["standard"])
    network, data = problem(by_day)
    before = right(network, by_night, y)
    for _ in NightAugmentation(night="standard", epochs=12, learning_rate=3e-3).adapt(network, data):
        pass
    assert right(network, by_night, y) > max(before + 0.1, 0.7)
    assert right(network, by_day, y) > 0.9


def test_the_target_is_not_looked_at() -> None:
    ends = []
    for target in (stripes(1)[0], np.full((7, 16, 16, 3), 255, np.uint8)):
        network, data = problem(target)
        list(NightAugmentation(epochs=1).adapt(network, data))
        ends.append(network.state_dict())
    assert all(torch.equal(ends[0][name], ends[1][name]) for name in ends[0])


def test_every_epoch_has_new_nights_and_without_a_share_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []

    def remembered(*given: object) -> np.ndarray:
        made.append(night_pictures(*given))  # type: ignore[arg-type]
        return made[-1]

    monkeypatch.setattr("da_core.methods.adaptation.night_augmentation.night_pictures", remembered)
    network, data = problem(stripes(1)[0])
    list(NightAugmentation(epochs=2).adapt(network, data))
    assert not np.array_equal(made[0], made[1])
    made.clear()
    list(NightAugmentation(epochs=2, share=0).adapt(network, data))
    assert not made
