"""CORAL against its formula, written another way, and against what it promises."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.linalg import inv, sqrtm

from da_core.methods.alignment.coral import CORAL
from da_core.methods.alignment.deep_coral import coral_loss


@pytest.fixture
def pair():
    rng = np.random.default_rng(0)
    Xs = rng.normal(size=(300, 5)) @ rng.normal(size=(5, 5)) + 3
    Xt = rng.normal(size=(200, 5)) @ rng.normal(size=(5, 5)) - 1
    return Xs, Xt


@pytest.mark.parametrize("regularisation", [1e-9, 1e-2, 1.0, 100.0])
@pytest.mark.parametrize("center", [True, False])
def test_the_map_is_the_papers(pair, regularisation, center):
    Xs, Xt = pair
    Cs, Ct = (np.cov(X, rowvar=False, ddof=0) + regularisation * np.eye(5) for X in pair)
    A = inv(sqrtm(Cs)) @ sqrtm(Ct)
    expected = (Xs - Xs.mean(0)) @ A + Xt.mean(0) if center else Xs @ A

    coral = CORAL(regularisation=regularisation, center=center).fit(Xs, Xt)

    np.testing.assert_allclose(coral.map_source(Xs), expected, atol=1e-6)
    np.testing.assert_array_equal(coral.map_target(Xt), Xt)


def test_deep_corals_loss_is_the_papers(pair):
    gap = np.subtract(*(np.cov(X, rowvar=False) for X in pair))
    assert coral_loss(*map(torch.tensor, pair)).item() == pytest.approx(np.square(gap).sum() / (4 * 25))


def test_it_agrees_with_skada(pair):
    """Theirs puts both domains at zero: ours is the same but for one common translation."""
    from skada import CORALAdapter

    Xs, Xt = pair
    domain = np.repeat([1, -2], [len(Xs), len(Xt)])
    theirs = CORALAdapter(reg=1e-9).fit(np.concatenate([Xs, Xt]), sample_domain=domain)
    moved = theirs.transform(np.concatenate([Xs, Xt]), sample_domain=domain, allow_source=True)
    coral = CORAL(regularisation=1e-9).fit(Xs, Xt)
    ours = np.concatenate([coral.map_source(Xs), coral.map_target(Xt)]) - Xt.mean(0)
    np.testing.assert_allclose(moved, ours, atol=1e-6)
