"""Several runs as one job: here one after the other, or by whoever else can drive them, many at the same time.

Seeds of one experiment train together first, where that is possible.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from da_core.events import Accuracies, Event, Finished, Losses, Progress, SeedFinished
from da_core.experiment import Experiment

if TYPE_CHECKING:
    from da_core.training.training_cache import TrainingCache

NextExperiments = Callable[[], Sequence[Experiment]]
"""Give what to run next, experiments that differ in their seeds alone; none where there are none, or none yet while
others go."""
RunSeveral = Callable[[NextExperiments], Iterator[tuple[int, Event | Exception]]]
"""Run what is given, and yield the events of each experiment with its place in the order in which they came, from 0.

Each ends with its `Finished` or with what it raised, after which those that came with it and have not begun are left
out. What is next is asked for whenever there is room, after the events before have been dealt with, and the job is over
once there is nothing and none goes.
"""
TRAINED_TOGETHER = 0.5
"""How far a run is when its training is done, beside those of other seeds."""


def in_turn(next_experiments: NextExperiments) -> Iterator[tuple[int, Event | Exception]]:
    """Run one experiment after the other, as a `RunSeveral`, without layouts.

    Seeds that come together train together first, where that is possible: of that each reports how far it is. What all
    have in common is trained once.
    """
    from da_core.run import run
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


def run_seeds(
    experiments: Sequence[Experiment], *, should_stop: Callable[[], bool] = lambda: False, embed: bool = True
) -> Iterator[Event]:
    """Run experiments that differ in their seeds alone as one job; yield the events of the first one's run.

    All seeds train together first, where that is possible. Then comes a `SeedFinished` for each other, and the first
    one's run ends it all. Once ``should_stop`` is true the first alone is finished, with what it has learned.
    """
    from da_core.run import run
    from da_core.training.training_cache import TrainingCache

    first, *others = experiments
    trained = TrainingCache()
    yield from train_first(experiments, trained, should_stop, embed=embed)

    def overall(event: Progress, runs_before: int) -> Progress:
        share = (runs_before + event.fraction) / len(experiments)
        return Progress(TRAINED_TOGETHER + (1 - TRAINED_TOGETHER) * share, None)

    for runs_before, other in enumerate(others):
        history: list[Losses | Accuracies] = []
        for event in run(other, trained=trained, should_stop=should_stop, embed=embed):
            if should_stop():
                break  # half a run is not what was asked for at this seed
            if isinstance(event, Losses | Accuracies):
                history.append(event)
            elif isinstance(event, Finished):
                yield SeedFinished(other, event, tuple(history))
            elif isinstance(event, Progress):
                yield overall(event, runs_before)
    for event in run(first, trained=trained, should_stop=should_stop, embed=embed):
        yield overall(event, len(others)) if isinstance(event, Progress) else event


def train_first(
    experiments: Sequence[Experiment],
    trained: TrainingCache,
    should_stop: Callable[[], bool] = lambda: False,
    *,
    embed: bool,
) -> Iterator[Event]:
    """Train all seeds together into ``trained``, where that is possible and there are several; their runs follow.

    Yields what the first of them reports, and how far they are. Raises `UserError` as a run does.
    """
    from da_core.run import stage_costs
    from da_core.timing import Pace
    from da_core.training.batched import train_together
    from da_core.training.prepared import set_up

    if len(experiments) < 2:
        return
    pace, stage = Pace(stage_costs(set_up(experiments[0]))), "load"
    yield pace.start("load")
    for event in train_together(experiments, trained, should_stop, each_epoch=embed):
        if event.phase != stage:
            stage = event.phase
            yield pace.start(event.phase)
        yield event
        if isinstance(event, Accuracies):
            fraction = pace.progress(event.epoch / experiments[0].training.epochs).fraction
            yield Progress(TRAINED_TOGETHER * fraction, None)
