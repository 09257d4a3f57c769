"""The finished example that stands on the first screen: made once by a command, read by every visitor.

    python -m da_core make showcase

runs the experiment that “Try day → night” runs and writes ``assets/showcase``: a record as the store's, with layouts of
all epochs in place of features and model, and ``pictures.webp``, the held-out samples that its points stand for.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from da_core.events import Accuracies, Finished, Losses
from da_core.experiment import Experiment
from da_core.jobs.store import EXAMPLE_FOLDER
from da_core.run_folder import Record, read_record, record_in_memory, write_record
from da_core.teaching import picture_atlas
from da_core.teaching.picture_atlas import Atlas

COMMAND = "python -m da_core make showcase"
FOLDER = EXAMPLE_FOLDER
EXPERIMENT = Experiment(oracle=True)


@dataclass(frozen=True)
class Showcase:
    """The example run and a picture of each of its held-out samples, source first: (n, side, side, 3) uint8."""

    record: Record
    atlas: Atlas
    samples: NDArray[np.uint8]

    def samples_by_class(self) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Pick a source and a target sample of every class: two (classes, side, side, 3)."""
        evidence = self.record.evidence
        count = len(self.record.result.classes)
        source = [int(np.argmax(evidence.source_label == label)) for label in range(count)]
        target = [len(evidence.source_label) + int(np.argmax(evidence.target_label == label)) for label in range(count)]
        return self.samples[source], self.samples[target]


@functools.lru_cache(maxsize=1)
def read(folder: Path) -> Showcase:
    """Read what `make` wrote. Raises `UserError` if there is no such record, `OSError` if it has no pictures."""
    record = read_record(folder)
    encoded = (folder / "pictures.webp").read_bytes()
    count = len(record.evidence.source_label) + len(record.evidence.target_label)
    whole = Atlas.read(encoded, math.ceil(count / picture_atlas.COLUMNS))
    return Showcase(record, whole, whole.pictures()[:count])


def make(folder: Path, experiment: Experiment = EXPERIMENT) -> None:
    """Run ``experiment`` and write what the first screen shows of it."""
    from da_core.data.loading.cache import load_pair
    from da_core.run import run

    events = list(run(experiment))
    finished = events[-1]
    assert isinstance(finished, Finished)
    evidence = finished.evidence
    nothing = {when: np.empty((len(features), 0), np.float32) for when, features in evidence.source_features.items()}
    light = dataclasses.replace(
        evidence,
        source_features=nothing,
        target_features=nothing,
        state=None,
        snapshots={},
        embeddings=_layouts(record_in_memory("showcase", experiment, finished.result, evidence, ())),
    )
    history = [event for event in events if isinstance(event, Losses | Accuracies)]
    write_record(folder, experiment, finished.result, light, history, compress=True)
    pair = load_pair(experiment.data)
    samples = np.concatenate([pair.source.X[evidence.source_index], pair.target.X[evidence.target_index]])
    (folder / "pictures.webp").write_bytes(picture_atlas.sheet(samples))


def _layouts(record: Record) -> dict[str, NDArray[np.float32]]:
    """Lay out every stop on the way by PCA and UMAP, as the Features screen does."""
    from da_core.evaluation import layouts
    from da_core.evaluation.umap_and_pca import LayoutSettings

    chosen = [LayoutSettings("pca", record.experiment.seed), LayoutSettings("umap", record.experiment.seed)]
    return {
        f"{stop}/{settings.layout}": points
        for settings in chosen
        for stop, points in layouts.stops(record, settings)
        if stop != "kept"
    }
