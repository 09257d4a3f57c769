"""Plan a benchmark: studies of several domain pairs as one job that can go on later, and its two tables."""

from __future__ import annotations

import dataclasses
import logging
import os
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from da_core.errors import UserError
from da_core.evaluation.benchmark_table import BenchmarkTable, tabulate
from da_core.evaluation.candidates import candidates, judge_validator
from da_core.evaluation.validators import validators
from da_core.events import Finished, Notice, Result
from da_core.experiment import DataSpec, Experiment
from da_core.several_runs.run_plan import TaskEvent, do_runs
from da_core.several_runs.run_several import Runner
from da_core.several_runs.study import Study
from da_core.several_runs.trials import Trial, TrialOutcome, Trials
from da_core.training.prepared import filled_in
from da_core.whole_files import write_whole

log = logging.getLogger(__name__)
Title = Callable[[Literal["pair", "method", "validator"], str], str]
"""How a table names what the runs know by its name."""


class Benchmark(Trials):
    """Methods × domain pairs × seeds: one study a domain pair. A method that fails on a pair is noted there."""

    studies: tuple[Study, ...] = Field(min_length=1)

    @classmethod
    def of(cls, experiments: Sequence[Experiment], methods: Sequence[str], seeds: int) -> Benchmark:
        """Make a benchmark of methods on the pairs of experiments. Raises `UserError` as `Study.of`."""
        if not experiments:
            raise UserError("Choose the domain pairs to compare on.")
        return cls(studies=tuple(Study.of(experiment, list(methods), seeds) for experiment in experiments))

    def named(self) -> dict[str, Study]:
        """Return the studies by their pairs' names."""
        return dict(zip(pair_names([study.experiment.data for study in self.studies]), self.studies, strict=True))

    def trials(self) -> list[Trial]:
        """List the trials of all pairs, pair by pair."""
        return [
            dataclasses.replace(trial, pair=pair) for pair, study in self.named().items() for trial in study.trials()
        ]

    def outcome_of(self, task: Trial, result: Result, run_id: str = "") -> TrialOutcome:
        """Record the trial's run. Raises `UserError` for a target without labels."""
        if not result.target_scored:
            raise UserError("The target of {pair} has no labels, so methods cannot be compared on it.", pair=task.pair)
        return super().outcome_of(task, result, run_id)

    def failure_of(self, task: Trial, error: UserError, seconds: float) -> TrialOutcome:
        """Record why the method has no score on this pair."""
        values = {name: str(value) for name, value in error.values.items()}
        return TrialOutcome(pair=task.pair, method=task.method, seeds=task.seeds, problem=error.message, values=values)


def pair_names(data: Sequence[DataSpec]) -> list[str]:
    """Name domain pairs by data set and settings, own files by theirs; with their places where two are alike."""
    named = [_pair_name(spec) for spec in data]
    return [f"{place}: {name}" if named.count(name) > 1 else name for place, name in enumerate(named, start=1)]


def _pair_name(spec: DataSpec) -> str:
    from da_core.data.readers.uploads import place_name

    if spec.places:
        return " → ".join(map(place_name, spec.places))
    return " ".join([spec.name, *(f"{name}={value}" for name, value in spec.params.items())])


@dataclass(frozen=True)
class TrialEnd:
    """The end of a trial of a benchmark: its result, or why it cannot be done."""

    trial: Trial
    outcome: Result | UserError


@dataclass(frozen=True)
class KeptResults:
    """The results of finished runs, one file each in ``folder``; None keeps nothing."""

    folder: Path | None

    def find(self, experiment: Experiment) -> Result | None:
        """Read the kept result; None where there is none, or defaults or files have changed since."""
        if self.folder is None:
            return None
        file = self.folder / f"{experiment.key}.json"
        try:
            result = Result.model_validate_json(file.read_bytes())
            changed = any(os.path.getmtime(place) > file.stat().st_mtime for place in experiment.places)
        except FileNotFoundError:
            return None
        except (OSError, ValidationError):
            log.warning("%s cannot be read; the run is done again", file, exc_info=True)
            return None
        return None if changed or result.recipe.get("filled_in") != filled_in(experiment) else result

    def save(self, experiment: Experiment, result: Result) -> None:
        """Write the result of an experiment, whole or not at all. Raises `UserError` where it cannot be written."""
        if self.folder is not None:
            write_whole(self.folder / f"{experiment.key}.json", result.model_dump_json().encode())


