"""Plan runs that are known from the start: each a trial of a method with a seed, on one or several domain pairs."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

from pydantic import Field

from da_core.events import Result
from da_core.experiment import Experiment
from da_core.params import Params
from da_core.several_runs.run_plan import RunPlan


@dataclass(frozen=True)
class Trial:
    """One run of a study: its method as the study names it, its seed, and what to do; of a benchmark, its pair too.

    ``seeds`` are those that it stands for: all of them where nothing in it is random, else its own.
    """

    method: str
    seed: int
    experiment: Experiment
    seeds: tuple[int, ...]
    pair: str = ""


class TrialOutcome(Params):
    """The outcome of a trial: its run, or the ``problem``, a message to be filled with ``values``."""

    pair: str = ""
    method: str
    seeds: tuple[int, ...]
    run_id: str = ""
    problem: str = ""
    values: dict[str, str] = Field(default_factory=dict)


class Trials(RunPlan[Trial, TrialOutcome]):
    """A plan of trials, each done once. A method that has failed on a pair is not tried there again."""

    @abstractmethod
    def trials(self) -> list[Trial]:
        """List all trials in their order."""

    def next_task(self, outcomes: Sequence[TrialOutcome], going: Sequence[Trial]) -> Trial | None:
        """Choose the first trial that is neither done nor going."""
        begun = {(ended.pair, ended.method, seed) for ended in outcomes for seed in ended.seeds}
        begun |= {(trial.pair, trial.method, trial.seed) for trial in going}
        failed = {(ended.pair, ended.method) for ended in outcomes if ended.problem}
        for trial in self.trials():
            on_pair = trial.pair, trial.method
            if (*on_pair, trial.seed) not in begun and on_pair not in failed:
                return trial
        return None

    def experiment_of(self, task: Trial) -> Experiment:
        """Return what the trial does."""
        return task.experiment

    def outcome_of(self, task: Trial, result: Result, run_id: str = "") -> TrialOutcome:
        """Record the trial's run."""
        return TrialOutcome(pair=task.pair, method=task.method, seeds=task.seeds, run_id=run_id)

    def outcomes_kept(
        self, earlier: Self, outcomes: Sequence[TrialOutcome], *, is_over: bool, has_run: Callable[[str], bool]
    ) -> Sequence[TrialOutcome]:
        """Keep those of the same plan unless it came to its end, but for runs that have been deleted since."""
        kept = super().outcomes_kept(earlier, outcomes, is_over=is_over, has_run=has_run)
        return [ended for ended in kept if ended.problem or has_run(ended.run_id)]


def runs_of(outcomes: Sequence[TrialOutcome]) -> dict[tuple[str, int], str]:
    """List a study's finished runs by (method, seed); a run in which nothing is random stands at every seed."""
    return {(ended.method, seed): ended.run_id for ended in outcomes if ended.run_id for seed in ended.seeds}
