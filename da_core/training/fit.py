"""Train source only, the oracle or a deep method, each to a `Model` with the experiment's head."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator

import torch

from da_core.data.pair import UNKNOWN
from da_core.events import Event, Phase
from da_core.methods.base import DeepAlignment
from da_core.networks.extractor import Network
from da_core.training import training_cache
from da_core.training.loop import Hooks, TrainingEvent, train
from da_core.training.model import Labelled, Model
from da_core.training.monitor import Monitor
from da_core.training.prepared import Prepared
from da_core.training.saved_training import SavedTraining

Training = Generator[Event, None, Model]
"""Events while a model is trained; the generator returns the model."""
OnEpoch = Callable[[float, Model], None]
"""Called with the model after each epoch (0: before the first) of a network that adapts."""


def train_source_only(prepared: Prepared, monitor: Monitor) -> Training:
    """Train a network on the labelled source, without any adaptation."""
    return (yield from _train_on_domain("source_only", prepared.source, prepared, monitor))


def train_oracle(prepared: Prepared, monitor: Monitor) -> Training:
    """Train a network on the labelled target: the ceiling."""
    return (yield from _train_on_domain("oracle", prepared.labelled_target(), prepared, monitor))


def train_deep(
    method: DeepAlignment, source_only: Model, prepared: Prepared, monitor: Monitor, on_epoch: OnEpoch
) -> Training:
    """Train a network on labelled source and unlabelled target samples with a deep method's losses.

    It starts where source only started; with a target encoder of its own it starts from source only as trained.
    """
    source_network = source_only.network if method.target_encoder else None
    network = prepared.new_network() if source_network is None else prepared.copy_of(source_network)
    model, saved = Model(network, source_network=source_network), monitor.saved("adapt")
    if source_network is None:
        on_epoch(0, model)  # a network that has learned nothing yet
    training = _train(network, prepared.source, "adapt", prepared, monitor, saved, method, source_network)
    epochs = prepared.experiment.training.epochs
    training = saved.record(network, training, epochs)
    yield from monitor.follow(training, "adapt", epochs, lambda epoch: on_epoch(epoch, model))
    return _fit_chosen_head(model, prepared.source, prepared)


def training_key(prepared: Prepared, network: Network, samples: Labelled, phase: Phase) -> str:
    """Name a training of ``network``, as it is now, by all that goes into it and into the accuracies on its way."""
    live = [part for domain in (prepared.source_live, prepared.target_live) for part in (domain.X, domain.y)]
    experiment = prepared.experiment
    fixed = (phase, experiment.training, experiment.seed, prepared.pair.flips)
    return training_cache.digest(network, samples.X, samples.y, *live, *fixed)


def _train_on_domain(phase: Phase, samples: Labelled, prepared: Prepared, monitor: Monitor) -> Training:
    """Train on labelled samples alone, or take over what another run has trained on the same."""
    network, epochs = prepared.new_network(), prepared.experiment.training.epochs
    if prepared.extractor.learns:
        saved = monitor.saved(phase)
        training = _train(network, samples, phase, prepared, monitor, saved)
        if monitor.spectator is None:  # who looks on wants to see it happen
            key = training_key(prepared, network, samples, phase)
            if (known := training_cache.trained.get(key)) is not None:
                monitor.pace.skip(phase)
                training = known.replay(network)
            else:
                training = training_cache.trained.record(key, network, training, epochs)
        yield from monitor.follow(saved.record(network, training, epochs), phase, epochs)
    return _fit_chosen_head(Model(network), samples, prepared)


def _train(
    network: Network,
    samples: Labelled,
    phase: Phase,
    prepared: Prepared,
    monitor: Monitor,
    saved: SavedTraining,
    method: DeepAlignment | None = None,
    source_network: Network | None = None,
) -> Iterator[TrainingEvent]:
    """Train a network as the experiment says, from where ``saved`` stands."""
    experiment = prepared.experiment

    def score() -> dict[str, float]:
        return live_accuracies(prepared, network, method, source_network)

    training = train(
        network,
        samples,
        phase=phase,
        spec=experiment.training,
        seed=experiment.seed,
        method=method,
        target=None if method is None else prepared.target,
        source_network=source_network,
        mirror=prepared.pair.flips,
        hooks=Hooks(score, monitor.should_stop, monitor.spectator, saved),
    )
    return saved.resume(network, training)


def _fit_chosen_head(model: Model, samples: Labelled, prepared: Prepared) -> Model:
    """Fit the chosen head to the features of the samples, unless it is the linear layer that was trained with them."""
    if prepared.experiment.head.name != "linear" or not prepared.extractor.learns:
        model.classifier = prepared.fit_head(model.embed_source(samples.X), samples.labels)
        model.fitted_on = "source" if samples is prepared.source else "target"
    return model


def live_accuracies(
    prepared: Prepared, network: Network, method: DeepAlignment | None = None, source_network: Network | None = None
) -> dict[str, float]:
    """Measure accuracy on held-out samples of both domains, and that of the method's domain classifier if it has one.

    Unlabelled samples do not count, and a domain without any label has no accuracy.
    """
    domains = (prepared.source_live, prepared.target_live)
    with torch.inference_mode():
        Fs, Ft = (source_network or network).embed(prepared.source_live.X), network.embed(prepared.target_live.X)
        Ls, Lt = network.head(Fs), network.head(Ft)
        right = [(L.argmax(1) == d.y)[d.y != UNKNOWN].float().mean() for L, d in zip((Ls, Lt), domains, strict=True)]
        shares = zip(("source", "target"), torch.stack(right).tolist(), strict=True)
        values = {name: share for name, share in shares if not math.isnan(share)}
        on_source = method.domain_logits(Fs, Ls) if method is not None else None
        on_target = method.domain_logits(Ft, Lt) if method is not None else None
        if on_source is not None and on_target is not None:
            values["domain"] = float(((on_source > 0).float().mean() + (on_target <= 0).float().mean()) / 2)
    return values