def run_benchmark(
    plan: Benchmark, kept: KeptResults, runner: Runner | None = None
) -> Generator[TrialEnd | TaskEvent[Trial, TrialOutcome]]:
    """Do a benchmark; yield the ends of its trials, and the other events of their runs.

    First come those that are ``kept``, which are not done again. Raises `UserError` for a target without labels.
    """
    outcomes = []
    for trial in plan.trials():
        if (result := kept.find(trial.experiment)) is not None:
            outcomes.append(plan.outcome_of(trial, result))
            yield TrialEnd(trial, result)
    for step in do_runs(plan, outcomes, runner):
        if isinstance(step.event, Finished):
            kept.save(step.task.experiment, step.event.result)
            yield TrialEnd(step.task, step.event.result)
        elif step.outcome is not None and step.outcome.problem:
            yield TrialEnd(step.task, UserError(step.outcome.problem, **step.outcome.values))
        elif step.outcome is None:
            yield step


def benchmark_tables(
    studies: Mapping[str, Study], ends: Iterable[TrialEnd], title: Title = lambda _kind, name: name
) -> tuple[BenchmarkTable, BenchmarkTable | None]:
    """Tabulate the target accuracy of each method, and the regret of each validator where results have validators.

    A validator chooses, for each pair and seed, among the models of all methods. The one that is told the target's
    labels has no regret by definition and is left out.
    """
    ends = list(ends)
    failures = {(end.trial.pair, end.trial.method): end.outcome for end in ends if isinstance(end.outcome, UserError)}
    done = [end for end in ends if (end.trial.pair, end.trial.method) not in failures]
    pairs = {pair: title("pair", pair) for pair in studies}
    scores: dict[str, dict[str, list[float]]] = {
        pairs[pair]: {title("method", study.called(spec)): [] for spec in study.methods}
        for pair, study in studies.items()
    }
    for end in done:
        if isinstance(end.outcome, Result) and (target := end.outcome.adapted.target) is not None:
            scores[pairs[end.trial.pair]][title("method", end.trial.method)].append(target.accuracy)
    notes = [
        Notice(
            "{method} on {pair}: {reason}",
            {"method": title("method", method), "pair": pairs[pair], "reason": str(error)},
        )
        for (pair, method), error in failures.items()
    ]
    for pair in studies:
        once = [
            title("method", end.trial.method) for end in done if end.trial.pair == pair and len(end.trial.seeds) > 1
        ]
        if once:
            named = {"pair": pairs[pair], "methods": once}
            notes.append(
                Notice("Run once on {pair}, because the result does not depend on the seed: {methods}.", named)
            )
    accuracy = tabulate(scores)
    regrets = {
        pairs[pair]: {
            title("validator", name): values
            for name, values in _regrets([end for end in done if end.trial.pair == pair]).items()
        }
        for pair in studies
    }
    regret = tabulate(regrets, "regret") if any(map(any, regrets.values())) else None
    return dataclasses.replace(accuracy, notes=(*accuracy.notes, *notes)), regret


def _regrets(of_pair: list[TrialEnd]) -> dict[str, list[float]]:
    """List what the choice of each validator costs, seed by seed."""
    regrets: dict[str, list[float]] = {name: [] for name, kind in validators().items() if not kind.cost}
    for seed in sorted({seed for end in of_pair for seed in end.trial.seeds}):
        among = candidates(
            (end.trial.experiment, end.outcome)
            for end in of_pair
            if seed in end.trial.seeds and isinstance(end.outcome, Result)
        )
        for name in regrets:
            if len(among) > 1 and (judged := judge_validator(among, name)) is not None:
                regrets[name].append(judged.regret)
    return {name: values for name, values in regrets.items() if values}
