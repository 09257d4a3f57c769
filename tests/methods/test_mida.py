"""MIDA as an eigenproblem, and what its domain features are for."""

from __future__ import annotations

import numpy as np
import pytest

from da_core.methods.alignment.mida import MIDA
from da_core.networks.heads import fit_head
from tests.methods.test_tca import domains, matrices


@pytest.mark.parametrize("sizes", [(80, 60), (600, 500)], ids=["dense", "Lanczos"])
@pytest.mark.parametrize("mu", [0.1, 1.0])
def test_it_finds_the_leading_eigenvectors_of_the_papers_matrix(sizes, mu):
    Xs, Xt = domains(*sizes)
    D = np.repeat(np.eye(2), sizes, axis=0)
    K, H, _ = matrices(Xs, Xt)
    M = K @ (mu * H - H @ D @ D.T @ H) @ K
    W = MIDA(dimensions=4, mu=mu, augment=False, kernel="rbf").fit(Xs, Xt)._W
    W = W / np.linalg.norm(W, axis=0)
    np.testing.assert_allclose(W.T @ W, np.eye(4), atol=1e-8)
    values = np.diag(W.T @ M @ W)
    assert np.abs(M @ W - W * values).max() < 1e-9 * np.linalg.norm(M, 2)
    np.testing.assert_allclose(values, np.linalg.eigvalsh(M)[::-1][:4], rtol=1e-7)


def test_domain_features_let_the_map_shift_one_domain_against_the_other():
    rng = np.random.default_rng(0)
    Xs, Xt = rng.normal(size=(200, 3)), rng.normal(size=(200, 3)) + np.array([3, 0, 0])

    def gap(**chosen):
        mida = MIDA(kernel="linear", dimensions=3, mu=0.01, **chosen).fit(Xs, Xt)
        Zs, Zt = mida.map_source(Xs), mida.map_target(Xt)
        return np.abs(Zs.mean(0) - Zt.mean(0)).max(), Zs, Zt

    with_codes, Zs, Zt = gap()
    assert with_codes < 0.1 * Zs.std()
    # all three directions of the features are still there, which no single map of both domains could keep
    for X, Z in ((Xs, Zs), (Xt, Zt)):
        fit = np.linalg.lstsq(np.c_[Z, np.ones(200)], X, rcond=None)[0]
        assert np.abs(np.c_[Z, np.ones(200)] @ fit - X).max() < 1e-6
    _, Zs, _ = gap(augment=False)
    assert Zs.shape[1] == 2


@pytest.mark.parametrize(("shift", "least", "chosen"), [(0, 0.95, {}), (10, 0.94, {"augment": False})])
def test_components_that_say_more_of_the_domain_than_they_vary_are_left_out(shift, least, chosen):
    accuracies = []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        y = np.arange(300) % 3
        Xs, Xt = (3.5 * np.eye(3, 5)[y] + rng.normal(size=(300, 5)) for _ in range(2))
        Xt[:, 4] += shift
        mida = MIDA(kernel="linear", **chosen).fit(Xs, Xt)
        head = fit_head("linear", mida.map_source(Xs), y)
        accuracies.append((head.predict(mida.map_target(Xt)) == y).mean())
    assert np.mean(accuracies) > least
