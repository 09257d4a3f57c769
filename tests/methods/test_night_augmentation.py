"""Night augmentation: it gets by night what it never saw, and looks at no target."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from da_core.data.synthesis.night import night_pictures
from da_core.data.synthesis.night_conditions import NIGHTS
from da_core.methods.adaptation.night_augmentation import NightAugmentation
from tests.methods.test_every_method import adaptation_problem, right


def test_nights_that_it_never_saw_are_told_apart() -> None:
    network, data, y = adaptation_problem("night_augmentation", 0.7)
    by_day = np.ascontiguousarray(data.Xt.permute(0, 2, 3, 1).numpy())
    night = night_pictures(by_day, np.random.default_rng(5), NIGHTS["standard"])
    by_night = torch.from_numpy(night).permute(0, 3, 1, 2)
    before = right(network, by_night, y)
    for _ in NightAugmentation(night="standard", epochs=8, learning_rate=3e-3).adapt(network, data):
        pass
    assert right(network, by_night, y) > max(before + 0.1, 0.7)
    assert right(network, data.Xt, y) > 0.9


def test_the_target_is_not_looked_at() -> None:
    ends = []
    for level in (0, 255):
        network, data, _ = adaptation_problem("night_augmentation")
        blank = torch.full((7, 3, 16, 16), level, dtype=torch.uint8)
        list(NightAugmentation(epochs=1).adapt(network, replace(data, Xt=blank)))
        ends.append(network.state_dict())
    assert all(torch.equal(ends[0][name], ends[1][name]) for name in ends[0])


def test_every_epoch_has_new_nights_and_without_a_share_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []

    def remembered(*given: object) -> np.ndarray:
        made.append(night_pictures(*given))  # type: ignore[arg-type]
        return made[-1]

    monkeypatch.setattr("da_core.methods.adaptation.night_augmentation.night_pictures", remembered)
    network, data, _ = adaptation_problem("night_augmentation")
    list(NightAugmentation(epochs=2).adapt(network, data))
    assert not np.array_equal(made[0], made[1])
    made.clear()
    list(NightAugmentation(epochs=2, share=0).adapt(network, data))
    assert not made
