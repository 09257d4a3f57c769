"""JDA as an eigenproblem, its rounds, and what they are for."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist, pdist

from da_core.errors import UserError
from da_core.methods.alignment.jda import JDA
from da_core.methods.alignment.tca import TCA


@pytest.fixture
def pair():
    """Two classes; between the domains class 1 moves along the third axis, class 0 does not."""
    rng = np.random.default_rng(0)
    ys, yt = np.arange(160) % 2, np.arange(120) % 2
    Xs, Xt = (np.c_[4 * y + rng.normal(size=len(y)), rng.normal(size=(len(y), 3))] for y in (ys, yt))
    Xt[:, 2] += 3 * yt
    return Xs, ys, Xt, yt


def kernel(X):
    return np.exp(-cdist(X, X, "sqeuclidean") / (2 * np.median(pdist(X)) ** 2))


def test_without_labels_it_says_so(pair):
    with pytest.raises(UserError, match="needs source labels"):
        JDA().fit(pair[0], pair[2])


def test_the_first_round_is_tca_scaled_to_unit_variance(pair):
    Xs, ys, Xt, _ = pair
    jda = JDA(kernel="rbf", rounds=1, regularisation=0.1, dimensions=4).fit(Xs, Xt, ys).map_source(Xs)
    tca = TCA(mu=10.0, dimensions=4).fit(Xs, Xt).map_source(Xs)
    for one, other in zip(jda.T, tca.T, strict=True):
        assert np.corrcoef(one, other)[0, 1] == pytest.approx(1, abs=1e-8)


@pytest.mark.parametrize("form", ["rbf", "linear"])
def test_each_round_solves_the_papers_problem_for_the_pseudo_labels_of_the_one_before(pair, form):
    Xs, ys, Xt, _ = pair
    first, jda = (JDA(kernel=form, dimensions=3, regularisation=0.5, rounds=T).fit(Xs, Xt, ys) for T in (1, 2))
    X = np.concatenate([Xs, Xt])
    n = len(X)
    F = kernel(X) if form == "rbf" else X - X.mean(0)
    guessed = ys[cdist(first.map_target(Xt), first.map_source(Xs)).argmin(1)]
    M = np.zeros((n, n))
    for in_s, in_t in [(ys >= 0, guessed >= 0), (ys == 0, guessed == 0), (ys == 1, guessed == 1)]:
        ell = np.r_[in_s / in_s.sum(), -(in_t / in_t.sum())]
        M += np.outer(ell, ell)
    H = np.eye(n) - 1 / n
    A = jda._A
    np.testing.assert_allclose(A.T @ F.T @ H @ F @ A, n * np.eye(3), atol=1e-6)
    left = (F.T @ M @ F + 0.5 * np.eye(len(A))) @ A
    right = F.T @ H @ F @ A
    phi = np.diag(A.T @ left) / n
    assert np.abs(left - right * phi).max() < 1e-7 * np.abs(left).max()


def test_rounds_bring_each_class_together_where_the_means_alone_do_not(pair):
    Xs, ys, Xt, yt = pair

    def gaps(rounds):
        jda = JDA(rounds=rounds, dimensions=2, regularisation=1e-3).fit(Xs, Xt, ys)
        Zs, Zt = jda.map_source(Xs), jda.map_target(Xt)
        return max(np.linalg.norm(Zs[ys == c].mean(0) - Zt[yt == c].mean(0)) for c in (0, 1))

    assert gaps(10) < 0.5 * gaps(1)


def test_landmarks_come_near_the_exact_answer(pair):
    Xs, ys, Xt, _ = pair
    exact, near = (
        np.concatenate([jda.map_source(Xs), jda.map_target(Xt)])
        for chosen in ({}, {"exact_up_to": 0, "landmarks": 200})
        for jda in [JDA(kernel="rbf", dimensions=3, **chosen).fit(Xs, Xt, ys)]
    )
    assert np.linalg.norm(exact - near) < 0.05 * np.linalg.norm(exact)
