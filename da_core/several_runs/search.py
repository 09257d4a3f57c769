"""Plan a search among methods and hyperparameters for a domain pair, within a budget."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from pydantic import Field, model_validator

from da_core.errors import UserError
from da_core.events import Result, ValidatorScore
from da_core.experiment import Experiment, MethodSpec
from da_core.params import Params
from da_core.several_runs.run_plan import RunPlan
from da_core.several_runs.search_proposals import propose
from da_core.several_runs.study import depends_on_seed
from da_core.several_runs.tried import SearchRun, Tried, of_settings

MOST_RUNS, MOST_MINUTES, MOST_SEEDS = 500, 24 * 60, 10
_HOPELESS = 10
"""Runs that fail in a row, after which a search ends: quick failures would use up no budget of minutes."""


class Budget(Params):
    """The budget of a search: a number of runs, or minutes of running."""

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


class Search(RunPlan[SearchRun, Tried]):
    """The best of some ``methods`` and their settings for the rest of an ``experiment``, by a ``validator``.

    ``seed`` drives what is proposed. The runs have the experiment's seed and, up to ``seeds`` of them, those after it:
    the same for all settings, so that they can be compared. The same search has the same runs however many go at once,
    unless it looks ``ahead``: then new settings do not wait for the scores of those that are going.
    """

    experiment: Experiment
    methods: tuple[str, ...] = Field(min_length=1)
    validator: str
    budget: Budget
    seed: int = Field(0, ge=0, le=2**31 - 1)
    seeds: int = Field(1, ge=1, le=MOST_SEEDS)
    ahead: bool = False

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
        ahead: bool = False,
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
        return cls(
            experiment=experiment,
            methods=chosen,
            validator=validator,
            budget=budget,
            seed=seed,
            seeds=seeds,
            ahead=ahead,
        )

    def has_the_runs_of(self, other: Search) -> bool:
        """Tell whether another search would make the same runs, though more or fewer of them."""
        return self.model_copy(update={"budget": other.budget, "ahead": other.ahead}) == other

    def experiment_with(self, method: MethodSpec, seed: int | None = None) -> Experiment:
        """Return the whole experiment of some settings, at the experiment's seed or another."""
        from da_core.methods.wanted_network import with_method

        experiment = with_method(self.experiment, method)
        return experiment if seed is None else experiment.model_copy(update={"seed": seed})

    def next_task(self, outcomes: Sequence[Tried], going: Sequence[SearchRun]) -> SearchRun | None:
        """Choose what runs next: a seed that settings which have begun still lack, or the first of new settings.

        New settings wait for the scores of those that are ``going``, unless this search looks ``ahead``. None where
        nothing is left, the budget is spent, or what comes next has to wait. Raises `UserError` as `next_method` does.
        """
        unscored = [Tried(method=run.method, seeds=run.seeds) for run in going]
        failed = {run.method.model_dump_json() for run in outcomes if run.score is None}
        if self.seeds > 1:
            for runs in of_settings([*outcomes, *unscored]):
                begun, method = {run.seeds for run in runs}, runs[0].method
                if sum(map(len, begun)) < self.seeds and method.model_dump_json() not in failed:
                    return next(run for run in self.runs_of(method) if run.seeds not in begun)
        if unscored and not self.ahead:
            return None
        chosen = self.next_method(outcomes, unscored)
        return None if chosen is None else self.runs_of(chosen)[0]

    def next_method(self, tried: Sequence[Tried], going: Sequence[Tried] = ()) -> MethodSpec | None:
        """Choose settings to try next, as `propose` does; None as well where the budget is spent.

        ``going`` are runs that have no score yet, and count towards the budget. Raises `UserError` where the
        last runs have all failed, so that the next would, too.
        """
        last = tried[-_HOPELESS:]
        if len(last) == _HOPELESS and all(run.score is None for run in last):
            raise UserError(
                "The last {count} runs of this search all failed; read the reason and change what they have in common.",
                count=_HOPELESS,
            )
        begun = [*tried, *going]
        return None if self.budget.share(begun) >= 1 else propose(self, begun)

    def experiment_of(self, task: SearchRun) -> Experiment:
        """Return the whole experiment of one of its runs."""
        return self.experiment_with(task.method, task.seeds[0])

    def outcome_of(self, task: SearchRun, result: Result, run_id: str = "") -> Tried:
        """Record the validator's score of the run; one that was cut short has none: it says little of its settings."""
        said, target = result.validators.get(self.validator) or ValidatorScore(), result.adapted.target
        score = said.after if said.after is not None and math.isfinite(said.after) else None
        problem, values = said.reason or "The validator has no score for this run.", said.values
        if result.recipe.get("stopped_early"):
            score, problem, values = None, "The run was cut short.", {}
        return Tried(
            method=task.method,
            seeds=task.seeds,
            score=score,
            target_accuracy=None if target is None else target.accuracy,
            seconds=sum(result.seconds.values()),
            problem="" if score is not None else problem,
            values={name: str(value) for name, value in values.items()},
            run_id=run_id,
        )

    def failure_of(self, task: SearchRun, error: UserError, seconds: float) -> Tried:
        """Record why there is no score: settings that cannot be used are no reason to end the search."""
        values = {name: str(value) for name, value in error.values.items()}
        return Tried(method=task.method, seeds=task.seeds, problem=error.message, values=values, seconds=seconds)

    def outcomes_kept(
        self, earlier: Search, outcomes: Sequence[Tried], *, is_over: bool, has_run: Callable[[str], bool]
    ) -> Sequence[Tried]:
        """Keep what the same search has tried, whatever its budget."""
        return outcomes if earlier.has_the_runs_of(self) else ()

    def check_known(self, outcomes: Sequence[Tried]) -> None:
        """Raise `KeyError` or `ValueError` for a method or a setting that this version does not know."""
        from da_core.methods import methods  # torch comes with it

        for name in self.methods:
            methods()[name]
        for run in outcomes:
            methods()[run.method.name].Params(**run.method.params)

    def runs_of(self, method: MethodSpec) -> list[SearchRun]:
        """List all runs of some settings: one a seed, or one alone where nothing depends on it."""
        first = self.experiment.seed
        seeds = tuple(range(first, first + self.seeds))
        if len(seeds) > 1 and not depends_on_seed(self.experiment_with(method)):
            return [SearchRun(method, seeds)]
        return [SearchRun(method, (seed,)) for seed in seeds]
