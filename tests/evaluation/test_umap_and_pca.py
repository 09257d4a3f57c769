"""Layouts: what a person looks for in them, and that making them is safe."""

from __future__ import annotations

import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from sklearn.datasets import load_digits, make_blobs
from sklearn.manifold import trustworthiness
from sklearn.metrics import silhouette_score

from da_core.evaluation.umap_and_pca import (
    LayoutSettings,
    aligned,
    neighbour_preservation,
    pca,
    together,
    travel,
    tsne,
    umap,
    warm_up,
)


@pytest.fixture(scope="module")
def blobs():
    return make_blobs(300, 16, centers=5, cluster_std=1.0, random_state=0)


def test_clusters_stay_clusters(blobs):
    F, y = blobs
    points = umap(F, seed=0)
    assert points.shape == (300, 2)
    assert points.dtype == np.float32
    assert silhouette_score(points, y) > 0.6
    nearest = np.linalg.norm(points[:, None] - points[None], axis=2) + 1e9 * np.eye(300)
    assert (y[nearest.argmin(axis=1)] == y).mean() > 0.99


def test_neighbourhoods_are_kept_as_well_as_by_umap_learns_own_estimator():
    F = load_digits().data[:500]
    stock = 0.987  # UMAP(random_state=0, n_jobs=1) of umap-learn 0.5.12, whose first fit takes long to compile
    assert trustworthiness(F, umap(F, 0), n_neighbors=15) > stock - 0.01


def test_seeds_repeat(blobs):
    F, _ = blobs
    np.testing.assert_array_equal(umap(F, seed=3), umap(F, seed=3))
    assert not np.array_equal(umap(F, seed=3), umap(F, seed=4))


@pytest.mark.slow
@pytest.mark.parametrize("layout", ["umap", "pca", "tsne"])
def test_samples_whose_features_stayed_stay(blobs, layout):
    F, _ = blobs
    before, after = together(F, F, LayoutSettings(layout))
    moved = np.linalg.norm(after - before, axis=1)
    assert np.median(moved) < 0.15 * np.ptp(before, axis=0).max()


@pytest.mark.parametrize("layout", ["umap", "pca"])
def test_a_turned_feature_space_is_no_movement(blobs, layout):
    F, _ = blobs
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(16, 16)))[0]
    before, after = together(F, F @ turn + 5, LayoutSettings(layout))
    assert np.median(np.linalg.norm(after - before, axis=1)) < 0.15 * np.ptp(before, axis=0).max()


def test_domains_that_meet_in_feature_space_meet_in_the_picture(blobs):
    F, y = blobs
    domain = np.arange(300) % 2
    apart = F + 40 * domain[:, None]
    before, after = together(apart, F, LayoutSettings())
    assert silhouette_score(before, domain) > 0.3
    assert silhouette_score(after, domain) < 0.05
    assert silhouette_score(after, y) > 0.6


def test_pca_keeps_the_distances_of_a_plane_and_its_signs():
    rng = np.random.default_rng(0)
    flat = rng.normal(size=(50, 2)) * [5, 1]
    F = flat @ np.linalg.qr(rng.normal(size=(7, 2)))[0].T + 100
    points = pca(F)
    distances = np.linalg.norm(flat[:, None] - flat[None], axis=2)
    np.testing.assert_allclose(np.linalg.norm(points[:, None] - points[None], axis=2), distances, atol=1e-4)
    np.testing.assert_array_equal(points, pca(F))


def test_aligned_undoes_a_turn_a_mirror_and_a_move():
    points = np.random.default_rng(0).normal(size=(30, 2)).astype(np.float32)
    mirrored = points @ np.array([[0.6, 0.8], [0.8, -0.6]], dtype=np.float32) + 9
    np.testing.assert_allclose(aligned(mirrored, points), points, atol=1e-5)


@pytest.mark.parametrize(("n", "d"), [(1, 3), (2, 1), (5, 8), (9, 4), (10, 4), (14, 1), (16, 3)])
def test_a_handful_of_samples(n, d):
    F = np.random.default_rng(0).normal(size=(n, d))
    for points in together(F, 2 * F, LayoutSettings()):
        assert points.shape == (n, 2)
        assert np.isfinite(points).all()


def test_features_that_collapsed_have_a_layout():
    for F in (np.zeros((40, 3)), np.repeat(np.eye(2), 20, axis=0)):
        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)
            before, after = together(F, F, LayoutSettings())
        assert np.isfinite(before).all()
        assert np.isfinite(after).all()


def test_no_warning_reaches_the_log(blobs):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", ImportWarning)  # umap-learn's first import looks for TensorFlow
        together(blobs[0], blobs[0], LayoutSettings())
        warm_up()


def test_many_at_once_give_what_each_gives_alone(blobs):
    F, _ = blobs
    alone = [umap(F, seed) for seed in range(4)]
    with ThreadPoolExecutor(4) as pool:
        at_once = list(pool.map(lambda seed: umap(F, seed), range(4)))
    np.testing.assert_array_equal(alone, at_once)


@pytest.mark.slow
def test_tsne_keeps_clusters_and_repeats(blobs):
    F, y = blobs
    points = tsne(F, seed=1)
    assert silhouette_score(points, y) > 0.5
    np.testing.assert_array_equal(points, tsne(F, seed=1))
    assert tsne(F[:5], seed=0).shape == (5, 2)


@pytest.mark.parametrize("layout", ["umap", "pca"])
def test_points_travel_by_small_steps_and_arrive(blobs, layout):
    F, _ = blobs
    step = np.zeros(16)
    step[0] = 40
    domain = np.arange(300) % 2
    stops = {epoch: F + np.outer(domain, step) * (1 - float(epoch) / 10) for epoch in ("2", "5", "8")}
    before = F + np.outer(domain, step)
    settings = LayoutSettings(layout)
    way = dict(travel(before, F, stops, settings))
    assert list(way) == ["before", "after", "8", "5", "2"]
    np.testing.assert_array_equal(way["after"], together(before, F, settings)[1])
    size = np.ptp(way["after"], axis=0).max()
    for one, next_one in (("8", "after"), ("5", "8")):
        assert np.median(np.linalg.norm(way[one] - way[next_one], axis=1)) < 0.6 * size
    given = dict(travel(before, F, {}, settings, ends=(way["after"], way["before"])))
    np.testing.assert_array_equal(given["before"], way["after"])


def test_neighbour_preservation_of_a_plane_and_of_noise():
    rng = np.random.default_rng(0)
    flat, noise = rng.normal(size=(2, 200, 2)).astype(np.float32)
    assert neighbour_preservation(flat, 3 * flat + 1) == 1
    assert neighbour_preservation(flat, noise) == pytest.approx(15 / 199, abs=0.03)
    assert neighbour_preservation(flat[:1], flat[:1]) == 1
