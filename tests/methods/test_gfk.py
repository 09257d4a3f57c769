"""The geodesic flow kernel against numeric integration along the geodesic."""

from __future__ import annotations

import numpy as np
import pytest

from da_core.methods.alignment.gfk import GFK, geodesic_kernel


def basis(size: int, d: int, seed: int):
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(size, d)))[0]


def integrated(Ps, Pt, points: int = 60):
    """∫ Φ(τ) Φ(τ)ᵀ dτ by Gauss-Legendre, Φ from the logarithm map of the Grassmannian."""
    tangent = (Pt - Ps @ (Ps.T @ Pt)) @ np.linalg.inv(Ps.T @ Pt)
    W, s, Zh = np.linalg.svd(tangent, full_matrices=False)
    theta = np.arctan(s)
    nodes, weights = np.polynomial.legendre.leggauss(points)
    total = 0
    for tau, weight in zip((nodes + 1) / 2, weights / 2, strict=True):
        flow = Ps @ Zh.T * np.cos(tau * theta) + W * np.sin(tau * theta)
        total = total + weight * flow @ flow.T
    return total


@pytest.mark.parametrize(("size", "d"), [(6, 1), (10, 4), (7, 5), (3, 3)])
def test_the_closed_form_is_the_integral(size, d):
    Ps, Pt = basis(size, d, 0), basis(size, d, 1)
    np.testing.assert_allclose(geodesic_kernel(Ps, Pt), integrated(Ps, Pt), atol=1e-8)


def test_subspaces_that_share_directions_or_are_perpendicular():
    shared = np.eye(5)[:, :2]
    np.testing.assert_allclose(geodesic_kernel(shared, shared), shared @ shared.T, atol=1e-12)
    one, other = np.eye(2)[:, :1], np.eye(2)[:, 1:]
    # a quarter turn: the mean of (cos, sin)(cos, sin)ᵀ over it
    expected = np.array([[0.5, 1 / np.pi], [1 / np.pi, 0.5]])
    G = geodesic_kernel(one, other)
    np.testing.assert_allclose(np.abs(G), expected, atol=1e-12)


def test_inner_products_of_mapped_samples_are_the_kernel():
    rng = np.random.default_rng(0)
    Xs, Xt = rng.gamma(2, size=(60, 6)), rng.gamma(3, size=(50, 6)) @ rng.normal(size=(6, 6))
    gfk = GFK(dimensions=2, standardise=False).fit(Xs, Xt)
    Ps, Pt = (np.linalg.svd(X - X.mean(0))[2][:2].T for X in (Xs, Xt))
    expected = (Xs - Xs.mean(0)) @ integrated(Ps, Pt) @ (Xt - Xt.mean(0)).T
    np.testing.assert_allclose(gfk.map_source(Xs) @ gfk.map_target(Xt).T, expected, atol=1e-7)
