"""A benchmark: studies of several domain pairs as one job that goes on where it was stopped, and its two tables."""

from __future__ import annotations

import dataclasses
import hashlib
import logging
import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from da_core.errors import UserError
from da_core.evaluation.benchmark_table import BenchmarkTable, tabulate
from da_core.evaluation.candidates import candidates, judge_validator
from da_core.evaluation.validators import validators
from da_core.events import Finished, Notice, Progress, Result
from da_core.experiment import DataSpec, Experiment
from da_core.params import Params
from da_core.several_runs.run_several import Runner, run_several
from da_core.several_runs.study import Study, Trial
from da_core.training.prepared import filled_in
from da_core.whole_files import write_whole

log = logging.getLogger(__name__)
Studies = Mapping[str, Study]
"""What a benchmark does, by the pairs' names: the same methods on each."""
Title = Callable[[Literal["pair", "method", "validator"], str], str]
"""How a table names what the runs know by its name."""
SEEDS = 2, 20


class Benchmark(Params):
    """A benchmark as a value: one study a domain pair."""

    studies: tuple[Study, ...] = Field(min_length=1)

    @classmethod
    def of(cls, experiments: Sequence[Experiment], methods: Sequence[str], seeds: int) -> Benchmark:
        """Make a benchmark of methods by name on the pairs of experiments, all else as each experiment has it.

        Raises `UserError` where there is none of either, or for a number of seeds out of its bounds.
        """
        if not experiments:
            raise UserError("Choose the domain pairs to compare on.")
        check_seeds(seeds)
        return cls(studies=tuple(Study.of(experiment, list(methods), seeds) for experiment in experiments))

    @property
    def key(self) -> str:
        """A short name that is the same for the same benchmark."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]

    def named(self) -> dict[str, Study]:
        """Return the studies by their pairs' names."""
        return dict(zip(pair_names([study.experiment.data for study in self.studies]), self.studies, strict=True))


def check_seeds(seeds: int) -> None:
    """Raise `UserError` for a number of seeds that no benchmark takes."""
    if not SEEDS[0] <= seeds <= SEEDS[1]:
        raise UserError("Choose 2 to 20 seeds for a benchmark; {seeds} is not allowed.", seeds=seeds)


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
class BenchmarkStep:
    """What is known of one run of a benchmark: how far it is, what came of it, or why it cannot be done.

    It is the run ``place`` of ``count``, from 1.
    """

    pair: str
    trial: Trial
    place: int
    count: int
    outcome: Progress | Result | UserError

    @property
    def experiment(self) -> Experiment:
        """Return what the run does."""
        return self.trial.experiment

    @property
    def result(self) -> Result:
        """Return what came of the run; only of one that has finished."""
        assert isinstance(self.outcome, Result)
        return self.outcome


@dataclass(frozen=True)
class KeptResults:
    """The results of finished runs, one file each in ``folder``; None keeps nothing."""

    folder: Path | None

    def find(self, experiment: Experiment) -> Result | None:
        """Read what came of this experiment; None where it is not there, or would not be the same today.

        It would not where this version has other defaults, or a file of the user's has changed since.
        """
        if self.folder is None:
            return None
        file = self._file(self.folder, experiment)
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
        """Write what came of an experiment, whole or not at all. Raises `UserError` where it cannot be written."""
        if self.folder is None:
            return
        write_whole(self._file(self.folder, experiment), result.model_dump_json().encode())

    @staticmethod
    def _file(folder: Path, experiment: Experiment) -> Path:
        return folder / f"{experiment.key}.json"


