"""Several runs side by side: in processes of this machine, or wherever a `Runner` has room for them."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any

from da_core.events import Event, Finished
from da_core.experiment import Experiment

NextExperiment = Callable[[], Experiment | None]
"""Give what to run next; None where there is nothing, or nothing yet while others go."""

_MOST_AT_ONCE = 256
"""Runs at the same time; each is followed by a thread here."""


@dataclass(frozen=True)
class Runner:
    """The place where runs train: ``run`` is called as `da_core.run.run`, ``at_once`` counts the runs that fit."""

    run: Callable[..., Iterator[Event]]
    at_once: Callable[[], int]


def local_runner() -> Runner:
    """Return the runner of this machine: children with one thread each, or this process where one run goes at a time.

    A run has the same numbers as alone with as many threads.
    """
    from da_core.run import run
    from da_core.several_runs.child_runs import ChildRuns
    from da_core.training.devices import runs_at_once

    count = runs_at_once()
    return Runner(run if count == 1 else ChildRuns(run, kept=count, threads=1), lambda: count)


def run_several(
    next_experiment: NextExperiment, runner: Runner | None = None
) -> Generator[tuple[int, Event | Exception]]:
    """Run what is given without layouts; yield each run's events with its place in the order of beginning, from 0.

    Each run ends with its `Finished` or with what it raised. What is next is asked for whenever there is room, after
    the events before have been dealt with; it is all over once there is nothing and none goes.
    """
    runner = runner or local_runner()
    events: SimpleQueue[tuple[int, Event | Exception]] = SimpleQueue()
    over = False

    def follow(place: int, experiment: Experiment) -> None:
        options: dict[str, Any] = {"should_stop": lambda: over, "embed": False}
        try:
            for event in runner.run(experiment, **options):
                if over:
                    return
                events.put((place, event))
        except Exception as error:  # the caller's to deal with
            events.put((place, error))

    begun = going = 0
    with ThreadPoolExecutor(_MOST_AT_ONCE, "run") as threads:
        try:
            while True:
                while going < min(max(runner.at_once(), 1), _MOST_AT_ONCE):
                    if (experiment := next_experiment()) is None:
                        break
                    threads.submit(follow, begun, experiment)
                    begun, going = begun + 1, going + 1
                if not going:
                    return
                place, event = events.get()
                going -= isinstance(event, Finished | Exception)
                yield place, event
        finally:
            over = True
