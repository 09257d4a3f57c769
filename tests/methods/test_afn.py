"""AFN: the value says nothing, the gradient is the method."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from da_core.methods.alignment.afn import AFN, stepwise
from tests.support.deep import CENTRES, batch, deeply


def test_the_gradient_lengthens_every_feature_alike_whatever_its_norm():
    F = torch.tensor([[3.0, 4.0], [0.03, 0.04], [300.0, 400.0]], requires_grad=True)
    value = stepwise(F, 1.5)
    value.backward()
    assert value.item() == pytest.approx(1.5**2)
    torch.testing.assert_close(F.grad, torch.tensor([[0.6, 0.8]] * 3) * -2 * 1.5 / 3)


def test_both_domains_take_part():
    assert AFN(weight=0.5, step=2).losses(batch())["feature norm"].item() == pytest.approx(0.5 * 2 * 4)


def test_a_feature_of_norm_0_has_no_direction_and_stays():
    F = torch.zeros(3, 2, requires_grad=True)
    stepwise(F, 1.0).backward()
    assert torch.equal(F.grad, torch.zeros(3, 2))


def test_it_helps_where_the_target_is_faint():
    """All of the target, light and noise alike, is two fifths of the source's, and no class lies at the origin; the
    weight is the paper's.
    """

    def lit(seed: int, brightness: float):
        rng = np.random.default_rng(seed)
        y = rng.integers(0, 3, 320)
        return brightness * (np.c_[CENTRES[y] + 3, np.zeros((320, 4))] + 0.7 * rng.normal(size=(320, 6))), y

    problem = (*lit(0, 1.0), *lit(1, 0.4))
    assert deeply(AFN, *problem, weight=0.05)[0] > deeply(None, *problem)[0] + 0.09
