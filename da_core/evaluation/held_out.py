"""What a model makes of the held-out samples, and what is kept of it as result and as evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from da_core.data.pair import UNKNOWN, DomainPair, Split
from da_core.evaluation.metrics import gain, scores
from da_core.evaluation.snapshots import SnapshotRecorder
from da_core.events import DomainScores, Evidence, Gain, Scored, Scores, When

Labels = NDArray[np.int64]


@dataclass(frozen=True)
class HeldOutPredictions:
    """Held-out features (n, d), after any map, predicted class indices (n,), and class probabilities (n, c).

    Of a third domain, where there is one, the last two.
    """

    source_features: NDArray[Any]
    target_features: NDArray[Any]
    source_predicted: NDArray[np.int64]
    target_predicted: NDArray[np.int64]
    source_probabilities: NDArray[np.floating[Any]]
    target_probabilities: NDArray[np.floating[Any]]
    third_predicted: NDArray[np.int64] | None = None
    third_probabilities: NDArray[np.floating[Any]] | None = None


@dataclass(frozen=True)
class EvidenceRows:
    """Which held-out samples are kept for pictures: positions in ``source_test`` and in ``target_test``."""

    source: NDArray[np.int64]
    target: NDArray[np.int64]


def choose_evidence_rows(split: Split, most: int | None, seed: int) -> EvidenceRows:
    """At most ``most`` samples of each domain, drawn by ``seed`` (None: all)."""
    rng = np.random.default_rng([seed, 1])
    source, target = (np.sort(rng.permutation(len(rows))[:most]) for rows in (split.source_test, split.target_test))
    return EvidenceRows(source, target)


@dataclass(frozen=True)
class HeldOutLabels:
    """True class indices (n,) of the samples that a `HeldOutPredictions` is at; −1 where a target sample has none."""

    source: NDArray[np.int64]
    target: NDArray[np.int64]
    third: NDArray[np.int64] | None = None


def domain_scores(look: HeldOutPredictions, truth: HeldOutLabels, classes: Sequence[str], seed: int) -> DomainScores:
    """Scores on all held-out samples of both domains and of the third, on those that have a label."""

    def scored(y: Labels | None, predicted: Labels | None, P: NDArray[np.floating[Any]] | None) -> Scores | None:
        if y is None or predicted is None or P is None or not (known := y != UNKNOWN).any():
            return None
        return scores(y[known], predicted[known], classes, P[known], seed)

    source = scored(truth.source, look.source_predicted, look.source_probabilities)
    assert source is not None  # nobody trains on a source without labels
    return DomainScores(
        target=scored(truth.target, look.target_predicted, look.target_probabilities),
        source=source,
        third=scored(truth.third, look.third_predicted, look.third_probabilities),
    )


def gains(before: HeldOutPredictions, after: HeldOutPredictions, truth: HeldOutLabels) -> dict[Scored, Gain]:
    """What adapting changed on each domain, of those of its samples that have a label."""
    parts: dict[Scored, tuple[Labels | None, Labels | None, Labels | None]] = {
        "target": (truth.target, before.target_predicted, after.target_predicted),
        "source": (truth.source, before.source_predicted, after.source_predicted),
        "third": (truth.third, before.third_predicted, after.third_predicted),
    }
    return {
        name: gain(y[known], was[known], now[known])
        for name, (y, was, now) in parts.items()
        if y is not None and was is not None and now is not None and (known := y != UNKNOWN).any()
    }


def evidence(
    looks: dict[When, HeldOutPredictions],
    shown: EvidenceRows,
    pair: DomainPair,
    split: Split,
    layouts: dict[str, NDArray[np.float32]],
    course: SnapshotRecorder | None,
    weights: NDArray[np.floating[Any]] | None,
    answers: NDArray[np.int64] | None,
    state: dict[str, Any] | None,
) -> Evidence:
    """The arrays of the shown samples. ``weights`` are those of all held-out source samples."""
    source_index, target_index = split.source_test[shown.source], split.target_test[shown.target]
    return Evidence(
        source_index=source_index,
        target_index=target_index,
        source_label=pair.source.y[source_index],
        target_label=pair.target.y[target_index],
        source_features={when: look.source_features[shown.source].astype(np.float32) for when, look in looks.items()},
        target_features={when: look.target_features[shown.target].astype(np.float32) for when, look in looks.items()},
        source_predicted={when: look.source_predicted[shown.source] for when, look in looks.items()},
        target_predicted={when: look.target_predicted[shown.target] for when, look in looks.items()},
        source_probabilities={
            w: look.source_probabilities[shown.source].astype(np.float32) for w, look in looks.items()
        },
        target_probabilities={
            w: look.target_probabilities[shown.target].astype(np.float32) for w, look in looks.items()
        },
        embeddings=layouts,
        weights=None if weights is None else weights[shown.source].astype(np.float32),
        answers=answers,
        state=state,
        snapshots=course.features if course is not None else {},
        snapshot_predicted=course.predicted if course is not None else {},
        snapshot_confidence=course.confidence if course is not None else {},
    )
