"""Benchmarks in the background: a run that fails is noted, and all others go on."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from da_core.errors import UserError
from da_core.jobs.background_work import BackgroundWork, WorkView
from da_core.jobs.scheduling.waiting_time import UNKNOWN, Durations
from da_core.jobs.store import Store
from da_core.settings import settings
from da_core.several_runs.benchmark import Benchmark, TrialEnd
from da_core.several_runs.trials import Trial, TrialOutcome

BenchmarkView = WorkView[Benchmark, Trial, TrialOutcome]


class Benchmarks(BackgroundWork[Benchmark, Trial, TrialOutcome]):
    """The visitors' benchmarks."""

    kind = "benchmark"
    plan_type = Benchmark
    outcome_type = TrialOutcome

    def start(self, plan: Benchmark, owner: str, *, localhost_only: bool = False) -> None:
        """Start a benchmark as `BackgroundWork.start` does. Raises `UserError` too for more runs than the settings."""
        count, most = len(plan.trials()), settings().benchmark_runs
        if count > most:
            raise UserError(
                "This server allows at most {most} runs in a benchmark, and this one has {count}; choose fewer "
                "methods, pairs or seeds.",
                most=most,
                count=count,
            )
        super().start(plan, owner, localhost_only=localhost_only)


def benchmark_ends(plan: Benchmark, outcomes: Sequence[TrialOutcome], store: Store) -> list[TrialEnd]:
    """Read the results of the trials that are over, in their order; those whose runs were deleted are left out."""
    over = {(ended.pair, ended.method, ended.seeds[0]): ended for ended in outcomes}
    ends = []
    for trial in plan.trials():
        if (ended := over.get((trial.pair, trial.method, trial.seed))) is None:
            continue
        if ended.problem:
            ends.append(TrialEnd(trial, UserError(ended.problem, **ended.values)))
        elif (record := store.load(ended.run_id)) is not None:
            ends.append(TrialEnd(trial, record.result))
    return ends


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
