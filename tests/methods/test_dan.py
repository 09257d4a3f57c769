"""DAN's MMD against a double loop, and what its two estimates promise."""

from __future__ import annotations

import itertools
import math
import statistics
from dataclasses import replace

import pytest
import torch

from da_core.methods.alignment.dan import DAN, gaussian_kernel, mmd
from tests.support.deep import batch


def by_loops(Xs: list[list[float]], Xt: list[list[float]], count: int, unbiased: bool) -> float:
    """MMD² as the definition says it, one pair at a time."""
    both = Xs + Xt

    def squared(a: list[float], b: list[float]) -> float:
        return sum((u - v) ** 2 for u, v in zip(a, b, strict=True))

    between_all = sorted(squared(a, b) for a, b in itertools.permutations(both, 2))
    median = between_all[(len(between_all) - 1) // 2]

    def k(a: list[float], b: list[float]) -> float:
        widths = [2.0**j * median for j in range(-(count // 2), count // 2 + 1)]
        return statistics.fmean(math.exp(-squared(a, b) / width) for width in widths)

    def within(X: list[list[float]]) -> float:
        pairs = itertools.permutations(X, 2) if unbiased else itertools.product(X, X)
        return statistics.fmean(k(a, b) for a, b in pairs)

    return within(Xs) + within(Xt) - 2 * statistics.fmean(k(a, b) for a, b in itertools.product(Xs, Xt))


@pytest.mark.parametrize("count", [1, 5])
@pytest.mark.parametrize("estimate", ["unbiased", "biased"])
@pytest.mark.parametrize("shift", [0.0, 2.0])
@pytest.mark.parametrize("targets", [7, 6])  # the median is taken in another way where all together are odd
def test_it_is_the_definition(count, estimate, shift, targets):
    b = batch(7, 3, shift, dtype=torch.float64)
    b = replace(b, target_features=b.target_features[:targets])
    found = DAN(kernels=count, estimate=estimate).losses(b)["mmd"].item()
    assert found == pytest.approx(
        by_loops(b.source_features.tolist(), b.target_features.tolist(), count, estimate == "unbiased"), abs=1e-12
    )


def test_without_shift_the_unbiased_estimate_is_0_on_average_and_the_biased_one_always_above():
    generator = torch.Generator().manual_seed(0)
    kernels = [gaussian_kernel(torch.randn(32, 4, generator=generator), 5) for _ in range(300)]
    unbiased, biased = (torch.stack([mmd(K, 16, estimate) for K in kernels]) for estimate in ("unbiased", "biased"))
    assert abs(unbiased.mean()) < 3 * unbiased.std() / 300**0.5
    assert (unbiased < 0).float().mean() > 0.3
    assert (biased > 0).all()


def test_it_grows_with_the_shift_and_does_not_mind_the_unit_or_the_place():
    near, far = (DAN().losses(batch(64, shift=s))["mmd"].item() for s in (0.5, 2.0))
    assert 0 < near < far
    b = batch(32, dtype=torch.float64)
    X = torch.cat([b.source_features, b.target_features])
    torch.testing.assert_close(gaussian_kernel(1000 * X + 50, 5), gaussian_kernel(X, 5))


def test_far_from_the_origin_single_precision_still_sees_the_shift():
    generator = torch.Generator().manual_seed(0)
    X = torch.randn(32, 4, generator=generator)
    X[16:] += 1
    torch.testing.assert_close(gaussian_kernel(X + 1000, 5), gaussian_kernel(X, 5), rtol=0, atol=1e-3)
