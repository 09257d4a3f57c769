"""Searches in the background: the next run depends on what came of all before it, so they go one at a time."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from da_core.errors import UserError
from da_core.experiment import Experiment, MethodSpec
from da_core.jobs.background_work import BackgroundWork, WorkView
from da_core.jobs.scheduling.run_view import RunView
from da_core.search import Search, Tried, next_method

SearchView = WorkView[Search, MethodSpec, Tried]


class Searches(BackgroundWork[Search, MethodSpec, Tried]):
    """What was tried is all that what comes next depends on; see `da_core.search`."""

    kind = "search"
    plan_type = Search
    outcome_type = Tried
    most_at_once = 1

    def next_task(self, plan: Search, outcomes: Sequence[Tried], going: Sequence[MethodSpec]) -> MethodSpec | None:
        """Choose the method and settings to try next."""
        return next_method(plan, outcomes)

    def experiment_of(self, plan: Search, task: MethodSpec) -> Experiment:
        """Return the whole experiment of one of its runs."""
        return plan.experiment_of(task)

    def outcome_of(self, plan: Search, task: MethodSpec, view: RunView) -> Tried | None:
        """Note what the validator says of the run."""
        record = self._store().load(view.run_id)
        if record is None:
            return None
        return Tried.of(task, record.result, plan.validator, sum(record.result.seconds.values()), view.run_id)

    def failure(self, task: MethodSpec, error: UserError, seconds: float) -> Tried:
        """Note why there is no score: settings that cannot be used are no reason to end the search."""
        return Tried.failed(task, error, seconds)

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
