"""Lay feature vectors out in the plane: PCA at once, UMAP and t-SNE when they are ready, all stops in one frame.

Every UMAP computation of the process goes through one lock: two at once can abort it (numba's threads).
"""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
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


@dataclass(frozen=True)
class LayoutSettings:
    """A layout's kind and its settings; PCA uses none of the numbers, t-SNE only the seed."""

    layout: Layout = "umap"
    seed: int = 0
    neighbours: int = 15
    min_dist: float = 0.1

    def layout_of(self, F: Features, start: Points | None = None) -> Points:
        """Lay features (n, d) out as (n, 2); with ``start``, a layout of the same samples, begin there."""
        match self.layout:
            case "pca":
                return pca(F, start)
            case "tsne":
                return tsne(F, self.seed, start)
            case "umap":
                return umap(F, self.seed, start, self.neighbours, self.min_dist)


def together(before: Features, after: Features, settings: LayoutSettings) -> tuple[Points, Points]:
    """Lay the same n samples out before and after adapting, features (n, d) and (n, d′), in one frame.

    What moves between them moved in feature space: the second starts from the first and is turned onto it.
    """
    first = settings.layout_of(before)
    return first, settings.layout_of(after, start=first)


def travel(
    before: Features,
    after: Features,
    snapshots: Mapping[str, Features],
    settings: LayoutSettings,
    ends: tuple[Points, Points] | None = None,
) -> Iterator[tuple[str, Points]]:
    """Lay out all stops, one after another: ``"before"``, ``"after"``, then ``snapshots`` from the last to the first.

    Yields names with layouts. All show the same n samples in one frame. Each begins from its neighbour in time, so that
    what comes near the end of training joins "after" without a jump. ``ends`` are layouts of before and after that
    there are already.
    """
    first, last = ends if ends is not None else together(before, after, settings)
    yield "before", first
    yield "after", last
    for name in sorted(snapshots, key=float, reverse=True):
        last = settings.layout_of(snapshots[name], start=last)
        yield name, last


def components(F: Features, count: int) -> Points:
    """Compute the first principal components of features (n, d), as (n, count); missing ones are 0.

    Signs follow scikit-learn's rule: the largest loading is positive.

    >>> components(np.array([[-1.0, 0.0], [1.0, 0.0]]), 2).round(3)
    array([[-1.,  0.],
           [ 1.,  0.]], dtype=float32)
    """
    from sklearn.decomposition import PCA

    centred = _centred(F)
    projected = np.zeros((len(F), count), dtype=np.float32)
    if centred.any():  # features that all fell onto one point have no components
        most = min(count, *centred.shape)
        projected[:, :most] = PCA(most, random_state=0).fit_transform(centred)
    return projected


def pca(F: Features, start: Points | None = None) -> Points:
    """Lay features (n, d) out by their first two principal components, as (n, 2).

    With ``start``, a layout of the same samples, they are turned onto it (`aligned`).

    >>> pca(np.array([[-2.0, 0.0, 1.0], [2.0, 0.0, 1.0]])).shape
    (2, 2)
    """
    points = components(F, 2)
    return points if start is None else aligned(points, start)


def tsne(F: Features, seed: int, start: Points | None = None) -> Points:
    """Lay features (n, d) out by t-SNE (van der Maaten and Hinton 2008), as (n, 2): some seconds for 600 samples.

    It begins from PCA or from ``start``, a layout of the same samples, onto which the result is then turned. Fewer than
    `FEWEST_FOR_UMAP` samples get PCA.

    >>> tsne(np.random.default_rng(0).normal(size=(60, 5)), seed=0).shape
    (60, 2)
    """
    from sklearn.manifold import TSNE

    if len(F) < FEWEST_FOR_UMAP:
        return pca(F, start)
    fresh = start is None
    begin = 1e-4 * _unit(pca(F)) if start is None else start - start.mean(axis=0)
    optimiser = TSNE(
        2,
        perplexity=min(30.0, (len(F) - 1) / 3),
        init=begin,
        early_exaggeration=12.0 if fresh else 1.0,  # to pull clusters together first would undo the start
        max_iter=1000 if fresh else 500,
        random_state=seed,
        n_jobs=1,
    )
    points = np.asarray(optimiser.fit_transform(_centred(F)), dtype=np.float32)
    return points if start is None else aligned(points, start)


def neighbour_preservation(F: Features, points: Points, k: int = 15) -> float:
    """Measure the share of each sample's k nearest in feature space (n, d) among its k nearest in the plane (n, 2).

    1 where the picture keeps every neighbourhood; the rest is what no picture of it can show.

    >>> plane = np.random.default_rng(0).normal(size=(60, 2))
    >>> neighbour_preservation(plane, plane.astype(np.float32))
    1.0
    """
    from da_core.methods.distances import nearest

    k = min(k, len(F) - 1)
    if k < 1:
        return 1.0
    (_, true), (_, seen) = (nearest(_centred(X), _centred(X), k, skip_same=True) for X in (F, points))
    return float(np.mean([len(np.intersect1d(a, b)) / k for a, b in zip(true, seen, strict=True)]))


def umap(F: Features, seed: int, start: Points | None = None, neighbours: int = 15, min_dist: float = 0.1) -> Points:
    """Lay features (n, d) out by UMAP (McInnes, Healy and Melville 2018), as (n, 2), the same for the same seed.

    Neighbours are exact. It begins from PCA, or from ``start``, a layout of the same samples, in fewer epochs and
    turned onto it at the end. Fewer than `FEWEST_FOR_UMAP` samples get PCA: there is no neighbourhood to keep.

    >>> umap(np.random.default_rng(0).normal(size=(60, 5)), seed=0).shape
    (60, 2)
    """
    if len(F) < FEWEST_FOR_UMAP:
        return pca(F, start)
    with _one_at_a_time:
        points = _umap(_centred(F), seed, start, min(neighbours, len(F) - 1), min_dist)
    return points if start is None else aligned(points, start)


def warm_up() -> None:
    """Import UMAP and let numba compile all that `umap` runs, or load what it has compiled before."""
    F = np.random.default_rng(0).normal(size=(4 * FEWEST_FOR_UMAP, 4))
    together(F, F, LayoutSettings())


def aligned(points: Points, onto: Points) -> Points:
    """Turn, mirror and move ``points`` (n, 2) onto another layout of the same samples; distances stay (Procrustes).

    >>> square = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    >>> bool(np.allclose(aligned(square[:, ::-1] + 5, square), square, atol=1e-6))
    True
    """
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

    _keep_what_is_compiled()
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


@functools.cache
def _keep_what_is_compiled() -> None:
    """Have numba keep on disk what it compiles of UMAP: umap-learn does not, and every process compiled for seconds."""
    from numba.core.dispatcher import Dispatcher
    from umap import layouts, umap_, utils

    for module in (layouts, umap_, utils):
        for each in vars(module).values():
            if isinstance(each, Dispatcher):
                with contextlib.suppress(RuntimeError):  # of numba where no folder can be written: compiled again, then
                    each.enable_caching()


def _unit(points: Points) -> Points:
    """Scaled so that the first axis has a standard deviation of 1, at which scikit-learn's t-SNE begins."""
    spread = float(points[:, 0].std())
    return points / spread if spread > 0 else points


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
