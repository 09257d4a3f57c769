"""Searches in the background: the next settings depend on what came of all before, so they go one at a time."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from da_core.errors import UserError
from da_core.experiment import Experiment
from da_core.jobs.background_work import BackgroundWork, WorkView
from da_core.jobs.scheduling.run_view import RunView
from da_core.several_runs.run_search import next_run
from da_core.several_runs.search import Search, SearchRun, Tried

SearchView = WorkView[Search, SearchRun, Tried]


class Searches(BackgroundWork[Search, SearchRun, Tried]):
    """What was tried is all that what comes next depends on; see `da_core.several_runs.search_proposals`."""

    kind = "search"
    plan_type = Search
    outcome_type = Tried

    def next_task(self, plan: Search, outcomes: Sequence[Tried], going: Sequence[SearchRun]) -> SearchRun | None:
        """Choose the run that is next."""
        return next_run(plan, outcomes, going)

    def experiment_of(self, plan: Search, task: SearchRun) -> Experiment:
        """Return the whole experiment of one of its runs."""
        return plan.experiment_of(task.method, task.seeds[0])

    def outcome_of(self, plan: Search, task: SearchRun, view: RunView) -> Tried | None:
        """Note what the validator says of the run."""
        record = self._store().load(view.run_id)
        if record is None:
            return None
        (method, seeds), seconds = task, sum(record.result.seconds.values())
        return Tried.of(method, record.result, plan.validator, seconds, view.run_id, seeds)

    def failure(self, task: SearchRun, error: UserError, seconds: float) -> Tried:
        """Note why there is no score: settings that cannot be used are no reason to end the search."""
        return Tried.failed(task.method, error, seconds, task.seeds)

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
