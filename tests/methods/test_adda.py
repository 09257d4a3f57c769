"""ADDA: labels inverted, the source's network untouched, a target encoder of its own."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from da_core.experiment import TrainingSpec
from da_core.methods.alignment.adda import ADDA
from da_core.networks import networks
from da_core.training.loop import train
from da_core.training.model import Labelled, as_inputs
from tests.support.deep import batch, built, train_own


def test_the_losses_are_the_papers_with_labels_inverted():
    adda, b = ADDA(), batch(8)
    built(adda)
    on_source = adda.domain_logits(b.source_features, b.source_logits).sigmoid()
    on_target = adda.domain_logits(b.target_features, b.target_logits).sigmoid()
    expected = -on_source.log().mean() - (1 - on_target).log().mean()
    assert adda.critic_losses(b)["domain"].item() == pytest.approx(expected.item(), rel=1e-5)
    assert adda.losses(b)["fooling"].item() == pytest.approx(-on_target.log().mean().item(), rel=1e-5)


def test_the_features_get_a_strong_gradient_even_where_the_discriminator_wins():
    adda, b = ADDA(hidden=32, penalty=0), batch(64, shift=3.0)
    train_own(adda, built(adda), b, steps=150)
    assert adda.critic_losses(b)["domain"] < 0.05
    b.target_features.requires_grad_()
    adda.losses(b)["fooling"].backward()
    fooling = b.target_features.grad.norm()
    b.target_features.grad.zero_()
    adda.critic_losses(b)["domain"].backward()
    assert fooling > 10 * b.target_features.grad.norm()


def test_only_the_targets_extractor_moves_and_towards_the_source():
    rng, device = np.random.default_rng(0), torch.device("cpu")
    Xs = rng.normal(size=(128, 3))
    source, target = Labelled(as_inputs(Xs, device), torch.arange(128) % 2), as_inputs(Xs + 1, device)
    mlp = networks()["mlp"]
    start, network = (mlp(hidden=16).network((3,), 2, seed=0) for _ in range(2))
    before = {name: value.clone() for name, value in start.state_dict().items()}
    start.eval()
    list(
        train(
            network,
            source,
            phase="adapt",
            spec=TrainingSpec(epochs=12, batch_size=32),
            seed=0,
            method=ADDA(hidden=64),
            target=target,
            source_network=start,
        )
    )
    assert all(torch.equal(value, before[name]) for name, value in start.state_dict().items())
    assert torch.equal(network.head.weight, before["head.weight"])
    with torch.no_grad():
        home, was, now = start.embed(source.X).mean(0), start.embed(target).mean(0), network.embed(target).mean(0)
    assert (now - home).norm() < 0.7 * (was - home).norm()
