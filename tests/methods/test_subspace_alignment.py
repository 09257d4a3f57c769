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
