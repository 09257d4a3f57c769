"""WDGRL: a critic that finds the Wasserstein distance where it is known."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from da_core.methods.alignment.wdgrl import WDGRL, distance
from tests.support.deep import batch, built, train_own, turns_of


def test_the_critic_finds_the_distance_between_shifted_normals():
    wdgrl, b = WDGRL(hidden=64), batch(256, d=4, shift=2.0)  # a translation by 2 along four axes: W₁ = 4
    train_own(wdgrl, built(wdgrl, 4), b, steps=400)
    # a penalty ρ bounds the slope softly: s W − ρ (s − 1)² is largest at s = 1 + W / 2ρ
    on_source, on_target = wdgrl.critic(b.source_features), wdgrl.critic(b.target_features)
    assert distance(on_source, on_target).item() == pytest.approx(4 * (1 + 4 / 20), rel=0.1)
    middle = torch.cat([on_source, on_target]).mean()
    right = (on_source > middle).float().mean() + (on_target <= middle).float().mean()
    assert right / 2 > 0.9
    slope = torch.autograd.grad(wdgrl.critic(F := b.source_features.requires_grad_()).sum(), F)[0].norm(dim=1)
    assert slope.mean().item() == pytest.approx(1.2, abs=0.15)


def test_the_losses_of_a_linear_critic_are_known():
    wdgrl, b = WDGRL(), batch(8, d=4)
    linear = torch.nn.Linear(4, 1)
    wdgrl.critic = torch.nn.Sequential(linear)
    with torch.no_grad():
        linear.weight.copy_(torch.tensor([[2.0, 0.0, 0.0, 0.0]]))
    W = 2 * (b.source_features - b.target_features)[:, 0].mean().item()
    penalty = (2 - 1) ** 2
    assert wdgrl.critic_losses(b)["critic"].item() == pytest.approx(-W + 10 * penalty, rel=1e-4)
    assert wdgrl.losses(b)["wasserstein"].item() == pytest.approx(0.1 * W, rel=1e-4)


def test_the_critic_moves_five_times_and_alone_and_the_penalty_teaches_it():
    wdgrl, b = WDGRL(), batch(8)
    own = built(wdgrl)
    (critic,) = turns_of(wdgrl, "own")
    assert (critic.parts, critic.times, critic.with_class) == (("own",), 5, False)
    same = replace(b, target_features=b.source_features)  # with one domain, W is 0 whatever the critic
    wdgrl.critic_losses(same)["critic"].backward()
    assert next(own.parameters()).grad.abs().sum() > 0
