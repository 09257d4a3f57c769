"""Studies in the background: the trials of a study as runs, as many at once as can train."""

from __future__ import annotations

import functools
from abc import abstractmethod
from collections.abc import Sequence
from typing import NamedTuple

from pydantic import Field

from da_core.errors import UserError
from da_core.experiment import Experiment
from da_core.jobs.background_work import BackgroundWork, PlanT, WorkView
from da_core.jobs.scheduling.run_view import RunView
from da_core.jobs.scheduling.schedule import OUT_OF_TIME
from da_core.params import Params
from da_core.several_runs.study import Study, Trial


class PlannedTrial(NamedTuple):
    """A trial and the domain pair's name that it is on; "" where there is only one."""

    pair: str
    trial: Trial


class TrialOutcome(Params):
    """What came of a trial: its run, or the ``problem``, a message to be filled with ``values``."""

    pair: str = ""
    method: str
    seeds: tuple[int, ...]
    run_id: str = ""
    problem: str = ""
    values: dict[str, str] = Field(default_factory=dict)


StudyView = WorkView[Study, PlannedTrial, TrialOutcome]


class TrialWork(BackgroundWork[PlanT, PlannedTrial, TrialOutcome]):
    """Work whose runs are known from the start: each trial once."""

    outcome_type = TrialOutcome

    @abstractmethod
    def planned(self, plan: PlanT) -> Sequence[PlannedTrial]:
        """List all trials in their order."""

    def next_task(
        self, plan: PlanT, outcomes: Sequence[TrialOutcome], going: Sequence[PlannedTrial]
    ) -> PlannedTrial | None:
        """Choose the first trial that is not done, and does not go; none of a method that has failed on its pair."""
        done = {(one.pair, one.method, seed) for one in outcomes for seed in one.seeds}
        done |= {(one.pair, one.trial.method, one.trial.seed) for one in going}
        failed = {(one.pair, one.method) for one in outcomes if one.problem}
        for one in self.planned(plan):
            of = (one.pair, one.trial.method)
            if (*of, one.trial.seed) not in done and of not in failed:
                return one
        return None

    def experiment_of(self, plan: PlanT, task: PlannedTrial) -> Experiment:
        """Return what the trial does."""
        return task.trial.experiment

    def outcomes_kept(self, before: WorkView[PlanT, PlannedTrial, TrialOutcome], plan: PlanT) -> Sequence[TrialOutcome]:
        """Keep those of the same work unless it came to its end, but for runs that have been deleted since."""
        kept = super().outcomes_kept(before, plan)
        return [one for one in kept if one.problem or self._store().load(one.run_id) is not None]

    def outcome_of(self, plan: PlanT, task: PlannedTrial, view: RunView) -> TrialOutcome:
        """Note the trial's run; one that was cut short says nothing of its method."""
        if any(notice.message == OUT_OF_TIME for notice in view.notices):
            too_long = UserError("A run took longer than this server allows; lower its epochs or samples.")
            return self.failure(task, too_long, 0.0)
        return TrialOutcome(pair=task.pair, method=task.trial.method, seeds=task.trial.seeds, run_id=view.run_id)


class Studies(TrialWork[Study]):
    """Studies of one pair: a run that fails ends the study."""

    kind = "study"
    plan_type = Study

    def planned(self, plan: Study) -> list[PlannedTrial]:
        """List the study's trials."""
        return [PlannedTrial("", trial) for trial in plan.trials()]


def runs_of(outcomes: Sequence[TrialOutcome]) -> dict[tuple[str, int], str]:
    """List a study's finished runs by (method, seed); one of which nothing is random stands at every seed."""
    return {(one.method, seed): one.run_id for one in outcomes if one.run_id for seed in one.seeds}


@functools.cache
def studies() -> Studies:
    """Return the studies of this process."""
    return Studies()
