"""Search methods and hyperparameters for a pair, by a validator and within a budget: what to try next, and the best.

Nothing here is kept besides the list of what was tried: what comes next depends on the search and that list alone, so a
search that was interrupted goes on as if it had not been. The sampler is TPE (Bergstra et al. 2011, Algorithms for
Hyper-Parameter Optimization, section 4) as Optuna has it. No run is pruned: validators score a finished model, and
what a run tells at its epochs, losses and accuracies, is not what is searched by. Settings may be tried with several
seeds, which train together where they can: then their mean is their score.
"""

from __future__ import annotations

import hashlib
import math
import random
import statistics
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import Field, model_validator

from da_core.errors import UserError
from da_core.events import Event, Finished, Result
from da_core.experiment import Experiment, MethodSpec
from da_core.params import Params, Scalar
from da_core.run_several import RunSeveral, in_turn
from da_core.study import depends_on_seed

if TYPE_CHECKING:
    import optuna
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial

MOST_RUNS, MOST_MINUTES, MOST_SEEDS = 500, 24 * 60, 10
LEAST_FOR_IMPORTANCE = 6
"""Runs of one method below which nobody can tell which of its settings mattered."""
_START_UP = 5
"""Runs of settings drawn at random, besides each method's defaults, before TPE learns from what came out."""
_ATTEMPTS = 30
"""Proposals in a row that were tried before, after which the space counts as exhausted."""
_HOPELESS = 10
"""Runs that fail in a row, after which a search ends: quick failures would use up no budget of minutes."""
_METHOD = "method"


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
                "“{text}” is no budget; give a number of runs up to {runs}, such as 20, or a time up to 24h, such as "
                "5m or 2h.",
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
    ``target_accuracy`` is for the regret afterwards: neither `propose` nor `best` looks at it. ``seeds`` are those that
    the run stands for; () is the experiment's. The mean of several runs has the ``scores`` that it is of.
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
            score, problem, values = None, "The run was cut short.", {}
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
                "A search takes 1 to {most} seeds; {seeds} is not among them.", most=MOST_SEEDS, seeds=seeds
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


@dataclass(frozen=True)
class SearchEvent:
    """An event of run ``place`` of a search, from 1; ``tried`` is what came of it, once it is over."""

    run: SearchRun
    place: int
    event: Event | None = None
    tried: Tried | None = None


def propose(search: Search, tried: Sequence[Tried]) -> MethodSpec | None:
    """Choose what to try next, by the scores of what was tried; None where nothing is left.

    First comes every method with its defaults, in their order; then, of the methods that got a score, settings at
    random; then those that TPE expects the most of.
    """
    known = [one.method for one in tried]
    for name in search.methods:
        if (spec := MethodSpec(name=name)) not in known:
            return spec
    tried = over_seeds(search, tried)
    works = {one.method.name for one in ranked(tried)}
    spaces = {name: space for name, space in _spaces(search).items() if name in works}
    if not spaces:
        return None
    from da_core.search_space import draw

    for attempt in range(_ATTEMPTS):
        trial = _study(search, tried, spaces, attempt).ask()
        name = str(trial.suggest_categorical(_METHOD, list(spaces)))
        drawn = {setting: draw(trial, f"{name}.{setting}", one) for setting, one in spaces[name].items()}
        if (spec := _spec(name, drawn)) not in known:
            return spec
    return None


def next_method(search: Search, tried: Sequence[Tried], going: Iterable[Tried] = ()) -> MethodSpec | None:
    """Choose what to try next, as `propose` does; None as well where the budget is spent.

    ``going`` are runs that have no score yet, and count towards the budget. Raises `UserError` where so many runs in a
    row have failed that the next would, too.
    """
    lately = tried[-_HOPELESS:]
    if len(lately) == _HOPELESS and all(one.score is None for one in lately):
        raise UserError(
            "The last {count} runs of this search all failed; read why, and change what they have in common.",
            count=_HOPELESS,
        )
    begun = [*tried, *going]
    return None if search.budget.is_spent(begun) else propose(search, begun)


def next_runs(search: Search, tried: Sequence[Tried], going: Sequence[Tried] = ()) -> list[SearchRun]:
    """List the runs of one settings that come next: those that are missing of some that have begun, or all of new ones.

    None are where nothing is left, or the budget is spent. Raises `UserError` as `next_method` does.
    """
    if search.seeds > 1:
        for runs in _of_settings([*tried, *going]):
            begun = {one.seeds for one in runs}
            if sum(map(len, begun)) < search.seeds and all(one.score is not None for one in runs):
                return [run for run in search.runs_of(runs[0].method) if run.seeds not in begun]
    method = next_method(search, tried, going)
    return [] if method is None else search.runs_of(method)


def over_seeds(search: Search, tried: Sequence[Tried]) -> list[Tried]:
    """Average the runs of equal settings over their seeds, in the order in which they began.

    Settings of which a seed is still missing are left out, unless they have failed.
    """
    if search.seeds == 1:
        return list(tried)
    means = [(Tried.mean(runs), sum(len(one.seeds) for one in runs)) for runs in _of_settings(tried)]
    return [mean for mean, seeds in means if mean.score is None or seeds >= search.seeds]


def ranked(tried: Sequence[Tried]) -> list[Tried]:
    """Order what has a score, the best first; of equal ones the earlier."""
    return sorted((one for one in tried if one.score is not None), key=lambda one: -(one.score or 0.0))


def best(tried: Sequence[Tried]) -> Tried | None:
    """Return the best so far by the validator's score; None before there is one."""
    return next(iter(ranked(tried)), None)


