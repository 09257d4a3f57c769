"""Subspace alignment against its formula, written another way."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import PCA

from da_core.methods.alignment.subspace_alignment import SubspaceAlignment


@pytest.fixture
def pair():
    rng = np.random.default_rng(0)
    Xs = rng.gamma(2, size=(200, 6)) @ rng.normal(size=(6, 6)) + 3
    Xt = rng.gamma(2, size=(150, 6)) @ rng.normal(size=(6, 6)) - 1
    return Xs, Xt


def between(A, B):
    return np.linalg.norm(A[:, None] - B, axis=-1)


@pytest.mark.parametrize("d", [1, 3, 6])
@pytest.mark.parametrize("standardise", [True, False])
def test_the_map_is_the_papers(pair, d, standardise):
    Xs, Xt = ((X - X.mean(0)) / (X.std(0) if standardise else 1) for X in pair)
    Ps, Pt = (PCA(d).fit(X).components_.T for X in (Xs, Xt))
    expected_s, expected_t = Xs @ Ps @ Ps.T @ Pt, Xt @ Pt
    ours = SubspaceAlignment(dimensions=d, standardise=standardise).fit(*pair)
    got_s, got_t = ours.map_source(pair[0]), ours.map_target(pair[1])
    assert got_s.shape == (200, d)
    np.testing.assert_allclose(between(got_s, got_t), between(expected_s, expected_t), atol=1e-8)


def test_equal_domains_end_equal(pair):
    ours = SubspaceAlignment(dimensions=3).fit(pair[0], pair[0])
    np.testing.assert_allclose(ours.map_source(pair[0]), ours.map_target(pair[0]), atol=1e-9)


def test_a_turn_of_both_domains_changes_nothing_without_standardising(pair):
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(6, 6)))[0]
    here, there = pair, tuple(X @ turn for X in pair)
    one, other = (
        between(ours.map_source(Xs), ours.map_target(Xt))
        for Xs, Xt in (here, there)
        for ours in [SubspaceAlignment(dimensions=3, standardise=False).fit(Xs, Xt)]
    )
    np.testing.assert_allclose(one, other, atol=1e-8)


def test_a_direction_that_only_the_source_has_is_dropped():
    rng = np.random.default_rng(0)
    shared = rng.gamma(2, size=(300, 1))
    source = np.c_[shared, 5 * rng.normal(size=(300, 1)), np.zeros((300, 1))]
    target = np.c_[shared, np.zeros((300, 1)), 0.1 * rng.normal(size=(300, 1))]
    ours = SubspaceAlignment(dimensions=1, standardise=False).fit(source[:, [0, 2, 1]], target)
    assert ours.map_source(source[:, [0, 2, 1]]).std() < 1
