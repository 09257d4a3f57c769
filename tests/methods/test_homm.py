"""HoMM's loss against loops over every entry of the moments, and the sample of entries against all of them."""

from __future__ import annotations

import itertools
import math
import statistics

import pytest
import torch

from da_core.methods.alignment.homm import HoMM
from da_core.methods.base import Batch
from tests.methods.test_losses_stay_on_the_device import step
from tests.support.deep import batch, built, with_features


def by_loops(Xs: list[list[float]], Xt: list[list[float]], order: int) -> float:
    """The mean square of M_s − M_t as the definition says it, one entry at a time."""
    scale = math.sqrt(statistics.fmean(f * f for x in Xs + Xt for f in x))

    def entry(X: list[list[float]], indices: tuple[int, ...]) -> float:
        return statistics.fmean(math.prod(x[i] / scale for i in indices) for x in X)

    everywhere = itertools.product(range(len(Xs[0])), repeat=order)
    return statistics.fmean((entry(Xs, indices) - entry(Xt, indices)) ** 2 for indices in everywhere)


def loss(b: Batch, **hyperparameters: float) -> torch.Tensor:
    homm = HoMM(seed=0, **{"weight": 1.0, **hyperparameters})
    built(homm, b.source_features.shape[1])
    return homm.losses(b)["moments"]


@pytest.mark.parametrize("order", [1, 2, 3, 4])
@pytest.mark.parametrize(("n", "d"), [(7, 3), (3, 5)])
def test_it_is_the_mean_square_over_all_entries_of_the_tensors(order, n, d):
    b = batch(n, d, shift=0.7, dtype=torch.float64)
    expected = by_loops(b.source_features.tolist(), b.target_features.tolist(), order)
    assert loss(b, weight=2.5, order=order).item() == pytest.approx(2.5 * expected)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_a_sample_of_entries_comes_close_to_all_of_them(order):
    b, head = batch(16, 20, shift=0.5, dtype=torch.float64), torch.ones(20, 3, dtype=torch.float64)
    b = with_features(b, b.source_features.relu(), b.target_features.relu(), head)  # as a network's: with many zeros
    everything = loss(b, order=order).item()
    assert loss(b, order=order, entries=10_000).item() == pytest.approx(everything, rel=0.05)


def test_the_sample_is_of_the_entries_that_were_drawn():
    homm, b = HoMM(weight=1, order=3, entries=50), batch(6, 4, dtype=torch.float64)
    own = built(homm, 4)
    entries = own.get_buffer("entries")
    assert entries.shape == (3, 50)
    assert sorted(entries.unique().tolist()) == [0, 1, 2, 3]
    r = torch.cat([b.source_features, b.target_features]).square().mean().sqrt()
    S, T = (torch.einsum("bi,bj,bk->ijk", F, F, F) / (6 * r**3) for F in (b.source_features, b.target_features))
    expected = torch.stack([(S - T)[i, j, k] ** 2 for i, j, k in entries.T.tolist()]).mean()
    torch.testing.assert_close(homm.losses(b)["moments"], expected)


def test_the_seed_alone_draws_the_entries():
    first, again, other = (built(HoMM(seed=seed, entries=30)).get_buffer("entries") for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@pytest.mark.parametrize("entries", [0, 100])
def test_the_size_of_features_does_not_matter(entries):
    b = batch(dtype=torch.float64)
    larger = with_features(b, 1000 * b.source_features, 1000 * b.target_features, torch.ones(6, 3, dtype=torch.float64))
    torch.testing.assert_close(loss(larger, entries=entries), loss(b, entries=entries))


@pytest.mark.parametrize("entries", [0, 100])
def test_features_that_are_all_0_have_no_direction_and_stay(entries):
    F = torch.zeros(4, 6, requires_grad=True)
    loss(with_features(batch(4), F, F, torch.ones(6, 3)), entries=entries).backward()
    assert torch.equal(F.grad, torch.zeros(4, 6))


def test_a_step_with_drawn_entries_stays_on_the_device():
    step(HoMM(seed=0, entries=100))
