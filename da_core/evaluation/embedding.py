"""Layouts of feature vectors in the plane: PCA at once, UMAP when it is ready, before and after in one frame.

Every UMAP computation of the process goes through one lock: two at once can abort it (numba's threads).
"""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

from da_core.events import Layout

Features = NDArray[np.floating[Any]]
Points = NDArray[np.float32]

FEWEST_FOR_UMAP = 10
EPOCHS = 200
EPOCHS_FROM_START = 100
_one_at_a_time = threading.Lock()


def together(before: Features, after: Features, seed: int, layout: Layout = "umap") -> tuple[Points, Points]:
    """Layouts of the same n samples before and after adapting, features (n, d) and (n, d′), in one frame.

    What moves between them moved in feature space: the second starts from the first and is turned onto it.
    """
    if layout == "pca":
        first = pca(before)
        return first, pca(after, start=first)
    first = umap(before, seed)
    return first, umap(after, seed, start=first)


def pca(F: Features, start: Points | None = None) -> Points:
    """The first two principal components of features (n, d), as (n, 2); missing ones are 0.

    Signs follow scikit-learn's rule (the largest loading is positive). With ``start``, a layout of the same samples,
    the result is turned onto it instead (`aligned`).
    """
    from sklearn.decomposition import PCA

    centred = _centred(F)
    points = np.zeros((len(F), 2), dtype=np.float32)
    if centred.any():  # features that all fell onto one point have no components
        count = min(2, *centred.shape)
        points[:, :count] = PCA(count, random_state=0).fit_transform(centred)
    return points if start is None else aligned(points, start)


def umap(F: Features, seed: int, start: Points | None = None, neighbours: int = 15, min_dist: float = 0.1) -> Points:
    """UMAP (McInnes, Healy and Melville 2018) of features (n, d), as (n, 2); the same seed gives the same layout.

    Neighbours are exact. It begins from PCA, or from ``start``, a layout of the same samples, in fewer epochs and
    turned onto it at the end. Fewer than `FEWEST_FOR_UMAP` samples get PCA: there is no neighbourhood to keep.
    """
    if len(F) < FEWEST_FOR_UMAP:
        return pca(F, start)
    with _one_at_a_time:
        points = _umap(_centred(F), seed, start, min(neighbours, len(F) - 1), min_dist)
    return points if start is None else aligned(points, start)


def warm_up() -> None:
    """Import UMAP and let numba compile all that `umap` runs, which takes seconds once in a process."""
    F = np.random.default_rng(0).normal(size=(4 * FEWEST_FOR_UMAP, 4))
    together(F, F, seed=0)


def aligned(points: Points, onto: Points) -> Points:
    """Turn, mirror and move ``points`` (n, 2) onto another layout of the same samples; distances stay (Procrustes)."""
    from scipy.linalg import orthogonal_procrustes

    centre, target = points.mean(axis=0), onto.mean(axis=0)
    turn, _ = orthogonal_procrustes(points - centre, onto - target)
    turned: Points = ((points - centre) @ turn + target).astype(np.float32)
    return turned


def _umap(F: Points, seed: int, start: Points | None, neighbours: int, min_dist: float) -> Points:
    """umap-learn's own steps one by one, since its estimator offers neither of two things that are needed here.

    It computes distances through a Python function (given exact neighbours it still warns), and it squeezes a given
    start into a square, so that samples move although their features did not.
    """
    from sklearn.neighbors import NearestNeighbors
    from umap.layouts import optimize_layout_euclidean
    from umap.umap_ import find_ab_params, fuzzy_simplicial_set, make_epochs_per_sample

    random_state = np.random.RandomState(seed)
    distances, indices = NearestNeighbors(n_neighbors=neighbours, algorithm="brute").fit(F).kneighbors(F)
    distances[:, 0] = 0  # of a sample to itself; the rounding error that stands there would change the graph
    graph, _, _ = fuzzy_simplicial_set(
        F,
        neighbours,
        random_state,
        "euclidean",
        knn_indices=indices.astype(np.int32),
        knn_dists=distances.astype(np.float32),
    )
    epochs = EPOCHS if start is None else EPOCHS_FROM_START
    graph = graph.tocoo()
    graph.data[graph.data < graph.data.max() / epochs] = 0  # too weak to be drawn even once
    graph.eliminate_zeros()

    points = _initial(F) if start is None else start
    # a little noise, as umap-learn adds it: samples on one spot could not part
    points = np.ascontiguousarray(points + random_state.normal(scale=1e-4, size=points.shape), dtype=np.float32)
    a, b = find_ab_params(spread=1.0, min_dist=min_dist)
    return optimize_layout_euclidean(  # type: ignore[no-any-return]
        points,
        points,
        graph.row,
        graph.col,
        epochs,
        len(F),
        make_epochs_per_sample(graph.data, epochs),
        a,
        b,
        random_state.randint(-(2**31) + 1, 2**31 - 1, 3).astype(np.int64),
        initial_alpha=1.0 if start is None else 0.5,
        move_other=True,
    )


def _initial(F: Points) -> Points:
    """PCA, ten units wide: the size at which umap-learn begins."""
    points = pca(F)
    width = np.ptp(points, axis=0).max()
    return points * (10 / width) if width > 0 else points


def _centred(F: Features) -> Points:
    """float32 around 0: distances between vectors far from the origin would lose their digits."""
    exact = np.asarray(F, dtype=np.float64)
    centred: Points = np.ascontiguousarray(exact - exact.mean(axis=0), dtype=np.float32)
    return centred
