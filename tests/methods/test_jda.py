"""JDA as an eigenproblem, its rounds, and what they are for."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from da_core.methods.alignment.jda import JDA
from da_core.methods.alignment.tca import TCA
from da_core.networks.heads import fit_head
from tests.methods.test_tca import matrices


@pytest.fixture
def pair():
    """Two classes; between the domains class 1 moves along the third axis, class 0 does not."""
    rng = np.random.default_rng(0)
    ys, yt = np.arange(160) % 2, np.arange(120) % 2
    Xs, Xt = (np.c_[4 * y + rng.normal(size=len(y)), rng.normal(size=(len(y), 3))] for y in (ys, yt))
    Xt[:, 2] += 3 * yt
    return Xs, ys, Xt, yt


def test_the_first_round_is_tca(pair):
    Xs, ys, Xt, _ = pair
    norm = 1 / len(Xs) + 1 / len(Xt)  # of ℓℓᵀ
    jda = JDA(kernel="rbf", rounds=1, regularisation=0.1, dimensions=4).fit(Xs, Xt, ys).map_source(Xs)
    tca = TCA(kernel="rbf", mu=10.0 / norm, dimensions=4).fit(Xs, Xt).map_source(Xs)
    for one, other in zip(jda.T, tca.T, strict=True):
        assert np.corrcoef(one, other)[0, 1] == pytest.approx(1, abs=1e-8)


@pytest.mark.parametrize("form", ["rbf", "linear"])
def test_each_round_solves_the_papers_problem_for_the_pseudo_labels_of_the_one_before(pair, form):
    Xs, ys, Xt, _ = pair
    first, jda = (JDA(kernel=form, dimensions=3, regularisation=0.5, rounds=T).fit(Xs, Xt, ys) for T in (1, 2))
    X = np.concatenate([Xs, Xt])
    n = len(X)
    centred = X - X.mean(0)
    F = matrices(Xs, Xt)[0] if form == "rbf" else centred / np.sqrt((centred**2).sum() / n)
    guessed = ys[cdist(first.map_target(Xt), first.map_source(Xs)).argmin(1)]
    M = np.zeros((n, n))
    for in_s, in_t in [(ys >= 0, guessed >= 0), (ys == 0, guessed == 0), (ys == 1, guessed == 1)]:
        ell = np.r_[in_s / in_s.sum(), -(in_t / in_t.sum())]
        M += np.outer(ell, ell)
    M /= np.linalg.norm(M)
    H = np.eye(n) - 1 / n
    A = jda._A
    np.testing.assert_allclose(np.linalg.norm(A, axis=0), 1)
    variances = A.T @ F.T @ H @ F @ A
    np.testing.assert_allclose(variances, np.diag(np.diag(variances)), atol=1e-8 * variances.max())
    left = (F.T @ M @ F + 0.5 * np.eye(len(A))) @ A
    right = F.T @ H @ F @ A
    phi = np.diag(A.T @ left) / np.diag(variances)
    assert np.abs(left - right * phi).max() < 1e-7 * np.abs(left).max()


def test_rounds_bring_each_class_together_where_the_means_alone_do_not(pair):
    Xs, ys, Xt, yt = pair

    def gaps(rounds):
        jda = JDA(rounds=rounds, dimensions=2, regularisation=1e-3).fit(Xs, Xt, ys)
        Zs, Zt = jda.map_source(Xs), jda.map_target(Xt)
        return max(np.linalg.norm(Zs[ys == c].mean(0) - Zt[yt == c].mean(0)) for c in (0, 1))

    assert gaps(10) < 0.5 * gaps(1)


@pytest.mark.parametrize(("count", "features"), [(1000, 128), (30, 60)])
@pytest.mark.parametrize("seed", range(3))
def test_it_stays_still_where_there_is_nothing_to_adapt(count, features, seed):
    rng = np.random.default_rng(seed)
    y = np.arange(count) % 3
    Xs, Xt = (4 * np.eye(3, features)[y] + rng.normal(size=(count, features)) for _ in range(2))
    before = (fit_head("linear", Xs, y).predict(Xt) == y).mean()
    jda = JDA().fit(Xs, Xt, y)
    after = (fit_head("linear", jda.map_source(Xs), y).predict(jda.map_target(Xt)) == y).mean()
    assert after > before - 0.03


def test_rows_have_unit_length_before_and_after_where_that_is_chosen(pair):
    Xs, ys, Xt, _ = pair
    lengths = np.random.default_rng(1).uniform(0.1, 10, size=(len(Xs), 1))
    before = JDA(unit_before=True, dimensions=3).fit(Xs, Xt, ys)
    np.testing.assert_allclose(before.map_source(Xs * lengths), before.map_source(Xs), atol=1e-12)
    longer = JDA(unit_before=True, dimensions=3).fit(Xs * lengths, Xt, ys)
    np.testing.assert_allclose(longer.map_target(Xt), before.map_target(Xt), atol=1e-7)
    after = JDA(unit_after=True, dimensions=3).fit(Xs, Xt, ys)
    np.testing.assert_allclose(np.linalg.norm(after.map_target(Xt), axis=1), 1)
