"""A small finished run with known numbers, and a scripted one, for tests of the screens."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from da_core.data.pair import Domain, DomainPair, Provenance
from da_core.evaluation.metrics import gain, scores
from da_core.events import (
    Accuracies,
    DomainScores,
    Embedded,
    Event,
    Evidence,
    Finished,
    Layout,
    Losses,
    Progress,
    Result,
    Samples,
    Shift,
    ShiftMeasures,
    Stage,
    StageStarted,
    When,
)
from da_core.experiment import Experiment
from da_core.training.prepared import filled_in

CLASSES = ("cat", "dog", "=SUM(A1)")
PER_CLASS = 10


def pair() -> DomainPair:
    """Ten pictures a class in each domain, 8 × 8; the source is dark, the target light."""
    y = np.repeat(np.arange(len(CLASSES)), PER_CLASS)
    dark, light = (np.full((len(y), 8, 8, 3), shade, np.uint8) for shade in (40, 200))
    about = Provenance(title="Made up", origin="a test", licence="none", shift="appearance")
    return DomainPair(Domain("dark", dark, y), Domain("light", light, y), CLASSES, about)


def _predicted(right: int) -> NDArray[np.int64]:
    """``right`` of each class are predicted as they are, the others as the next class."""
    y = pair().source.y
    wrong = np.tile(np.arange(PER_CLASS) >= right, len(CLASSES))
    return np.where(wrong, (y + 1) % len(CLASSES), y)


def _probabilities(right: int) -> NDArray[np.float32]:
    """Each prediction of `_predicted` is 70 % sure."""
    others = 0.3 / (len(CLASSES) - 1)
    return np.where(np.eye(len(CLASSES))[_predicted(right)] == 1, 0.7, others).astype(np.float32)


@functools.cache  # its intervals are drawn again and again
def _scores(right: int) -> DomainScores:
    """Of a network that has ``right`` of each class right on the target, and all on the source."""
    y = pair().source.y
    target = scores(y, _predicted(right), CLASSES, _probabilities(right))
    return DomainScores(target=target, source=scores(y, y, CLASSES))


def finished(*, weights: bool = False, oracle: bool = False) -> Finished:
    """Source only knows half of the target, adapted 8 of 10 of each class, both all of the source."""
    y = pair().source.y
    rng = np.random.default_rng(0)
    count = 2 * len(y)
    moments: tuple[When, ...] = ("before", "after")
    features = {when: rng.normal(size=(len(y), 4)).astype(np.float32) for when in moments}
    names = [f"{when}/{layout}" for when in moments for layout in ("pca", "umap")]
    result = Result(
        source_only=_scores(5),
        adapted=_scores(8),
        oracle=_scores(10) if oracle else None,
        gain={"target": gain(y, _predicted(5), _predicted(8)), "source": gain(y, y, y)},
        shift=Shift(
            before=ShiftMeasures(proxy_a_distance=1.9, mmd=0.41), after=ShiftMeasures(proxy_a_distance=0.7, mmd=0.05)
        ),
        classes=list(CLASSES),
        seconds={"load": 0.4, "source_only": 9.0},
        recipe={"seed": 0},
        weights={"samples": 30, "effective_sample_size": 21.0, "largest_share": 0.1} if weights else None,
    )
    evidence = Evidence(
        source_index=np.arange(len(y)),
        target_index=np.arange(len(y)),
        source_label=y,
        target_label=y,
        source_features=features,
        target_features=features,
        source_predicted={"before": y, "after": y},
        target_predicted={"before": _predicted(5), "after": _predicted(8)},
        embeddings={name: rng.normal(size=(count, 2)).astype(np.float32) for name in names},
        weights=np.linspace(0.1, 1.9, len(y)).astype(np.float32) if weights else None,
        source_probabilities={"before": _probabilities(10), "after": _probabilities(10)},
        target_probabilities={"before": _probabilities(5), "after": _probabilities(8)},
    )
    return Finished(result, evidence)


def reaching(accuracy: float) -> Finished:
    """`finished`, but adapted reaches this accuracy on the target."""
    end = finished()
    assert end.result.adapted.target is not None
    target = end.result.adapted.target.model_copy(update={"accuracy": accuracy})
    adapted = end.result.adapted.model_copy(update={"target": target})
    return Finished(end.result.model_copy(update={"adapted": adapted}), end.evidence)


def history() -> tuple[Losses | Accuracies, ...]:
    """Two epochs of source only, two of adapting with a domain classifier that ends at a coin's accuracy."""
    return (
        Losses("source_only", 1.0, {"class": 1.2}),
        Accuracies("source_only", 1.0, {"source": 0.9, "target": 0.4}),
        Losses("source_only", 2.0, {"class": 0.3}),
        Accuracies("source_only", 2.0, {"source": 0.99, "target": 0.5}),
        Losses("adapt", 1.0, {"class": 1.0, "domain": 0.6}),
        Accuracies("adapt", 1.0, {"source": 0.9, "target": 0.6, "domain": 0.95}),
        Losses("adapt", 2.0, {"class": 0.4, "domain": 0.69}),
        Accuracies("adapt", 2.0, {"source": 0.98, "target": 0.8, "domain": 0.52}),
    )


def embedded(layout: Layout) -> Embedded:
    """What a live run tells of the layout before adapting: the same samples as the finished one's."""
    evidence = finished().evidence
    samples = Samples(
        source_count=len(evidence.source_label),
        label=np.concatenate([evidence.source_label, evidence.target_label]),
        predicted=np.concatenate([evidence.source_predicted["before"], evidence.target_predicted["before"]]),
        classes=CLASSES,
    )
    return Embedded("before", layout, evidence.embeddings[f"before/{layout}"], samples)


def scripted(wait: Callable[[], None], end: BaseException | Finished) -> Callable[..., Iterator[Event]]:
    """A run that trains source only, waits until it may go on, and comes to ``end``."""

    def run(experiment: Experiment, *, should_stop: Callable[[], bool]) -> Iterator[Event]:
        stages: tuple[Stage, ...] = ("load", "source_only", "before", "adapt", "after")
        yield StageStarted("load", stages)
        yield StageStarted("source_only", stages)
        yield from history()[:4]
        yield embedded("pca")
        yield Progress(0.4, 12.0)
        wait()
        if isinstance(end, BaseException):
            raise end
        yield made_by_this_version(end, experiment)

    return run


def made_by_this_version(finished: Finished, experiment: Experiment) -> Finished:
    """Put the defaults into the recipe as a run of ``experiment`` does, so that an equal one finds it."""
    recipe = finished.result.recipe | {"filled_in": filled_in(experiment)}
    return Finished(finished.result.model_copy(update={"recipe": recipe}), finished.evidence)
