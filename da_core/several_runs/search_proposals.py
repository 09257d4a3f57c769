"""Propose with Optuna what a search tries next, and tell which of its settings have mattered.

What comes next depends on the search and the list of what was tried alone, so that a search that was interrupted goes
on as if it had not been. The sampler is TPE (Bergstra et al. 2011, Algorithms for Hyper-Parameter Optimization,
section 4) as Optuna has it. No run is pruned: validators score a finished model, and what a run tells at its epochs,
losses and accuracies, is not what is searched by.
"""

from __future__ import annotations

import random
import statistics
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from da_core.experiment import MethodSpec
from da_core.several_runs.tried import SearchedSpace, Tried, over_seeds, ranked

if TYPE_CHECKING:
    import optuna
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial

LEAST_FOR_IMPORTANCE = 6
"""Runs of one method below which nobody can tell which of its settings mattered."""
_START_UP = 5
"""Runs of settings drawn at random, besides each method's defaults, before TPE learns from what came out."""
_ATTEMPTS = 30
"""Proposals in a row that were tried before, after which the space counts as exhausted."""
_METHOD = "method"


def propose(search: SearchedSpace, tried: Sequence[Tried]) -> MethodSpec | None:
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
    from da_core.methods import methods
    from da_core.several_runs.search_space import draw

    for attempt in range(_ATTEMPTS):
        trial = _study(search, tried, spaces, attempt).ask()
        name = str(trial.suggest_categorical(_METHOD, list(spaces)))
        drawn = {setting: draw(trial, f"{name}.{setting}", one) for setting, one in spaces[name].items()}
        if (spec := MethodSpec(name=name, params=methods()[name].Params(**drawn).overrides())) not in known:
            return spec
    return None


def importance(search: SearchedSpace, tried: Sequence[Tried], method: str) -> dict[str, float]:
    """Estimate how much of the scores' variance among a method's runs each of its settings explains, as shares of 1.

    By functional ANOVA (Hutter et al. 2014, section 4), the largest first; empty where there are too few runs, or their
    scores are all alike.
    """
    scored = [one for one in ranked(tried) if one.method.name == method]
    space = _spaces(search).get(method)
    if space is None or len(scored) < LEAST_FOR_IMPORTANCE or scored[0].score == scored[-1].score:
        return {}
    import optuna

    study = _optuna_study(None)
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


def _spaces(search: SearchedSpace) -> dict[str, dict[str, BaseDistribution]]:
    """Collect what can be searched of each method; those of which nothing can are tried once, with their defaults."""
    from da_core.methods import methods
    from da_core.several_runs.search_space import search_space

    spaces = {name: search_space(methods()[name].Params) for name in search.methods}
    return {name: space for name, space in spaces.items() if space}


def _study(
    search: SearchedSpace, tried: Sequence[Tried], spaces: dict[str, dict[str, BaseDistribution]], attempt: int
) -> optuna.Study:
    """Tell a new study what was tried in these spaces. Its sampler is seeded by how many runs there were in all."""
    import optuna

    seed = random.Random(f"{search.seed}/{len(tried)}/{attempt}").randrange(2**32)
    sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=len(spaces) + _START_UP, multivariate=False)
    study = _optuna_study(sampler)
    among = optuna.distributions.CategoricalDistribution(list(spaces))
    tried_here = [one for one in tried if one.method.name in spaces]
    study.add_trials([_frozen(one, spaces[one.method.name], among) for one in tried_here])
    return study


def _optuna_study(sampler: optuna.samplers.BaseSampler | None) -> optuna.Study:
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
