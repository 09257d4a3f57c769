"""Make layouts of a finished run's features: every epoch on the way, other settings and seeds, t-SNE; neighbours too.

Each function yields its pieces one by one, so that a screen can show the first while the next is made.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from da_core.evaluation import umap_and_pca
from da_core.evaluation.umap_and_pca import LayoutSettings
from da_core.methods.distances import nearest
from da_core.run_folder import Record

NEAREST = 5
"""Neighbours of a sample in the other domain that are shown."""
SEEDS = 5
TSNE_MOST = 300
"""Of each domain in t-SNE, whose time grows faster than their number."""

Pieces = Iterator[tuple[str, NDArray[Any]]]


def features(record: Record, when: Literal["before", "after"]) -> NDArray[np.float32]:
    """Join the held-out features (n, d) of both domains, source first."""
    evidence = record.evidence
    return np.concatenate([evidence.source_features[when], evidence.target_features[when]])


def stops(record: Record, settings: LayoutSettings) -> Pieces:
    """Yield the layout of each stop by name: before, after, the epochs on the way; ``"kept"``: the share of neighbours.

    t-SNE has no epochs on the way, and leaves samples out (NaN).
    """
    evidence, before, after = record.evidence, features(record, "before"), features(record, "after")
    if settings.layout == "tsne":
        rows = _some(len(evidence.source_label), len(before))
        for name, points in umap_and_pca.travel(before[rows], after[rows], {}, settings):
            everywhere = np.full((len(before), 2), np.nan, np.float32)
            everywhere[rows] = points
            yield name, everywhere
        return
    own = umap_and_pca.LayoutSettings(settings.layout, record.experiment.seed)
    names = [f"{when}/{settings.layout}" for when in ("before", "after")]
    ends = None
    if settings == own and all(name in evidence.embeddings for name in names):
        ends = (evidence.embeddings[names[0]], evidence.embeddings[names[1]])
    for name, points in umap_and_pca.travel(before, after, evidence.snapshots, settings, ends):
        yield name, points
        if name == "after":
            yield "kept", np.array(umap_and_pca.neighbour_preservation(after, points))


def by_seed(record: Record, settings: LayoutSettings) -> Pieces:
    """Yield UMAP layouts of "after" by `SEEDS` seeds, from the chosen one on, each turned onto the first."""
    first = None
    for seed in range(settings.seed, settings.seed + SEEDS):
        points = umap_and_pca.umap(features(record, "after"), seed, None, settings.neighbours, settings.min_dist)
        first = points if first is None else first
        yield str(seed), umap_and_pca.aligned(points, first)


def neighbours(record: Record) -> Pieces:
    """Yield, before and after, each sample's `NEAREST` of the other domain, nearest first: (n, k) indices."""
    evidence = record.evidence
    for when in ("before", "after"):
        Fs, Ft = evidence.source_features[when], evidence.target_features[when]  # type: ignore[index]
        _far, of_source = nearest(Fs, Ft, min(NEAREST, len(Ft)))
        _far, of_target = nearest(Ft, Fs, min(NEAREST, len(Fs)))
        k = min(of_source.shape[1], of_target.shape[1])
        yield when, np.concatenate([of_source[:, :k] + len(Fs), of_target[:, :k]])


def _some(source_count: int, count: int) -> NDArray[np.int64]:
    """At most `TSNE_MOST` rows of each domain, evenly spaced."""
    parts = ((0, source_count), (source_count, count))
    return np.concatenate(
        [np.linspace(low, high - 1, min(high - low, TSNE_MOST)).astype(np.int64) for low, high in parts]
    )
