"""Step 4 · the loop, the same for source only, oracle and every deep alignment method."""

from __future__ import annotations

import functools
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from da_core.events import Accuracies, Losses, Notice, Phase
from da_core.experiment import TrainingSpec
from da_core.methods.base import DeepAlignment
from da_core.networks import networks
from da_core.networks.extractor import Network
from da_core.networks.word_dropout import noise_of
from da_core.training.model import Labelled
from da_core.training.observer import Observer
from da_core.training.rollback import LastFiniteState, not_finite
from da_core.training.saved_training import SavedTraining
from da_core.training.step import WARM_UP_STEPS, Step, captured

REPORT_SECONDS = 0.2

TrainingEvent = Losses | Accuracies | Notice


@dataclass(frozen=True)
class Hooks:
    """Callbacks of a training.

    ``score`` gives the accuracies to report at each epoch's end; once ``should_stop`` is true training stops and keeps
    what has been learned. An ``observer`` sees each step and turn. Where ``saved`` has a state training goes on from
    there, and at each epoch's end it is offered the new one.
    """

    score: Callable[[], dict[str, float]] = dict
    should_stop: Callable[[], bool] = lambda: False
    observer: Observer | None = None
    saved: SavedTraining | None = None


def train(
    network: Network,
    source: Labelled,
    *,
    phase: Phase,
    spec: TrainingSpec,
    seed: int,
    method: DeepAlignment | None = None,
    target: Tensor | None = None,
    source_network: Network | None = None,
    mirror: bool = False,
    hooks: Hooks = Hooks(),
) -> Iterator[TrainingEvent]:
    """Train ``network`` in place on labelled source and, with a ``method``, unlabelled target samples.

    With a ``source_network`` the source's features are that one's, which stays as it is. Between two reports the caller
    may wait (pause) or close the generator (cancel). Training ends when a loss or a weight is no longer finite: the
    network goes back to its last finite epoch, and a `Notice` says so. Raises `UserError` when not even the first epoch
    was finite.
    """
    device, observer, saved = source.X.device, hooks.observer, hooks.saved
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        own = method.build(network.feature_dim, network.head.out_features) if method is not None else None
    if own is not None:
        own.to(device)
    network.train()
    step = Step(network, method, own, source, target, spec, mirror, source_network)
    generator = torch.Generator().manual_seed(seed)
    advance: Callable[[], None] = step
    last_finite = LastFiniteState(network, phase)
    begin = 0
    if saved is not None and (state := saved.take_state()) is not None:
        begin = state["epoch"]
        step.load_state(state["step"])
        for drawn, where in zip((generator, *noise_of(network)), state["generators"], strict=True):
            drawn.set_state(where)
        last_finite.keep(begin)
    reported, reported_at = begin * step.steps, -math.inf  # the first step reports at once: somebody may wait for it
    for epoch in range(begin, spec.epochs):
        step.shuffle(generator)
        for at in range(step.steps):
            taken = epoch * step.steps + at
            if taken - begin * step.steps == WARM_UP_STEPS:
                advance = captured(step, device)
            if observer is not None:
                observer.before_step(phase, step, taken)
                step.after_turn = functools.partial(observer.after_turn, phase, step, taken)
            advance()
            last = at == step.steps - 1
            if last or time.monotonic() - reported_at > REPORT_SECONDS:
                means = _means(step, taken + 1 - reported)
                if (term := not_finite(means)) is not None:
                    yield last_finite.restore(term)
                    return
                yield Losses(phase, (taken + 1) / step.steps, means)
                reported, reported_at = taken + 1, time.monotonic()
                if hooks.should_stop():
                    return
        if not last_finite.keep(epoch + 1):
            yield last_finite.restore(None)
            return
        network.eval()
        yield Accuracies(phase, epoch + 1, hooks.score())
        network.train()
        if saved is not None and epoch + 1 < spec.epochs:
            saved.offer(functools.partial(_state, epoch + 1, step, network, generator))


def warm_up() -> None:
    """Take a few steps on noise: the first step of a process imports and compiles for seconds what all others use."""
    network = networks()["small_cnn"]().network((32, 32, 3), class_count=2, seed=0)
    noise = torch.randint(0, 256, (16, 3, 32, 32), dtype=torch.uint8)
    source = Labelled(noise, torch.arange(16) % 2)
    spec = TrainingSpec(epochs=1, batch_size=8)
    for _ in train(network, source, phase="source_only", spec=spec, seed=0, mirror=True):
        pass


def _means(step: Step, count: int) -> dict[str, float]:
    means = dict(zip(step.terms, (step.sums / count).tolist(), strict=True))
    step.sums.zero_()
    return means


def _state(epoch: int, step: Step, network: Network, order: torch.Generator) -> dict[str, Any]:
    """Give all that a training goes on from after an epoch."""
    generators = [generator.get_state() for generator in (order, *noise_of(network))]
    return {"epoch": epoch, "step": step.state(), "generators": generators}
