"""Represent a live run: its owners, its place in the queue, and what its events have reported so far."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType

from da_core.errors import UserError
from da_core.events import Accuracies, Embedded, Event, Finished, Losses, Notice, Progress, Stage, StageStarted
from da_core.experiment import Experiment
from da_core.jobs.owners import OwnerDigest
from da_core.jobs.scheduling.run_view import RunState, RunView

_SHOWN = (
    *("run_id", "experiment", "state", "version", "submitted_at", "started_at", "place", "seconds_to_wait"),
    *("stage", "stages", "fraction", "seconds_left", "error", "interrupted"),
)
"""What a view has as it is in a run."""


class History:
    """Losses and accuracies in the order of events, each kind thinned out evenly to at most ``limit`` / 2.

    The newest of each kind is always among them.
    """

    def __init__(self, limit: int = 2000, events: Iterable[Losses | Accuracies] = ()) -> None:
        self._limit = limit // 2
        self._count = 0
        self._kinds: dict[type, _Thinned] = {}
        for event in events:
            self.add(event)

    def add(self, event: Losses | Accuracies) -> None:
        """Append an event."""
        kind = self._kinds.setdefault(type(event), _Thinned(self._limit))
        kind.add(self._count, event)
        self._count += 1

    def events(self) -> tuple[Losses | Accuracies, ...]:
        """Return those that are left, in their order."""
        merged = sorted((item for kind in self._kinds.values() for item in kind.items), key=lambda item: item[0])
        return tuple(event for _, event in merged)


class _Thinned:
    """Every ``step``-th item and the newest; the step doubles whenever there are more than ``limit``."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._step = 1
        self._count = 0
        self._spaced: list[tuple[int, Losses | Accuracies]] = []
        self._newest: list[tuple[int, Losses | Accuracies]] = []

    @property
    def items(self) -> list[tuple[int, Losses | Accuracies]]:
        return self._spaced if self._spaced[-1:] == self._newest else self._spaced + self._newest

    def add(self, order: int, event: Losses | Accuracies) -> None:
        self._newest = [(order, event)]
        if self._count % self._step == 0:
            self._spaced.append((order, event))
        self._count += 1
        if len(self._spaced) >= self._limit:
            self._spaced = self._spaced[::2]
            self._step *= 2


@dataclass(eq=False)
class Job:
    """A run that is queued, running or paused.

    ``state`` is what its owners want; ``in_hand`` says whether a worker is driving it just now.
    """

    run_id: str
    experiment: Experiment
    owners: list[OwnerDigest]
    seen: float
    """When somebody last looked at it, by the queue's clock."""
    state: RunState = "queued"
    low_priority: bool = False
    """Whether single runs go first: it is one of a study's."""
    high_priority: bool = False
    """Whether it goes before single runs: it is an instructor's."""
    address: str = ""
    """A digest of the network address that it came from; "" where that does not count."""
    attempt: int = 1
    """How many processes have had it, this one included."""
    crashes: int = 0
    """How many processes in a row have ended while they trained it. See `crashes`."""
    task: str = ""
    """The key of the task of a cluster that stands for it; "" where a thread of this process drives it."""
    looks: int = 0
    """Grows while somebody looks at it, on whichever web server of a cluster."""
    row: object = None
    """What it was read from, by which it is seen that it has changed."""
    turn: int = 0
    """Runs of the lowest turn go first; a visitor's runs have different ones."""
    in_hand: bool = False
    interrupted: bool = False
    """Whether its server was stopped while it trained, and nobody has gone on with it yet."""
    events: Iterator[Event] | None = None
    """The run's generator, once a worker has begun it."""
    finish_early: threading.Event = field(default_factory=threading.Event)
    submitted_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    started_at: datetime | None = None
    version: int = 0
    place: int | None = None
    seconds_to_wait: float | None = None
    ran_seconds: float = 0.0
    """Seconds for which workers have driven it, but for the present stretch."""
    taken_at: float | None = None
    """When a worker took it in hand, by the queue's clock; None while none drives it."""
    cut: Notice | None = None
    """Why the server ended it early, if it did."""
    stage: Stage | None = None
    stages: tuple[Stage, ...] = ()
    fraction: float = 0.0
    seconds_left: float | None = None
    history: History = field(default_factory=History)
    embeddings: dict[str, Embedded] = field(default_factory=dict)
    notices: list[Notice] = field(default_factory=list)
    error: UserError | None = None
    _view: RunView | None = None

    @property
    def has_begun(self) -> bool:
        """True if it has trained already: then it goes on before others begin."""
        return self.started_at is not None

    @property
    def live(self) -> bool:
        """True while it may still change, unless it is about to end."""
        return self.state in ("queued", "running", "paused")

    def seconds_run(self, now: float) -> float:
        """Return for how long workers have driven it; the time it was paused for does not count."""
        return self.ran_seconds + (0.0 if self.taken_at is None else now - self.taken_at)

    def apply(self, event: Event) -> None:
        """Update what is known by one event."""
        match event:
            case StageStarted():
                if self.stage is not None and event.stage == event.stages[0]:  # in another process: all comes again
                    self.history, self.embeddings, self.notices = History(), {}, []
                self.stage, self.stages = event.stage, event.stages
            case Progress():
                self.fraction, self.seconds_left = event.fraction, event.seconds_left
            case Losses() | Accuracies():
                self.history.add(event)
            case Embedded():
                self.embeddings[f"{event.when}/{event.layout}"] = event
            case Notice():
                self.notices.append(event)
            case Finished():
                self.fraction, self.seconds_left = 1.0, 0.0

    def view(self, finished_at: datetime | None = None) -> RunView:
        """Take an unchanging view of the run as it is now; the same one until something changes."""
        if self._view is None or self._view.version != self.version:
            self._view = RunView(
                **{name: getattr(self, name) for name in _SHOWN},
                finished_at=finished_at,
                owners=len(self.owners),
                history=self.history.events(),
                embeddings=MappingProxyType(dict(self.embeddings)),
                notices=tuple(self.notices),
                finishing_early=self.finish_early.is_set(),
            )
        return self._view
