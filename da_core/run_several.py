"""Several runs as one job: here one after the other, or by whoever else can drive them, many at the same time."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

from da_core.events import Event
from da_core.experiment import Experiment

NextExperiment = Callable[[], Experiment | None]
"""Give what to run next; None where there is nothing, or nothing yet while others go."""
RunSeveral = Callable[[NextExperiment], Iterator[tuple[int, Event | Exception]]]
"""Run what is given, and yield the events of each with its place in the order of beginning, from 0.

Each ends with its `Finished` or with what it raised. What is next is asked for whenever there is room, after the
events before have been dealt with, and the job is over once there is nothing and none goes.
"""


def in_turn(next_experiment: NextExperiment) -> Iterator[tuple[int, Event | Exception]]:
    """Run one experiment after the other, as a `RunSeveral`, without layouts."""
    from da_core.run import run

    for place in itertools.count():
        if (experiment := next_experiment()) is None:
            return
        try:
            for event in run(experiment, embed=False):
                yield place, event
        except Exception as error:  # it is the caller's to say what that means for the others
            yield place, error
