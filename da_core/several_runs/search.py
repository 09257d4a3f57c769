"""A search among methods and hyperparameters for a pair: its budget, its runs, and which of them was the best.

The list of what was tried is all that is kept of it. A validator scores the runs. Settings may be tried with several
seeds, which train together where they can: then their mean is their score.
"""

from __future__ import annotations

import hashlib
import math
import statistics
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from pydantic import Field, model_validator

from da_core.errors import UserError
from da_core.events import Result
from da_core.experiment import Experiment, MethodSpec
from da_core.params import Params
from da_core.several_runs.study import depends_on_seed

MOST_RUNS, MOST_MINUTES, MOST_SEEDS = 500, 24 * 60, 10


class Budget(Params):
    """How much a search may take: so many runs, or so many minutes of running."""

    runs: int | None = Field(None, ge=1, le=MOST_RUNS)
    minutes: float | None = Field(None, gt=0, le=MOST_MINUTES)

    @classmethod
    def read(cls, text: str) -> Budget:
        """Read “20” as runs, “5m” as minutes and “2h” as hours. Raises `UserError` for anything else."""
        units = {"m": 1.0, "h": 60.0}
        number, unit = (text[:-1], text[-1]) if text[-1:] in units else (text, "")
        try:
            return cls(minutes=float(number) * units[unit]) if unit else cls(runs=int(number))
        except ValueError:  # pydantic's is one, too
            raise UserError(
                "“{text}” is not a budget; give a number of runs up to {runs}, such as 20, or a time up to 24h, such "
                "as 5m or 2h.",
                text=text,
                runs=MOST_RUNS,
            ) from None

    @model_validator(mode="after")
    def _is_one_of_both(self) -> Budget:
        if (self.runs is None) == (self.minutes is None):
            raise ValueError("a budget is runs or minutes")
        return self

    def share(self, tried: Sequence[Tried], running: float = 0.0) -> float:
        """Compute which share in [0, 1] is used up by what was tried, and by this part of the run that is going."""
        if self.runs is not None:
            return min((len(tried) + running) / self.runs, 1.0)
        return min(sum(one.seconds for one in tried) / (60 * (self.minutes or 1.0)), 1.0)

    def is_spent(self, tried: Sequence[Tried]) -> bool:
        """Tell whether what was tried has used it up. A run that has begun is not cut short."""
        return self.share(tried) >= 1.0


class SearchRun(NamedTuple):
    """A run to be done: settings at a seed, or at all ``seeds`` where nothing depends on them."""

    method: MethodSpec
    seeds: tuple[int, ...]


class Tried(Params):
    """A run of a search: what it did, and what the validator says of the adapted model; higher is better.

    ``score`` is None where there is none; ``problem``, a message to be filled with ``values``, says why.
    ``target_accuracy`` is for the regret afterwards: neither what comes next nor `best` looks at it. ``seeds`` are
    those that the run stands for; () is the experiment's. The mean of several runs has the ``scores`` that it is of.
    """

    method: MethodSpec
    seeds: tuple[int, ...] = ()
    score: float | None = Field(None, allow_inf_nan=False)
    scores: tuple[float, ...] = ()
    target_accuracy: float | None = None
    seconds: float = 0.0
    problem: str = ""
    values: dict[str, str] = Field(default_factory=dict)
    run_id: str = ""

    @classmethod
    def of(
        cls,
        method: MethodSpec,
        result: Result,
        validator: str,
        seconds: float,
        run_id: str = "",
        seeds: tuple[int, ...] = (),
    ) -> Tried:
        """Note what came of a run; one that was cut short has no score, for it says little of its settings."""
        said, target = result.validators.get(validator), result.adapted.target
        score = None if said is None or said.after is None or not math.isfinite(said.after) else said.after
        problem, values = ("", {}) if said is None else (said.reason, said.values)
        if result.recipe.get("stopped_early"):
            score, problem, values = None, "The run was stopped early.", {}
        return cls(
            method=method,
            seeds=seeds,
            score=score,
            target_accuracy=None if target is None else target.accuracy,
            seconds=seconds,
            problem="" if score is not None else problem or "The validator has no score for this run.",
            values={name: str(value) for name, value in values.items()},
            run_id=run_id,
        )

    @classmethod
    def failed(cls, method: MethodSpec, error: UserError, seconds: float, seeds: tuple[int, ...] = ()) -> Tried:
        """Note that a run came to nothing, and why."""
        values = {name: str(value) for name, value in error.values.items()}
        return cls(method=method, seeds=seeds, problem=error.message, values=values, seconds=seconds)

    @classmethod
    def mean(cls, runs: Sequence[Tried]) -> Tried:
        """Average settings' runs over their seeds; where one of them has no score, there is none."""
        first, seconds = runs[0], sum(one.seconds for one in runs)
        without = [one for one in runs if one.score is None]
        if without or len(runs) == 1:
            return (without or [first])[0].model_copy(update={"seconds": seconds})
        scores = tuple(one.score for one in runs if one.score is not None)
        accuracies = [one.target_accuracy for one in runs if one.target_accuracy is not None]
        means = {
            "seeds": tuple(seed for one in runs for seed in one.seeds),
            "score": statistics.fmean(scores),
            "scores": scores,
            "target_accuracy": statistics.fmean(accuracies) if len(accuracies) == len(runs) else None,
            "seconds": seconds,
        }
        return first.model_copy(update=means)


