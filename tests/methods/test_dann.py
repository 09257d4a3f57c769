"""DANN: the domain loss, the paper's one step, and the steady game."""

from __future__ import annotations

import math

import pytest
import torch

from da_core.methods.alignment.dann import DANN
from tests.support.deep import batch, built


def test_the_loss_is_the_cross_entropy_of_the_domains():
    dann, b = DANN(), batch(8)
    built(dann)
    on_source = dann.domain_logits(b.source_features, b.source_logits).sigmoid()
    on_target = dann.domain_logits(b.target_features, b.target_logits).sigmoid()
    expected = -(on_source.log().sum() + (1 - on_target).log().sum()) / 16
    assert dann.losses(b)["domain"].item() == pytest.approx(expected.item(), rel=1e-5)
    assert dann.classifier_losses(b)["domain"].item() == pytest.approx(expected.item(), rel=1e-5)
    assert dann.feature_losses(b)["fooling"].item() == pytest.approx(
        -dann.strength(b).item() * expected.item(), rel=1e-5
    )


def test_a_domain_classifier_that_cannot_learn_stays_at_ln_2():
    dann, b = DANN(), batch(8)
    own = built(dann)
    for weight in own.parameters():
        torch.nn.init.zeros_(weight)
    assert dann.losses(b)["domain"].item() == pytest.approx(math.log(2))


def test_the_slope_of_a_linear_domain_classifier_is_its_weight():
    """R1, Mescheder et al. 2018: the mean squared norm of the logit's gradient at the features."""
    dann, b = DANN(penalty=3.0), batch(8)
    built(dann)
    linear = torch.nn.Linear(b.source_features.shape[1], 1)
    dann.classifier = torch.nn.Sequential(linear)
    expected = 3 * linear.weight.square().sum()
    assert dann.classifier_losses(b)["gradient penalty"].item() == pytest.approx(expected.item(), rel=1e-5)


def test_both_games_pull_the_features_the_same_way():
    """What the features get from the reversed gradient is what they get in a turn of their own."""
    gradients = []
    for turn in ("losses", "feature_losses"):
        dann, b = DANN(), batch(8)
        built(dann)
        b.source_features.requires_grad_()
        (value,) = getattr(dann, turn)(b).values()
        (gradient,) = torch.autograd.grad(value, b.source_features)
        gradients.append(gradient)
    torch.testing.assert_close(*gradients)


def test_the_papers_game_is_one_turn_and_the_steady_one_two():
    assert [turn.times for turn in DANN(game="reversal").turns()] == [1]
    assert [(turn.parts, turn.times) for turn in DANN(moves=4).turns()] == [(("own",), 4), (("extractor", "head"), 1)]
