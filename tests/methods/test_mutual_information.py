"""Mutual information where it is known: nothing, ln 2, and in between by counting."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from da_core.methods.alignment.mutual_information import MutualInformation
from da_core.methods.base import Batch
from tests.support.deep import built, turns_of


def two(shift: float, n: int = 1000) -> Batch:
    """N(0, 1) and N(shift, 1)."""
    generator = torch.Generator().manual_seed(0)
    Fs, Ft = torch.randn(n, 1, generator=generator), shift + torch.randn(n, 1, generator=generator)
    none = torch.zeros(n, 2)
    return Batch(Fs, Ft, none, none, torch.zeros(n, dtype=torch.long), torch.tensor(0.5))


def truth(shift: float) -> float:
    """I(f; D) of two even normals: the Jensen–Shannon divergence, by summation on a grid."""
    x = np.linspace(-10, 10 + shift, 20_001)
    p, q = (np.exp(-((x - at) ** 2) / 2) / math.sqrt(2 * math.pi) for at in (0, shift))
    m = (p + q) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = np.nan_to_num(p * np.log(p / m)) + np.nan_to_num(q * np.log(q / m))
    return float(parts.sum() * (x[1] - x[0]) / 2)


def estimate(bound: str, shift: float) -> float:
    method, b = MutualInformation(bound=bound), two(shift)
    own = built(method, 1)
    (critic,) = turns_of(method, "own")
    optimizer = torch.optim.Adam(own.parameters(), lr=1e-2)
    for _ in range(300):
        optimizer.zero_grad()
        critic.losses(b)["critic"].backward()
        optimizer.step()
    return method.losses(b)["nats"].item()


@pytest.mark.slow
@pytest.mark.parametrize("shift", [0.0, 1.0, 2.0])
def test_mine_finds_what_counting_finds(shift):
    assert estimate("MINE", shift) == pytest.approx(truth(shift), abs=0.04)


@pytest.mark.slow
@pytest.mark.parametrize("shift", [0.5, 1.0, 2.0])
def test_club_is_an_upper_bound(shift):
    # the bound's own value where q is the true conditional: half the mean of the log-odds, that is shift² / 4
    found = estimate("CLUB", shift)
    assert found > truth(shift)
    assert found == pytest.approx(shift**2 / 4, rel=0.25)


def test_club_is_near_0_without_shift():
    assert abs(estimate("CLUB", 0.0)) < 0.03


@pytest.mark.parametrize("bound", ["CLUB", "MINE"])
def test_the_estimate_in_nats_is_shown_and_not_trained(bound):
    method, b = MutualInformation(bound=bound, weight=0.5), two(1.0, 20)
    built(method, 1)
    b.source_features.requires_grad_()
    losses = method.losses(b)
    assert not losses["nats"].requires_grad
    assert losses["information"].requires_grad
    assert losses["information"].item() == pytest.approx(0.5 * losses["nats"].item())


@pytest.mark.parametrize("bound", ["CLUB", "MINE"])
def test_a_constant_critic_sees_no_information(bound):
    method, b = MutualInformation(bound=bound), two(1.0, 20)
    for weight in built(method, 1).parameters():
        torch.nn.init.zeros_(weight)
    assert method.losses(b)["nats"].item() == pytest.approx(0, abs=1e-6)
