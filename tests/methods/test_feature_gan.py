"""The feature GAN: where it starts, what it learns beyond that, and that it leaves everything else alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from da_core.errors import UserError
from da_core.methods.alignment import feature_gan
from da_core.methods.alignment.feature_gan import FeatureGAN
from da_core.networks.heads import fit_head

CENTRES = np.array([[2.5, 0.0], [-2.5, 0.0], [0.0, 3.0]])


@pytest.fixture
def turned():
    """Three classes; the target is turned by 35°, which no scaling of features undoes."""
    y = np.arange(300) % 3
    Xs, Xt = (CENTRES[y] + np.random.default_rng(seed).normal(size=(300, 2)) for seed in (0, 1))
    angle = np.deg2rad(35)
    return Xs, Xt @ np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]), y


def test_at_step_0_it_matches_mean_and_deviation_and_no_more(turned):
    Xs, Xt, _ = turned
    gan = FeatureGAN(steps=0).fit(Xs, Xt)
    expected = (Xt - Xt.mean(0)) / Xt.std(0) * Xs.std(0) + Xs.mean(0)
    np.testing.assert_allclose(gan.map_target(Xt), expected, atol=1e-12)
    np.testing.assert_array_equal(gan.map_source(Xs), Xs)


@pytest.mark.slow
def test_the_players_undo_what_scaling_cannot(turned):
    Xs, Xt, y = turned
    head = fit_head("linear", Xs, y)
    start, end = (FeatureGAN(steps=steps).fit(Xs, Xt).map_target(Xt) for steps in (0, 400))
    before, after = ((head.predict(mapped) == y).mean() for mapped in (start, end))
    assert before < 0.88
    assert after > before + 0.05


def test_the_seed_decides_and_nobody_elses_draws_do(turned):
    Xs, Xt, _ = turned

    def mapped(seed):
        return FeatureGAN(steps=5, seed=seed).fit(Xs, Xt).map_target(Xt)

    torch.manual_seed(1)
    state = torch.random.get_rng_state()
    first = mapped(0)
    assert torch.equal(state, torch.random.get_rng_state())
    torch.manual_seed(2)
    np.testing.assert_array_equal(mapped(0), first)
    assert not np.array_equal(mapped(1), first)


def test_players_that_diverge_are_told_of(turned, monkeypatch):
    def broken(self, source, target):
        generator = feature_gan.Generator(2, 8)
        torch.nn.init.constant_(generator.straight.bias, float("nan"))
        return generator

    monkeypatch.setattr(FeatureGAN, "_played", broken)
    with pytest.raises(UserError, match="diverged"):
        FeatureGAN().fit(turned[0], turned[1])
