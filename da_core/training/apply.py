"""Apply a method to what was trained on the source, by its kind."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import replace
from typing import Literal

import numpy as np
import torch

from da_core.events import Accuracies, Event, Losses
from da_core.methods.base import (
    ClassifierAdaptation,
    DeepAlignment,
    FeatureAlignment,
    ModelAdaptation,
    Predictions,
    Reweighting,
)
from da_core.methods.control.source_only_bn import SourceOnlyBN
from da_core.methods.norms import batch_norms
from da_core.networks.extractor import Network
from da_core.networks.heads import cross_fitted
from da_core.training.fit import OnEpoch, Training, live_accuracies, train_deep
from da_core.training.loop import TrainingEvent
from da_core.training.model import Model, Rows
from da_core.training.monitor import Monitor
from da_core.training.prepared import Prepared
from da_core.training.rollback import LastFiniteState, not_finite
from da_core.training.saved_training import SavedTraining


def apply_method(source_only: Model, prepared: Prepared, monitor: Monitor, on_epoch: OnEpoch) -> Training:
    """Adapt with the experiment's method. The source-only model stays as it is."""
    match prepared.method:
        case DeepAlignment() as method:
            return (yield from train_deep(method, source_only, prepared, monitor, on_epoch))
        case ClassifierAdaptation() as method if prepared.changes_classifier:
            return adapt_classifier(method, source_only, prepared)
        case ModelAdaptation() as method:
            return (yield from adapt_model(method, source_only, prepared, monitor, on_epoch))
        case FeatureAlignment() as method:
            return align_features(method, source_only, prepared)
        case Reweighting() as method:
            return reweight(method, source_only, prepared)
        case method:
            raise TypeError(f"{method.name()} is of a kind that cannot be applied")


def yardstick(source_only: Model, prepared: Prepared) -> Model:
    """Give the source-only model that the method is held against: with a head of the kind that the method ends with.

    A method on fixed features refits the head, and that alone moves accuracy and calibration. So does its source
    only, with all weights 1 and no map: the difference is then the method's alone.
    """
    if not refits_source_only(prepared):
        return source_only
    Fs, ys = source_only.embed(prepared.source.X), prepared.source.labels
    return Model(source_only.network, prepared.fit_head(Fs, ys), fitted_on="source")


def refits_source_only(prepared: Prepared) -> bool:
    """Tell whether the source-only baseline of the method has a refitted head in place of its own."""
    method = prepared.method
    of_fixed_features = isinstance(method, ClassifierAdaptation) and not isinstance(method, ModelAdaptation)
    refits = of_fixed_features or isinstance(method, FeatureAlignment | Reweighting)
    return refits and prepared.extractor.learns and prepared.experiment.head.name == "linear"


def align_features(method: FeatureAlignment, source_only: Model, prepared: Prepared) -> Model:
    """Fit the method's map to the source-only features of both domains, and the head to the mapped source."""
    Fs, Ft, ys = source_only.embed(prepared.source.X), source_only.embed(prepared.target), prepared.source.labels
    method.fit(Fs, Ft, ys)
    classifier = prepared.fit_head(method.map_source(Fs), ys)
    return Model(source_only.network, classifier, method.map_source, method.map_target, fitted_on="source")


def reweight(method: Reweighting, source_only: Model, prepared: Prepared) -> Model:
    """Refit the head to the source-only features, each source sample weighted by the method."""
    Fs, Ft, ys = source_only.embed(prepared.source.X), source_only.embed(prepared.target), prepared.source.labels
    weights = method.weights(Fs, Ft, ys, predict_both(source_only, Ft, prepared))
    return Model(source_only.network, prepared.fit_head(Fs, ys, weights), fitted_on="source", weights=weights)


def adapt_classifier(method: ClassifierAdaptation, source_only: Model, prepared: Prepared) -> Model:
    """Let the method name classes from the source-only features, which stay as they are."""
    data = prepared.fixed_features(source_only.embed)
    return Model(source_only.network, method.adapt_classifier(data))


def predict_both(source_only: Model, Ft: Rows, prepared: Prepared) -> Predictions:
    """Predict source samples that the model was not fitted on, with their labels, and target features Ft (n_t, d).

    Where nothing is held out, each half of the source is predicted by a head that was fitted on the other.
    """
    F, y = source_only.embed(prepared.source_test.X), prepared.source_test.labels
    if prepared.nothing_held_out:
        seed, count = prepared.experiment.seed, len(prepared.pair.classes)
        halves = np.random.default_rng([seed, 0x4A1F]).permutation(len(y)) % 2
        Ps = cross_fitted(prepared.experiment.head, F, y, halves, seed, count)
    else:
        Ps = source_only.probabilities(F)
    return Predictions(y, Ps, source_only.probabilities(Ft))


def adapt_model(
    method: ModelAdaptation, source_only: Model, prepared: Prepared, monitor: Monitor, on_epoch: OnEpoch
) -> Generator[Event, None, Model]:
    """Change a copy of the source-only network epoch by epoch; go back to the last finite epoch if it diverges.

    What the method itself remembers from epoch to epoch is its own, so an interrupted adaptation begins again.
    """
    network, epochs = prepared.copy_of(source_only.network), prepared.adaptation_epochs
    saved = monitor.saved("adapt")
    training = saved.resume(network, _adapting(method, network, prepared, monitor, saved))
    training = saved.record(network, training, epochs)
    yield from monitor.follow(training, "adapt", epochs, lambda epoch: on_epoch(epoch, Model(network)))
    return _refit_head(network, source_only, prepared)


def _adapting(
    method: ModelAdaptation, network: Network, prepared: Prepared, monitor: Monitor, saved: SavedTraining
) -> Iterator[TrainingEvent]:
    """Change ``network``; yield its losses and accuracies after each epoch."""
    screen: Literal["Network", "Method"] = "Method" if hasattr(method.params, "learning_rate") else "Network"
    last_finite, data, finished = LastFiniteState(network, "adapt", screen), prepared.adaptation_data(), 0
    if (observer := monitor.spectator) is not None:

        def after_step(at: int, count: int) -> None:
            observer.after_adapting_step(finished * count + at, prepared.adaptation_epochs * count, network)

        data = replace(data, after_step=after_step)
    for epoch, losses in enumerate(method.adapt(network, data), start=1):
        finished = epoch
        term = not_finite(losses)
        if term is not None or not last_finite.keep(epoch):
            yield last_finite.restore(term)
            return
        yield Losses("adapt", epoch, losses)
        network.eval()
        yield Accuracies("adapt", epoch, live_accuracies(prepared, network))
        saved.offer(None)
        if monitor.should_stop():
            return


def adapt_batch_norm(source_only: Model, prepared: Prepared) -> Model | None:
    """Adapt the batch norm of a copy of source only; None without batch norm, or where that is the method."""
    if isinstance(prepared.method, SourceOnlyBN) or not batch_norms(source_only.network):
        return None
    network = prepared.copy_of(source_only.network)
    for _ in SourceOnlyBN(seed=prepared.experiment.seed).adapt(network, prepared.adaptation_data()):
        pass
    return _refit_head(network, source_only, prepared)


def _refit_head(network: Network, source_only: Model, prepared: Prepared) -> Model:
    """Make a model of a changed copy of the source's network; refit its head if that network's head was fitted."""
    model = Model(network)
    if source_only.classifier is not None:
        X = torch.cat([prepared.source.X, prepared.few.X])
        y = np.concatenate([prepared.source.labels, prepared.few.labels])
        model.classifier = prepared.fit_head(model.embed(X), y)
    return model
