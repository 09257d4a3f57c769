"""DeepJDOT's plan against POT's exact one, and its costs."""

from __future__ import annotations

import numpy as np
import ot
import pytest
import torch

from da_core.methods.alignment.deep_jdot import DeepJDOT, sinkhorn
from tests.support.deep import batch


def cost(n: int = 20, m: int = 20) -> torch.Tensor:
    return torch.rand(n, m, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(("n", "m"), [(20, 20), (15, 30)])
@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
def test_the_marginals_are_even(n, m, unit):
    plan = sinkhorn(unit * cost(n, m), 0.05, 300)
    np.testing.assert_allclose(plan.sum(0), np.full(m, 1 / m), rtol=1e-9)
    np.testing.assert_allclose(plan.sum(1), np.full(n, 1 / n), rtol=1e-3)
    assert (plan >= 0).all()


def test_with_the_default_iterations_the_marginals_are_near():
    b, jdot = batch(64), DeepJDOT()
    far, wrong = jdot.costs(b)
    plan = sinkhorn(far + wrong, jdot.params.smoothing, jdot.params.iterations)
    np.testing.assert_allclose(plan.sum(0), np.full(64, 1 / 64), rtol=1e-4)
    assert (plan.sum(1) - 1 / 64).abs().sum() < 0.05


def test_it_is_pots_entropic_plan_and_near_the_exact_one_for_little_smoothing():
    C = cost()
    even = np.full(20, 1 / 20)
    reference = ot.sinkhorn(even, even, C.numpy(), reg=0.05 * float(C.mean()), numItermax=10_000, stopThr=1e-12)
    np.testing.assert_allclose(sinkhorn(C, 0.05, 3000), reference, atol=1e-8)
    exact = ot.emd2(even, even, C.numpy())
    found = float((sinkhorn(C, 0.005, 5000) * C).sum())
    assert exact - 1e-6 <= found < 1.1 * exact


def test_the_plan_of_all_equal_costs_is_even_even_when_they_are_0():
    for value in (0.0, 3.0):
        torch.testing.assert_close(sinkhorn(torch.full((4, 5), value), 0.05, 10), torch.full((4, 5), 1 / 20))


def test_costs_are_squared_distances_and_cross_entropies_of_source_label_and_target_prediction():
    b, jdot = batch(5, dtype=torch.float64), DeepJDOT(alpha=0.5, lam=2)
    features, labels = jdot.costs(b)
    np.testing.assert_allclose(features, 0.5 * torch.cdist(b.source_features, b.target_features) ** 2)
    for i in range(5):
        for j in range(5):
            expected = -2 * torch.log(b.target_logits[j].softmax(0)[b.source_labels[i]])
            assert labels[i, j].item() == pytest.approx(expected.item())


def test_labels_steer_the_plan_where_features_say_nothing():
    same, y = torch.ones(6, 4), torch.arange(6) % 3
    logits = 5 * torch.eye(3)[y.flip(0)]
    b = batch(6)
    at = type(b)(same, same, logits, logits, y, b.progress)
    far, wrong = DeepJDOT().costs(at)
    plan = sinkhorn(far + wrong, 0.05, 100)
    matching = y[:, None] == y.flip(0)[None, :]
    assert plan[matching].sum() > 0.99
