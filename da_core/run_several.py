"""Several runs as one job: here one after the other, or by whoever else can drive them, many at the same time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from da_core.events import Event, Progress
from da_core.experiment import Experiment

NextExperiments = Callable[[], Sequence[Experiment]]
"""Give what to run next, experiments that differ in their seeds alone; none where there are none, or none yet while
others go."""
RunSeveral = Callable[[NextExperiments], Iterator[tuple[int, Event | Exception]]]
"""Run what is given, and yield the events of each experiment with its place in the order in which they came, from 0.

Each ends with its `Finished` or with what it raised, after which those that came with it and have not begun are left
out. What is next is asked for whenever there is room, after the events before have been dealt with, and the job is over
once there is nothing and none goes.
"""


def in_turn(next_experiments: NextExperiments) -> Iterator[tuple[int, Event | Exception]]:
    """Run one experiment after the other, as a `RunSeveral`, without layouts.

    Seeds that come together train together first, where that is possible: of that each reports how far it is. What all
    have in common is trained once.
    """
    from da_core.run import run
    from da_core.study import train_first
    from da_core.training.training_cache import TrainingCache

    trained, begun = TrainingCache(), 0
    while experiments := next_experiments():
        places = range(begun, begun + len(experiments))
        place = begun
        begun += len(experiments)
        try:
            for event in train_first(experiments, trained, embed=False):
                if isinstance(event, Progress):
                    yield from ((each, event) for each in places)
            for place, experiment in zip(places, experiments, strict=True):
                for event in run(experiment, embed=False, trained=trained):
                    yield place, event
        except Exception as error:  # it is the caller's to say what that means for what comes next
            yield place, error
