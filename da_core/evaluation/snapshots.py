"""Record snapshots of held-out features while a network adapts, at a bounded cost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from da_core.evaluation.umap_and_pca import components

MOST = 9
"""SnapshotsTaken of one run."""
COMPONENTS = 32
"""Principal components that are kept of each: neighbours hardly change, and a run's record stays small."""
_ARRAYS = ("features", "predicted", "confidence")
_LARGEST = float(np.finfo(np.float16).max)

View = Callable[[], tuple[NDArray[Any], NDArray[Any]]]
"""Features (n, d) and class probabilities (n, c) of the shown samples as the network is now."""


def snapshot_epochs(epochs: int) -> frozenset[int]:
    """Choose the epochs after which to take a snapshot: at most `MOST`, closer together early, when most moves.

    Epoch 0 is the network before its first step. The last epoch is not among them: that is "after" itself. A method
    without epochs has no snapshots.
    """
    if epochs == 0:
        return frozenset()
    chosen = {round(float(epoch)) for epoch in np.geomspace(1, epochs, MOST)}
    return frozenset({0, *chosen} - {epochs})


class SnapshotRecorder:
    """SnapshotsTaken of a network on its way through ``epochs`` epochs, each by its epoch ("0", "1", "4", …)."""

    def __init__(self, epochs: int) -> None:
        self._due = snapshot_epochs(epochs)
        self.features: dict[str, NDArray[np.float16]] = {}
        self.predicted: dict[str, NDArray[np.int16]] = {}
        self.confidence: dict[str, NDArray[np.float16]] = {}

    def observe(self, epoch: int, view: View) -> None:
        """Take a snapshot at an epoch's end if one is due; only then is ``view`` called."""
        if epoch not in self._due:
            return
        features, probabilities = view()
        if np.isfinite(features).all():
            self.features[str(epoch)] = _small(features)
            self.predicted[str(epoch)] = probabilities.argmax(axis=1).astype(np.int16)
            self.confidence[str(epoch)] = probabilities.max(axis=1).astype(np.float16)

    def state(self) -> dict[str, Any]:
        """Give all snapshots so far, as tensors by name and epoch."""
        return {
            name: {epoch: torch.from_numpy(array) for epoch, array in getattr(self, name).items()} for name in _ARRAYS
        }

    def restore(self, state: dict[str, Any], epoch: float) -> None:
        """Take over what `state` gave after an epoch; none is taken any more up to that one."""
        for name in _ARRAYS:
            setattr(self, name, {at: tensor.numpy() for at, tensor in state[name].items()})
        self._due = frozenset(due for due in self._due if due > epoch)

    def discard_from(self, epoch: float) -> None:
        """Discard the snapshots from ``epoch`` on: training ended there, or was rolled back to it."""
        for name in [name for name in self.features if int(name) >= epoch]:
            del self.features[name], self.predicted[name], self.confidence[name]


def _small(F: NDArray[Any]) -> NDArray[np.float16]:
    few = components(F, min(COMPONENTS, F.shape[1]))
    return np.clip(few, -_LARGEST, _LARGEST).astype(np.float16)
