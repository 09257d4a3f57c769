"""Plan many runs and do them: a study, benchmark or search says what comes next and records how each run ended."""

from __future__ import annotations

import hashlib
import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Self, TypeVar

from da_core.errors import UserError
from da_core.events import Event, Finished, Result
from da_core.experiment import Experiment
from da_core.params import Params
from da_core.several_runs.run_several import Runner, run_several

log = logging.getLogger(__name__)
TaskT = TypeVar("TaskT")
OutcomeT = TypeVar("OutcomeT", bound=Params)
PlanT = TypeVar("PlanT", bound="RunPlan[Any, Any]")


class RunPlan(Params, ABC, Generic[TaskT, OutcomeT]):
    """A plan of many runs. A task is what one run is to do; the outcomes so far decide which task is next."""

    @abstractmethod
    def next_task(self, outcomes: Sequence[OutcomeT], going: Sequence[TaskT]) -> TaskT | None:
        """Choose what to do next besides what goes; None where nothing is left. Raises `UserError` to end the plan."""

    @abstractmethod
    def experiment_of(self, task: TaskT) -> Experiment:
        """Return what the run of a task does."""

    @abstractmethod
    def outcome_of(self, task: TaskT, result: Result, run_id: str = "") -> OutcomeT:
        """Record the result of a run. Raises `UserError` to end the plan."""

    def failure_of(self, task: TaskT, error: UserError, seconds: float) -> OutcomeT:
        """Record that a run failed after some seconds; by default this ends the plan with the run's sentence."""
        raise error

    def outcomes_kept(
        self, earlier: Self, outcomes: Sequence[OutcomeT], *, is_over: bool, has_run: Callable[[str], bool]
    ) -> Sequence[OutcomeT]:
        """List which outcomes of an earlier plan this one takes over; ``has_run`` says whether a run is still kept."""
        return () if earlier != self or is_over else outcomes

    def check_known(self, outcomes: Sequence[OutcomeT]) -> None:
        """Raise `ValueError` or `KeyError` where the plan is of a version of this program that knew other things."""

    @property
    def key(self) -> str:
        """A short name that is the same for the same plan."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]


@dataclass(frozen=True)
class TaskEvent(Generic[TaskT, OutcomeT]):
    """An event of the run of a task, or in the end its ``outcome``; ``place`` counts the runs from 1 as they
    begin, after those of which there are outcomes already.
    """

    task: TaskT
    place: int
    event: Event | None = None
    outcome: OutcomeT | None = None


def do_runs(
    plan: RunPlan[TaskT, OutcomeT], outcomes: Sequence[OutcomeT] = (), runner: Runner | None = None
) -> Generator[TaskEvent[TaskT, OutcomeT]]:
    """Do what is left of a plan after ``outcomes`` and yield its runs' events. Raises `UserError` where it ends so."""
    done, earlier = list(outcomes), len(outcomes)
    begun: list[tuple[TaskT, float]] = []
    going: dict[int, TaskT] = {}

    def next_experiment() -> Experiment | None:
        if (task := plan.next_task(done, list(going.values()))) is None:
            return None
        going[len(begun)] = task
        begun.append((task, time.monotonic()))
        return plan.experiment_of(task)

    for number, event in run_several(next_experiment, runner):
        (task, since), place = begun[number], earlier + number + 1
        if isinstance(event, Exception):
            outcome = plan.failure_of(task, _sentence(event), time.monotonic() - since)
        else:
            yield TaskEvent(task, place, event)
            if not isinstance(event, Finished):
                continue
            outcome = plan.outcome_of(task, event.result)
        del going[number]
        done.append(outcome)
        yield TaskEvent(task, place, outcome=outcome)


def _sentence(error: Exception) -> UserError:
    if isinstance(error, UserError):
        return error
    log.error("a run failed", exc_info=error)
    return UserError("A run failed unexpectedly ({error}).", error=error)
