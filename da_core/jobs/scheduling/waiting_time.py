"""Estimate how long a run will wait, by what is left of those that train and by how long such runs took before."""

from __future__ import annotations

import heapq
import math
import threading
from collections.abc import Container, Sequence

from cachetools import FIFOCache

from da_core.experiment import Experiment

UNKNOWN = math.inf
"""Seconds that are not known."""
_KINDS = 1000


def seconds_to_wait(
    left: Sequence[float], durations: Sequence[float], workers: int, alone: Container[int] = ()
) -> list[float]:
    """Predict in how many seconds each of the runs that wait begins, each with the first worker that is free.

    ``left`` are the seconds left of the runs that go, ``durations`` those of the runs that wait, in turn. What is not
    known is `UNKNOWN`, and so is every wait that would rest on it. ``alone`` has the indices of the runs that wait
    until no other goes, and keep all workers to themselves.
    """
    free = [*left, *[0.0] * (workers - len(left))]
    heapq.heapify(free)
    waits = []
    for index, duration in enumerate(durations):
        if index in alone:
            waits.append(max(free))
            free = [waits[-1] + duration] * len(free)
        else:
            waits.append(heapq.heappop(free))
            heapq.heappush(free, waits[-1] + duration)
    return waits


def rounded_up(seconds: float) -> float | None:
    """Round a wait up to what a person can use: 5 s, and minutes from the first on.

    None for what is not known. Up, so that nobody sees less than is left.
    """
    if seconds == UNKNOWN:
        return None
    step = 5 if seconds <= 60 else 60
    return float(max(math.ceil(seconds / step), 1) * step)


def kind_of_run(experiment: Experiment) -> str:
    """Name what decides how long a run takes but for its epochs: all of the experiment except the seed."""
    training = experiment.training.model_copy(update={"epochs": 1})
    return experiment.model_copy(update={"seed": 0, "training": training}).key


class Durations:
    """The recent durations of each kind of run, in seconds. Safe to use from many threads."""

    def __init__(self) -> None:
        self._per_epoch: FIFOCache[str, float] = FIFOCache(_KINDS)
        self._lock = threading.Lock()

    def learn(self, experiment: Experiment, seconds: float) -> None:
        """Note what a run took or, while it goes, will have taken."""
        with self._lock:
            self._per_epoch[kind_of_run(experiment)] = seconds / experiment.training.epochs

    def expected(self, experiment: Experiment) -> float:
        """Return the seconds that the experiment will take, by the last one of its kind; `UNKNOWN` without one."""
        with self._lock:
            return self._per_epoch.get(kind_of_run(experiment), UNKNOWN) * experiment.training.epochs
