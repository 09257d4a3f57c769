"""Record a run's trainings for the progress bar, the diagnosis and the recipe."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from da_core.events import Accuracies, Event, Losses, Notice, Phase
from da_core.timing import Pace
from da_core.training.loop import TrainingEvent
from da_core.training.observer import Observer
from da_core.training.resuming import RunCheckpoint
from da_core.training.saved_training import SavedTraining


@dataclass
class Monitor:
    """The record of all trainings of one run, and what goes with it."""

    pace: Pace
    should_stop: Callable[[], bool]
    observer: Observer | None = None
    checkpoint: RunCheckpoint | None = None
    history: list[Losses | Accuracies] = field(default_factory=list)
    epochs: dict[Phase, float] = field(default_factory=dict)
    """How many epochs of each training count: up to its end or, where it diverged, to its last finite epoch."""
    diverged: dict[Phase, float] = field(default_factory=dict)
    """The last finite epoch of each training that diverged."""
    stopped_early: bool = False

    @property
    def spectator(self) -> Observer | None:
        """Return the observer of each turn of a training; None without one."""
        return self.observer if self.observer is not None and self.observer.sees_training else None

    def saved(self, phase: Phase) -> SavedTraining:
        """Open a training in the run's checkpoint; one that is never written where there is none."""
        return SavedTraining() if self.checkpoint is None else self.checkpoint.training(phase)

    def follow(
        self,
        training: Iterator[TrainingEvent],
        phase: Phase,
        epochs: int,
        on_epoch: Callable[[float], None] = lambda epoch: None,
    ) -> Iterator[Event]:
        """Record a training of ``epochs`` epochs; yield its events, each with how far the run is.

        ``on_epoch`` is called at each epoch's end, while the network is as it was scored.
        """
        for event in training:
            if isinstance(event, Notice):
                self.epochs[phase] = self.diverged[phase] = event.values["epoch"]
                self.stopped_early = True
                yield event
                continue
            if isinstance(event, Accuracies):
                on_epoch(event.epoch)
            self.history.append(event)
            self.epochs[phase] = event.epoch
            yield event
            yield self.pace.progress(min(1.0, event.epoch / epochs))
        self.stopped_early |= self.epochs[phase] < epochs