def conduct_benchmark(studies: Studies, kept: KeptResults, runner: Runner | None = None) -> Generator[BenchmarkStep]:
    """Do all runs and yield how they go; first those that are ``kept``, which are not done again.

    A method that cannot be used on a pair is not tried there with further seeds; the others go on. Raises `UserError`
    for a target without labels.
    """
    planned = [(pair, trial) for pair, study in studies.items() for trial in study.trials()]

    def step(place: int, outcome: Progress | Result | UserError) -> BenchmarkStep:
        pair, trial = planned[place]
        if isinstance(outcome, Result) and not outcome.target_scored:
            raise UserError("The target of {pair} has no labels, so methods cannot be compared on it.", pair=pair)
        return BenchmarkStep(pair, trial, place + 1, len(planned), outcome)

    wanted = deque[int]()
    for place, (_pair, trial) in enumerate(planned):
        if (result := kept.find(trial.experiment)) is None:
            wanted.append(place)
        else:
            yield step(place, result)
    begun: list[int] = []

    failed: set[tuple[str, str]] = set()

    def next_experiment() -> Experiment | None:
        while wanted:
            pair, trial = planned[place := wanted.popleft()]
            if (pair, trial.method) not in failed:
                begun.append(place)
                return trial.experiment
        return None

    for number, event in run_several(next_experiment, runner):
        place = begun[number]
        pair, trial = planned[place]
        if isinstance(event, Progress):
            yield step(place, event)
        elif isinstance(event, Finished):
            kept.save(trial.experiment, event.result)
            yield step(place, event.result)
        elif isinstance(event, Exception):  # whatever one run stumbles over, the others are worth having
            if not isinstance(event, UserError):
                log.error("%s on %s with seed %s failed", trial.method, pair, trial.seed, exc_info=event)
                event = UserError("The run of seed {seed} failed ({error}).", seed=trial.seed, error=event)
            failed.add((pair, trial.method))
            yield step(place, event)


def benchmark_tables(
    studies: Studies, steps: Iterable[BenchmarkStep], title: Title = lambda _kind, name: name
) -> tuple[BenchmarkTable, BenchmarkTable | None]:
    """Tabulate the target accuracy of each method, and the regret of each validator where results have validators.

    A validator chooses, for each pair and seed, among the models of all methods. The one that is told the target's
    labels has no regret by definition and is left out.
    """
    ends = [step for step in steps if not isinstance(step.outcome, Progress)]
    failures = {(step.pair, step.trial.method): step.outcome for step in ends if isinstance(step.outcome, UserError)}
    done = [step for step in ends if (step.pair, step.trial.method) not in failures]
    pairs = {pair: title("pair", pair) for pair in studies}
    scores: dict[str, dict[str, list[float]]] = {
        pairs[pair]: {title("method", study.called(spec)): [] for spec in study.methods}
        for pair, study in studies.items()
    }
    for step in done:
        if step.result.adapted.target is not None:
            scores[pairs[step.pair]][title("method", step.trial.method)].append(step.result.adapted.target.accuracy)
    notes = [
        Notice(
            "{method} on {pair}: {reason}",
            {"method": title("method", method), "pair": pairs[pair], "reason": str(error)},
        )
        for (pair, method), error in failures.items()
    ]
    for pair in studies:
        once = [title("method", s.trial.method) for s in done if s.pair == pair and len(s.trial.seeds) > 1]
        if once:
            named = {"pair": pairs[pair], "methods": once}
            notes.append(
                Notice("Run once on {pair}, because the result does not depend on the seed: {methods}.", named)
            )
    accuracy = tabulate(scores)
    regrets = {
        pairs[pair]: {
            title("validator", name): values
            for name, values in _regrets([step for step in done if step.pair == pair]).items()
        }
        for pair in studies
    }
    regret = tabulate(regrets, "regret") if any(map(any, regrets.values())) else None
    return dataclasses.replace(accuracy, notes=(*accuracy.notes, *notes)), regret


def _regrets(of_pair: list[BenchmarkStep]) -> dict[str, list[float]]:
    """List what the choice of each validator costs, seed by seed."""
    regrets: dict[str, list[float]] = {name: [] for name, kind in validators().items() if not kind.cost}
    for seed in sorted({seed for step in of_pair for seed in step.trial.seeds}):
        among = candidates(step for step in of_pair if seed in step.trial.seeds)
        for name in regrets:
            if len(among) > 1 and (judged := judge_validator(among, name)) is not None:
                regrets[name].append(judged.regret)
    return {name: values for name, values in regrets.items() if values}