class Search(Params):
    """The best of some ``methods`` and their settings for the rest of an ``experiment``, by a ``validator``.

    ``seed`` drives what is proposed. The runs have the experiment's seed and, up to ``seeds`` of them, those after it:
    the same for all settings, so that they can be compared.
    """

    experiment: Experiment
    methods: tuple[str, ...] = Field(min_length=1)
    validator: str
    budget: Budget
    seed: int = Field(0, ge=0, le=2**31 - 1)
    seeds: int = Field(1, ge=1, le=MOST_SEEDS)

    @classmethod
    def of(
        cls,
        experiment: Experiment,
        names: Sequence[str],
        validator: str,
        budget: Budget,
        *,
        seed: int = 0,
        seeds: int = 1,
        unlocked: bool = False,
    ) -> Search:
        """Make a search of methods by name. The oracle, as validator, has to be ``unlocked``.

        Raises `UserError` for no method, an unknown one or one that may not compete, for a number of seeds out of its
        bounds, and as `pick_validator` does.
        """
        from da_core.evaluation.validators import pick_validator
        from da_core.methods import methods
        from da_core.registry import pick

        if not names:
            raise UserError("Choose the methods to search among.")
        for name in names:
            pick(methods(), name, MethodSpec.what)
            if name == "oracle":
                raise UserError("The oracle method is trained on the target's labels; leave it out of a search.")
        if not 1 <= seeds <= MOST_SEEDS:
            raise UserError(
                "Choose 1 to {most} seeds for a search; {seeds} is not allowed.", most=MOST_SEEDS, seeds=seeds
            )
        pick_validator(validator, unlocked=unlocked)
        chosen = tuple(dict.fromkeys(names))
        return cls(experiment=experiment, methods=chosen, validator=validator, budget=budget, seed=seed, seeds=seeds)

    @property
    def key(self) -> str:
        """A short name that is the same for the same search."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]

    def has_the_runs_of(self, other: Search) -> bool:
        """Tell whether another search would make the same runs, though more or fewer of them."""
        return self.model_copy(update={"budget": other.budget}) == other

    def experiment_of(self, method: MethodSpec, seed: int | None = None) -> Experiment:
        """Return the whole experiment of some settings, at the experiment's seed or another."""
        from da_core.methods.wanted_network import with_method

        wanted = with_method(self.experiment, method)
        return wanted if seed is None else wanted.model_copy(update={"seed": seed})

    def runs_of(self, method: MethodSpec) -> list[SearchRun]:
        """List all runs of some settings: one a seed, or one alone where nothing depends on it."""
        first = self.experiment.seed
        seeds = tuple(range(first, first + self.seeds))
        if len(seeds) > 1 and not depends_on_seed(self.experiment_of(method)):
            return [SearchRun(method, seeds)]
        return [SearchRun(method, (seed,)) for seed in seeds]


def of_settings(tried: Iterable[Tried]) -> list[list[Tried]]:
    """Sort runs by their settings, in the order in which those began."""
    found: dict[str, list[Tried]] = {}
    for one in tried:
        found.setdefault(one.method.model_dump_json(), []).append(one)
    return list(found.values())


def over_seeds(search: Search, tried: Sequence[Tried]) -> list[Tried]:
    """Average the runs of equal settings over their seeds, in the order in which they began.

    Settings of which a seed is still missing are left out, unless they have failed.
    """
    if search.seeds == 1:
        return list(tried)
    means = [(Tried.mean(runs), sum(len(one.seeds) for one in runs)) for runs in of_settings(tried)]
    return [mean for mean, seeds in means if mean.score is None or seeds >= search.seeds]


def ranked(tried: Sequence[Tried]) -> list[Tried]:
    """Order what has a score, the best first; of equal ones the earlier."""
    return sorted((one for one in tried if one.score is not None), key=lambda one: -(one.score or 0.0))


def best(tried: Sequence[Tried]) -> Tried | None:
    """Return the best so far by the validator's score; None before there is one."""
    return next(iter(ranked(tried)), None)
