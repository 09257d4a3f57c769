"""Benchmarks in the background: a run that fails is noted, and all others go on."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from da_core.errors import UserError
from da_core.jobs.background_work import WorkView
from da_core.jobs.scheduling.run_view import RunView
from da_core.jobs.scheduling.waiting_time import UNKNOWN, Durations
from da_core.jobs.store import Store
from da_core.jobs.studies import PlannedTrial, TrialOutcome, TrialWork
from da_core.settings import settings
from da_core.several_runs.benchmark import Benchmark, BenchmarkStep

BenchmarkView = WorkView[Benchmark, PlannedTrial, TrialOutcome]


class Benchmarks(TrialWork[Benchmark]):
    """Methods × domain pairs × seeds. A method that fails on a pair is not tried there with further seeds."""

    kind = "benchmark"
    plan_type = Benchmark

    def planned(self, plan: Benchmark) -> list[PlannedTrial]:
        """List the trials of all pairs, pair by pair."""
        return planned_trials(plan)

    def start(self, plan: Benchmark, owner: str, *, localhost_only: bool = False) -> None:
        """Start a benchmark as `BackgroundWork.start` does. Raises `UserError` too for more runs than the settings."""
        count, most = len(self.planned(plan)), settings().benchmark_runs
        if count > most:
            raise UserError(
                "This server allows at most {most} runs in a benchmark, and this one has {count}; choose fewer "
                "methods, pairs or seeds.",
                most=most,
                count=count,
            )
        super().start(plan, owner, localhost_only=localhost_only)

    def outcome_of(self, plan: Benchmark, task: PlannedTrial, view: RunView) -> TrialOutcome:
        """Note the trial's run. Raises `UserError` for a target without labels."""
        record = self._store().load(view.run_id)
        if record is not None and not record.result.target_scored:
            raise UserError("The target of {pair} has no labels, so methods cannot be compared on it.", pair=task.pair)
        return super().outcome_of(plan, task, view)

    def failure(self, task: PlannedTrial, error: UserError, seconds: float) -> TrialOutcome:
        """Note why the method has no score on this pair."""
        values = {name: str(value) for name, value in error.values.items()}
        of = task.trial
        return TrialOutcome(pair=task.pair, method=of.method, seeds=of.seeds, problem=error.message, values=values)


def planned_trials(plan: Benchmark) -> list[PlannedTrial]:
    """List the trials of a benchmark, pair by pair."""
    return [PlannedTrial(pair, trial) for pair, study in plan.named().items() for trial in study.trials()]


def benchmark_steps(plan: Benchmark, outcomes: Sequence[TrialOutcome], store: Store) -> list[BenchmarkStep]:
    """Read what came of each trial that is over, for `benchmark_tables`; runs that were deleted are left out."""
    planned = planned_trials(plan)
    places = {(one.pair, one.trial.method, one.trial.seed): place for place, one in enumerate(planned)}
    steps = []
    for one in outcomes:
        place = places.get((one.pair, one.method, one.seeds[0]))
        record = store.load(one.run_id) if one.run_id else None
        if place is None or (record is None and not one.problem):
            continue
        outcome = UserError(one.problem, **one.values) if record is None else record.result
        steps.append(BenchmarkStep(one.pair, planned[place].trial, place + 1, len(planned), outcome))
    return sorted(steps, key=lambda step: step.place)


def expected_seconds(plan: Benchmark, store: Store) -> tuple[float, int]:
    """Estimate how long the runs of a benchmark train one after the other, by the list of runs.

    The second number counts those of which nothing alike has run before; they are not in the first. Raises
    `UnreachableError`.
    """
    durations, total, unknown = Durations(), 0.0, 0
    for study in plan.studies:
        alike = {trial.method: trial.experiment for trial in study.trials()}
        for experiment in alike.values():
            for other, seconds in store.database.durations(experiment):
                durations.learn(other, seconds)
        expected = [durations.expected(trial.experiment) for trial in study.trials()]
        total += sum(seconds for seconds in expected if seconds != UNKNOWN)
        unknown += expected.count(UNKNOWN)
    return total, unknown


@functools.cache
def benchmarks() -> Benchmarks:
    """Return the benchmarks of this process."""
    return Benchmarks()
