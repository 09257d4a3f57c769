"""Snapshots of a network's way: when they are taken, what they keep, and what they cost in memory."""

from __future__ import annotations

import numpy as np
import pytest

from da_core.evaluation.snapshots import COMPONENTS, MOST, SnapshotRecorder, snapshot_epochs
from da_core.evaluation.umap_and_pca import pca
from da_core.methods.distances import nearest


@pytest.mark.parametrize("epochs", [1, 2, 3, 10, 30, 500])
def test_there_are_few_snapshots_and_more_of_them_early(epochs: int) -> None:
    taken = sorted(snapshot_epochs(epochs))
    assert taken[0] == 0
    assert taken[-1] < epochs
    assert len(taken) <= MOST
    assert (np.diff(np.diff(taken)) >= -1).all()
    if epochs <= 3:
        assert taken == list(range(epochs))


def test_a_snapshot_keeps_neighbours_and_the_picture_in_a_bounded_space() -> None:
    rng = np.random.default_rng(0)
    F = (rng.normal(size=(400, 20)) @ rng.normal(size=(20, 512)) + rng.normal(size=(400, 512)) / 10).astype(np.float32)
    recorder = SnapshotRecorder(10)
    recorder.observe(1, lambda: (F, 0.8 * np.eye(3)[np.arange(400) % 3] + 0.1))
    (kept,) = recorder.features.values()
    assert kept.nbytes <= 400 * COMPONENTS * 2
    (_, true), (_, seen) = (nearest(X, X, 10, skip_same=True) for X in (F, kept.astype(np.float32)))
    assert np.mean([len(set(a) & set(b)) for a, b in zip(true, seen, strict=True)]) > 9
    np.testing.assert_allclose(pca(kept, start=pca(F)), pca(F), atol=0.05 * np.abs(pca(F)).max())
    assert recorder.predicted["1"].tolist() == (np.arange(400) % 3).tolist()
    np.testing.assert_allclose(recorder.confidence["1"], 0.9, atol=1e-3)


def test_only_due_epochs_are_looked_at_and_what_was_undone_is_forgotten() -> None:
    asked = []

    def view() -> tuple[np.ndarray, np.ndarray]:
        asked.append(True)
        return np.ones((4, 2)), np.ones((4, 1))

    recorder = SnapshotRecorder(100)
    for epoch in range(1, 60):
        recorder.observe(epoch, view)
    assert len(asked) == len([epoch for epoch in snapshot_epochs(100) if 0 < epoch < 60])
    recorder.discard_from(10)  # it diverged, and went back
    assert recorder.features
    assert max(int(epoch) for epoch in recorder.features) < 10
    assert recorder.features.keys() == recorder.predicted.keys() == recorder.confidence.keys()


def test_features_too_large_for_half_precision_stay_finite_and_broken_ones_are_left_out() -> None:
    recorder = SnapshotRecorder(3)
    recorder.observe(0, lambda: (np.array([[1e6, 0], [-1e6, 1], [0, 2]]), np.ones((3, 1))))
    recorder.observe(1, lambda: (np.array([[np.nan, 0], [1, 1]]), np.ones((2, 1))))
    assert list(recorder.features) == ["0"]
    assert np.isfinite(recorder.features["0"]).all()
