"""The walk itself: load, train on the source, adapt, evaluate. A plain generator of events; the last is the result."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from da_core.data.loading.cache import fetch
from da_core.evaluation import umap_and_pca
from da_core.evaluation.held_out import (
    EvidenceRows,
    HeldOutPredictions,
    choose_evidence_rows,
    predict_held_out,
    view_evidence_rows,
)
from da_core.evaluation.result import collect_evidence, evaluate, predict_all
from da_core.evaluation.snapshots import SnapshotRecorder
from da_core.evaluation.validation import validate
from da_core.events import Embedded, Event, Finished, Samples, Stage, When
from da_core.experiment import Experiment
from da_core.methods.base import DeepAlignment
from da_core.methods.control.oracle import Oracle
from da_core.timing import Pace
from da_core.training import devices
from da_core.training.apply import adapt_batch_norm, apply_method, yardstick
from da_core.training.fit import train_oracle, train_source_only
from da_core.training.model import Model
from da_core.training.monitor import Monitor
from da_core.training.observer import Observer
from da_core.training.prepared import Prepared, Setup, prepare, set_up
from da_core.training.resuming import Place, RunCheckpoint

SHOWN = 1000
"""Held-out samples of each domain that are kept as evidence, unless the caller wants all."""


def run(
    experiment: Experiment,
    *,
    embed: bool = True,
    shown: int | None = SHOWN,
    should_stop: Callable[[], bool] = lambda: False,
    observer: Observer | None = None,
    checkpoint: Place | None = None,
) -> Iterator[Event]:
    """Run an experiment; yield its progress as events, and at the end the result.

    To pause, stop asking; to cancel, close the generator; once ``should_stop`` is true training ends where it is and
    what has been learned is kept. Layouts of the features are left out without ``embed``; ``shown`` bounds the samples
    of a domain that `Evidence` holds (None: all held-out ones). An ``observer`` looks on at every turn. In
    ``checkpoint`` the run keeps what it has trained, and goes on from what an earlier attempt at the same experiment
    has kept there: events that were, too, come again. Raises `UserError` for an experiment that cannot be done.
    """
    setup = set_up(experiment)
    pace = Pace(stage_costs(setup))
    snapshots = SnapshotRecorder(setup.adaptation_epochs if embed else 0)
    saved = None if checkpoint is None else RunCheckpoint(checkpoint, pace, snapshots)
    monitor = Monitor(pace, should_stop, observer, saved)
    devices.configure(setup.device, on_points=setup.data.area == "points")

    yield pace.start("load")
    for share in fetch(experiment.data):
        yield pace.progress(share)
    prepared = prepare(setup)
    yield from prepared.pair.notices
    rows = choose_evidence_rows(prepared.split, shown, experiment.seed)
    layouts: dict[str, NDArray[np.float32]] = {}
    if saved is not None:
        yield from saved.resume(prepared)

    if observer is not None:
        observer.begin(prepared)

    def observe(epoch: float, model: Model) -> None:
        if observer is not None:
            observer.after_epoch(epoch, model)
        snapshots.observe(round(epoch), lambda: view_evidence_rows(model, prepared, rows))

    yield pace.start("source_only")
    source_only = yield from train_source_only(prepared, monitor)
    if observer is not None:
        observer.finished("source_only", source_only)

    yield pace.start("before")
    unadapted = yardstick(source_only, prepared)
    before = predict_held_out(unadapted, prepared)
    if embed:
        yield from lay_out("before", before, rows, prepared, layouts)

    adapted, oracle = source_only, None
    if setup.adapts:
        yield pace.start("adapt")
        adapted = yield from apply_method(source_only, prepared, monitor, observe)
        snapshots.discard_from(monitor.epochs.get("adapt", 0))
    if setup.trains_oracle:
        yield pace.start("oracle")
        oracle = yield from train_oracle(prepared, monitor)
        if isinstance(setup.method, Oracle):
            adapted = oracle
    if observer is not None:
        observer.finished("adapt", adapted)

    yield pace.start("after")
    after = predict_held_out(adapted, prepared)
    if embed:
        yield from lay_out("after", after, rows, prepared, layouts)
    predicted = predict_all(before, after, adapted, oracle, adapt_batch_norm(source_only, prepared), prepared)
    result = evaluate(predicted, prepared, monitor)
    evidence = collect_evidence(predicted, adapted, rows, layouts, snapshots, prepared)
    validators = validate({"before": (unadapted, before), "after": (adapted, after)}, prepared)
    yield pace.progress(1)
    yield Finished(result.model_copy(update={"seconds": pace.seconds(), "validators": validators}), evidence)


def stage_costs(setup: Setup) -> dict[Stage, float]:
    """Plan the stages in their order, each with its rough cost in epochs of training on one domain."""
    method = setup.method
    training = float(setup.experiment.training.epochs) if setup.extractor.learns else 0.5
    costs: dict[Stage, float] = {"load": 0.5, "source_only": training, "before": 1.0}
    if isinstance(method, DeepAlignment):
        passes = sum(turn.times for turn in method.turns() if "extractor" in turn.parts)
        costs["adapt"] = 2 * training * passes
    elif setup.adapts:
        of_few = method.few_per_class() > 0  # such epochs are short
        costs["adapt"] = max(0.5, float(getattr(method.params, "epochs", 0)) * (0.05 if of_few else 1.0))
    if setup.trains_oracle:
        costs["oracle"] = training
    return costs | {"after": 1.0}


def lay_out(
    when: When,
    predictions: HeldOutPredictions,
    rows: EvidenceRows,
    prepared: Prepared,
    layouts: dict[str, NDArray[np.float32]],
) -> Iterator[Embedded]:
    """Lay the held-out features out in the plane, PCA at once, then UMAP, and add both to ``layouts``.

    "After" starts from "before", so that what moves on the screen moved in feature space.
    """
    F = np.concatenate([predictions.source.features[rows.source], predictions.target.features[rows.target]])
    of_source, of_target = prepared.split.source_test[rows.source], prepared.split.target_test[rows.target]
    samples = Samples(
        source_count=len(of_source),
        label=np.concatenate([prepared.pair.source.y[of_source], prepared.pair.target.y[of_target]]),
        predicted=np.concatenate(
            [predictions.source.predicted[rows.source], predictions.target.predicted[rows.target]]
        ),
        classes=prepared.pair.classes,
    )
    layouts[f"{when}/pca"] = umap_and_pca.pca(F, start=layouts.get("before/pca"))
    yield Embedded(when, "pca", layouts[f"{when}/pca"], samples)
    layouts[f"{when}/umap"] = umap_and_pca.umap(F, prepared.experiment.seed, start=layouts.get("before/umap"))
    yield Embedded(when, "umap", layouts[f"{when}/umap"], samples)
