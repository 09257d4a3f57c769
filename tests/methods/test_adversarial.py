"""What adversarial methods share: the reversed gradient, how λ grows, a penalty on slopes, and the games."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from da_core.methods.alignment.adda import ADDA
from da_core.methods.alignment.cdan import CDAN
from da_core.methods.alignment.dann import DANN
from da_core.methods.alignment.mdd import MDD
from da_core.methods.alignment.shared.adversarial import answer_and_slope, ramp, reverse_gradient, two_layers
from tests.support.deep import batch, built


def test_reversal_is_the_identity_forward_and_minus_lambda_backward():
    F = torch.randn(4, 3, requires_grad=True)
    out = reverse_gradient(F, torch.tensor(0.3))
    assert torch.equal(out, F)
    out.square().sum().backward()
    torch.testing.assert_close(F.grad, -0.3 * 2 * F.detach())


@pytest.mark.parametrize("p", [0.0, 0.1, 0.5, 1.0])
def test_lambda_grows_as_in_the_paper(p):
    assert ramp(torch.tensor(p), 10).item() == pytest.approx(2 / (1 + math.exp(-10 * p)) - 1, abs=1e-6)


def test_a_critics_slope_is_that_of_its_answers_and_can_be_learned_from() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        critic = two_layers(5, 16).double()
        x, step = torch.randn(7, 5, dtype=torch.float64), 1e-6
    answers, slopes = answer_and_slope(critic, x)
    torch.testing.assert_close(answers, critic(x).squeeze(1))
    for place in range(5):
        moved = x.clone()
        moved[:, place] += step
        torch.testing.assert_close((critic(moved).squeeze(1) - answers) / step, slopes[:, place], rtol=1e-4, atol=1e-6)
    slopes.square().sum().backward()
    assert all(layer.weight.grad is not None for layer in critic if isinstance(layer, nn.Linear))


@pytest.mark.parametrize(
    ("method", "critic", "losses", "inputs"),
    [
        (DANN, "classifier", "classifier_losses", 6),
        (CDAN, "classifier", "classifier_losses", 6 * 3),
        (ADDA, "discriminator", "critic_losses", 6),
    ],
)
def test_the_slope_of_a_linear_critic_is_its_weight(method, critic, losses, inputs):
    """R1, Mescheder et al. 2018: the mean squared norm of the logit's gradient at what the critic sees."""
    deep, b, linear = method(penalty=3.0), batch(8), nn.Linear(inputs, 1)
    built(deep)
    setattr(deep, critic, nn.Sequential(linear))
    expected = 3 * linear.weight.square().sum().item()
    assert getattr(deep, losses)(b)["gradient penalty"].item() == pytest.approx(expected, rel=1e-5)


def test_danns_loss_is_the_cross_entropy_of_the_domains():
    dann, b = DANN(), batch(8)
    built(dann)
    on_source = dann.domain_logits(b.source_features, b.source_logits).sigmoid()
    on_target = dann.domain_logits(b.target_features, b.target_logits).sigmoid()
    expected = -(on_source.log().sum() + (1 - on_target).log().sum()).item() / 16
    assert dann.losses(b)["domain"].item() == pytest.approx(expected, rel=1e-5)
    assert dann.classifier_losses(b)["domain"].item() == pytest.approx(expected, rel=1e-5)
    assert dann.feature_losses(b)["fooling"].item() == pytest.approx(-dann.strength(b).item() * expected, rel=1e-5)


@pytest.mark.parametrize("method", [DANN, CDAN, MDD])
def test_both_games_pull_the_features_the_same_way(method):
    """What the features get from the reversed gradient is what they get in a turn of their own."""
    gradients: list[torch.Tensor] = []
    for turn in ("losses", "feature_losses"):
        deep, b = method(), batch(8)
        built(deep)
        b.target_features.requires_grad_()
        (value,) = getattr(deep, turn)(b).values()
        gradients += torch.autograd.grad(value, b.target_features)
    torch.testing.assert_close(*gradients)


@pytest.mark.parametrize("method", [DANN, MDD])
def test_the_papers_game_is_one_turn_and_the_steady_one_two(method):
    assert [turn.times for turn in method(game="reversal").turns()] == [1]
    steady = [(turn.parts, turn.times) for turn in method(moves=4).turns()]
    assert steady == [(("own",), 4), (("extractor", "head"), 1)]
