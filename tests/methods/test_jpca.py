"""Joint PCA against scikit-learn's."""

from __future__ import annotations

import numpy as np
from sklearn.decomposition import PCA

from da_core.methods.alignment.jpca import JPCA


def test_it_is_the_pca_of_both_domains_together():
    rng = np.random.default_rng(0)
    turn = rng.normal(size=(6, 6))
    Xs, Xt = rng.normal(size=(90, 6)) @ turn, rng.normal(size=(70, 6)) @ turn + 3
    fitted = JPCA(dimensions=3).fit(Xs, Xt)
    theirs = PCA(3).fit(np.concatenate([Xs, Xt]))
    for ours, expected in (
        (fitted.map_source(Xs), theirs.transform(Xs)),
        (fitted.map_target(Xt), theirs.transform(Xt)),
    ):
        np.testing.assert_allclose(np.abs(ours), np.abs(expected), atol=1e-9)


def test_it_keeps_the_way_from_domain_to_domain_before_all_else():
    rng = np.random.default_rng(1)
    Xs, Xt = rng.normal(size=(100, 4)), rng.normal(size=(100, 4)) + np.array([0, 9, 0, 0])
    fitted = JPCA(dimensions=1).fit(Xs, Xt)
    gap = fitted.map_source(Xs).mean() - fitted.map_target(Xt).mean()
    assert abs(gap) > 8.5
