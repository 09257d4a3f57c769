"""Searches in the background: the next settings depend on what came of all before, so they go one at a time."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import NamedTuple

from da_core.errors import UserError
from da_core.experiment import Experiment
from da_core.jobs.background_work import BackgroundWork, WorkView
from da_core.jobs.scheduling.run_view import RunView
from da_core.several_runs.run_search import next_runs
from da_core.several_runs.search import Search, SearchRun, Tried


class SearchTask(NamedTuple):
    """A run of a search, and the other seeds that train in its job."""

    run: SearchRun
    beside: tuple[Experiment, ...] = ()


SearchView = WorkView[Search, SearchTask, Tried]


class Searches(BackgroundWork[Search, SearchTask, Tried]):
    """What was tried is all that what comes next depends on; see `da_core.several_runs.search_proposals`."""

    kind = "search"
    plan_type = Search
    outcome_type = Tried
    most_at_once = 1

    def next_task(self, plan: Search, outcomes: Sequence[Tried], going: Sequence[SearchTask]) -> SearchTask | None:
        """Choose the run that is next, and who trains with it."""
        runs = next_runs(plan, outcomes)
        if not runs:
            return None
        first, *others = [plan.experiment_of(run.method, run.seeds[0]) for run in runs]
        return SearchTask(runs[0], tuple(self.can_train_beside(first, others)))

    def experiment_of(self, plan: Search, task: SearchTask) -> Experiment:
        """Return the whole experiment of one of its runs."""
        return plan.experiment_of(task.run.method, task.run.seeds[0])

    def beside(self, task: SearchTask) -> Sequence[Experiment]:
        """List the other seeds that the run's job trains."""
        return task.beside

    def outcome_of(self, plan: Search, task: SearchTask, view: RunView) -> Tried | None:
        """Note what the validator says of the run."""
        record = self._store().load(view.run_id)
        if record is None:
            return None
        (method, seeds), seconds = task.run, sum(record.result.seconds.values())
        return Tried.of(method, record.result, plan.validator, seconds, view.run_id, seeds)

    def failure(self, task: SearchTask, error: UserError, seconds: float) -> Tried:
        """Note why there is no score: settings that cannot be used are no reason to end the search."""
        return Tried.failed(task.run.method, error, seconds, task.run.seeds)

    def outcomes_kept(self, before: SearchView, plan: Search) -> Sequence[Tried]:
        """Keep what the same search has tried, whatever its budget."""
        return before.outcomes if before.plan.has_the_runs_of(plan) else ()

    def check_known(self, plan: Search, outcomes: Sequence[Tried]) -> None:
        """Raise where there is a method or a setting that this version does not know."""
        from da_core.methods import methods  # torch comes with it

        for name in plan.methods:
            methods()[name]
        for one in outcomes:
            methods()[one.method.name].Params(**one.method.params)


@functools.cache
def searches() -> Searches:
    """Return the searches of this process."""
    return Searches()