def importance(search: Search, tried: Sequence[Tried], method: str) -> dict[str, float]:
    """Estimate how much of the scores' variance among a method's runs each of its settings explains, as shares of 1.

    By functional ANOVA (Hutter et al. 2014, section 4), the largest first; empty where there are too few runs, or their
    scores are all alike.
    """
    scored = [one for one in ranked(tried) if one.method.name == method]
    space = _spaces(search).get(method)
    if space is None or len(scored) < LEAST_FOR_IMPORTANCE or scored[0].score == scored[-1].score:
        return {}
    import optuna

    study = _made(None)
    study.add_trials([_frozen(one, space, prefixed=False) for one in scored])
    evaluator = optuna.importance.FanovaImportanceEvaluator(seed=search.seed)
    return dict(optuna.importance.get_param_importances(study, evaluator=evaluator))


def importance_of_method(tried: Sequence[Tried]) -> float | None:
    """Compute the share of the scores' variance that lies between the methods, η²; None where nothing varies."""
    scores = [(one.method.name, one.score) for one in tried if one.score is not None]
    total = sum((score - statistics.fmean(s for _, s in scores)) ** 2 for _, score in scores)
    if len({name for name, _ in scores}) < 2 or total == 0:
        return None
    means = {name: statistics.fmean(s for n, s in scores if n == name) for name, _ in scores}
    return 1 - sum((score - means[name]) ** 2 for name, score in scores) / total


def conduct_search(
    search: Search, tried: Sequence[Tried] = (), run_several: RunSeveral = in_turn
) -> Iterator[SearchEvent]:
    """Run a search to the end of its budget and yield the events of its runs.

    A run that fails is noted as such, and the search goes on. ``tried`` is what an earlier part of it has. Where
    several runs go at the same time, the next is chosen by the scores that there are by then. Raises `UserError` as
    `next_method` does.
    """
    done, begun = list(tried), list[SearchRun]()
    earlier = len(done)
    since: dict[str, float] = {}
    """When settings began, or their last seed ended: together their runs take what has passed."""
    going: dict[int, Tried] = {}
    """What goes counts as tried, so that it is not chosen again and the budget holds; it has no score yet."""

    def next_experiments() -> list[Experiment]:
        runs = next_runs(search, done, list(going.values()))
        for run in runs:
            going[len(begun)] = Tried(method=run.method, seeds=run.seeds)
            begun.append(run)
            since[run.method.model_dump_json()] = time.monotonic()
        return [search.experiment_of(run.method, run.seeds[0]) for run in runs]

    for number, event in run_several(next_experiments):
        run, place, now = begun[number], earlier + number + 1, time.monotonic()
        settings = run.method.model_dump_json()
        seconds = now - since[settings]
        if isinstance(event, UserError):
            came = Tried.failed(run.method, event, seconds, run.seeds)
            going = {other: one for other, one in going.items() if one.method != run.method}
        elif isinstance(event, Exception):
            raise event
        else:
            yield SearchEvent(run, place, event)
            if not isinstance(event, Finished):
                continue
            came = Tried.of(run.method, event.result, search.validator, seconds, seeds=run.seeds)
            going.pop(number, None)  # it is not there where another seed of these settings has failed
        since[settings] = now
        done.append(came)
        yield SearchEvent(run, place, tried=came)


def _of_settings(tried: Iterable[Tried]) -> list[list[Tried]]:
    """Sort runs by their settings, in the order in which those began."""
    found: dict[str, list[Tried]] = {}
    for one in tried:
        found.setdefault(one.method.model_dump_json(), []).append(one)
    return list(found.values())


def _spaces(search: Search) -> dict[str, dict[str, BaseDistribution]]:
    """Collect what can be searched of each method; those of which nothing can are tried once, with their defaults."""
    from da_core.methods import methods
    from da_core.search_space import search_space

    spaces = {name: search_space(methods()[name].Params) for name in search.methods}
    return {name: space for name, space in spaces.items() if space}


def _spec(name: str, drawn: dict[str, Scalar]) -> MethodSpec:
    from da_core.methods import methods

    return MethodSpec(name=name, params=methods()[name].Params(**drawn).overrides())


def _study(
    search: Search, tried: Sequence[Tried], spaces: dict[str, dict[str, BaseDistribution]], attempt: int
) -> optuna.Study:
    """Tell a new study what was tried in these spaces. Its sampler is seeded by how many runs there were in all."""
    import optuna

    seed = random.Random(f"{search.seed}/{len(tried)}/{attempt}").randrange(2**32)
    sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=len(spaces) + _START_UP, multivariate=False)
    study = _made(sampler)
    among = optuna.distributions.CategoricalDistribution(list(spaces))
    told = [one for one in tried if one.method.name in spaces]
    study.add_trials([_frozen(one, spaces[one.method.name], among) for one in told])
    return study


def _made(sampler: optuna.samplers.BaseSampler | None) -> optuna.Study:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)  # it would tell of every trial
    return optuna.create_study(direction="maximize", sampler=sampler)


def _frozen(
    one: Tried, space: dict[str, BaseDistribution], among: BaseDistribution | None = None, *, prefixed: bool = True
) -> FrozenTrial:
    """Write what was tried as Optuna knows it; with ``among`` the method is one of its parameters."""
    import optuna

    from da_core.methods import methods

    name = one.method.name
    prefix = f"{name}." if prefixed else ""
    all_values = methods()[name].Params(**one.method.params).model_dump()
    values: dict[str, Any] = {prefix + setting: all_values[setting] for setting in space}
    distributions = {prefix + setting: distribution for setting, distribution in space.items()}
    if among is not None:
        values, distributions = {_METHOD: name, **values}, {_METHOD: among, **distributions}
    state = optuna.trial.TrialState.FAIL if one.score is None else optuna.trial.TrialState.COMPLETE
    return optuna.trial.create_trial(state=state, value=one.score, params=values, distributions=distributions)
