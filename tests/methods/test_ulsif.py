"""uLSIF and RuLSIF against densratio and against leaving samples out one by one."""

from __future__ import annotations

import numpy as np
import pytest

from da_core.methods.distances import gaussian_kernel
from da_core.methods.reweighting.rulsif import RuLSIF
from da_core.methods.reweighting.ulsif import ULSIF, Moments, leave_one_out


@pytest.fixture
def pair():
    rng = np.random.default_rng(0)
    return rng.normal(size=(150, 2)), rng.normal(0.5, 0.8, (60, 2))


@pytest.mark.parametrize("alpha", [0.0, 0.1, 0.5])
@pytest.mark.parametrize("ridge", [0.01, 1.0])
def test_the_fit_is_densratios(pair, alpha, ridge):
    import densratio

    densratio.set_compute_kernel_target("numpy")  # what numba compiles for it has taken a test process down
    Xs, Xt = pair
    ours = RuLSIF(alpha=alpha, width=0.7, regularisation=ridge).fit(Xs, Xt)
    # all target samples are centres in both, so that nothing is drawn at random
    theirs = densratio.RuLSIF(Xt, Xs, alpha=alpha, sigma_range=[ours.sigma], lambda_range=[ridge], verbose=False)
    np.testing.assert_allclose(ours.ratio(Xs), np.ravel(theirs.compute_density_ratio(Xs)), atol=1e-8)


def test_without_a_share_of_the_target_rulsif_is_ulsif(pair):
    Xs, Xt = pair
    np.testing.assert_allclose(RuLSIF(alpha=0).weights(Xs, Xt), ULSIF().weights(Xs, Xt))


@pytest.mark.parametrize("alpha", [0.0, 0.3])
@pytest.mark.parametrize("most", [1, 3], ids=["single rows", "rows with copies"])
def test_the_closed_form_is_that_of_leaving_out_one_by_one(pair, alpha, most):
    rng = np.random.default_rng(1)
    copies = [rng.integers(1, most + 1, len(X)) for X in pair]
    rows = [np.repeat(np.arange(len(X)), often) for X, often in zip(pair, copies, strict=True)]
    source, target = (gaussian_kernel(X, pair[1][:20], 0.8) for X in pair)
    all_s, all_t = source[rows[0]], target[rows[1]]
    pairs, ridge, errors = 25, 0.1, []
    for i in range(pairs):
        s, t = all_s[rows[0] != i], all_t[rows[1] != i]
        H = (1 - alpha) * s.T @ s / len(s) + alpha * t.T @ t / len(t)
        theta = np.maximum(np.linalg.solve(H + ridge * np.eye(20), t.mean(axis=0)), 0)
        w_s, w_t = source[i] @ theta, target[i] @ theta
        often_s, often_t = (often[i] / often[:pairs].mean() for often in copies)
        errors.append((1 - alpha) / 2 * often_s * w_s**2 + often_t * (alpha / 2 * w_t**2 - w_t))
    often = np.stack([each[:pairs] for each in copies], axis=1)
    closed = leave_one_out(Moments.of(all_s, all_t), source[:pairs], target[:pairs], often, ridge, alpha)
    np.testing.assert_allclose(closed, errors, atol=1e-10)
