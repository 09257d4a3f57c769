"""MCD: three moves, each of the parts that the paper says."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from da_core.methods.alignment.mcd import MCD
from da_core.methods.base import Batch
from tests.support.deep import deeply, space


def test_who_moves_when():
    a, b, c = MCD(generator_steps=3).turns()
    assert (set(a.parts), a.times, a.with_class) == ({"extractor", "head", "own"}, 1, True)
    assert (set(b.parts), b.times, b.with_class) == ({"head", "own"}, 1, False)
    assert (set(c.parts), c.times, c.with_class) == ({"extractor"}, 3, False)


def test_the_discrepancy_is_the_mean_distance_of_probabilities():
    mcd = MCD(weight=1)
    mcd.build(2, 2)
    with torch.no_grad():
        mcd.second.weight.copy_(100 * torch.eye(2))
        mcd.second.bias.zero_()
    features, logits = torch.tensor([[1.0, 0.0], [0.0, 1.0]]), torch.tensor([[9e3, 0.0], [9e3, 0.0]])
    at = Batch(features, features, logits, logits, torch.tensor([0, 1]), torch.tensor(1.0))
    # the heads agree on the first sample and differ by 1 in both classes of the second: (0 + 1) / 2
    assert mcd.discrepancy(at).item() == pytest.approx(0.5)
    source = cross_entropy(logits, at.source_labels) + cross_entropy(100 * features, at.source_labels)
    lam = math.tanh(5)  # 2 / (1 + e^−10) − 1
    assert mcd.dispute(at)["dispute"].item() == pytest.approx(source.item() - lam * 0.5, rel=1e-5)
    assert mcd.agree(at)["agreement"].item() == pytest.approx(source.item() + lam * 0.5, rel=1e-5)
    alone = MCD(keep_source=False, weight=2)
    alone.second = mcd.second
    assert alone.agree(at)["agreement"].item() == pytest.approx(2 * lam * 0.5)


@pytest.mark.slow
def test_it_brings_in_what_lies_just_outside_the_source():
    """A mild shift, over three seeds; of a large one it may take whole classes to the wrong side."""
    gains = []
    for seed in range(3):
        problem = (*space(320, 10 * seed), *space(320, 10 * seed + 1, 1.2))
        gains.append(deeply(MCD, *problem, seed=seed, weight=1)[0] - deeply(None, *problem, seed=seed)[0])
    assert min(gains) > -0.01
    assert np.mean(gains) > 0.01
