"""Turn the settings of a class of hyperparameters into Optuna distributions."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from da_core.params import Hyper, Params, Scalar, describe

if TYPE_CHECKING:
    from optuna import Trial
    from optuna.distributions import BaseDistribution

STANDS_STILL = frozenset(
    {"exact_up_to", "anchors", "landmarks", "references", "samples", "iterations", "batch_size", "per_class"}
)
"""Settings that are not searched. All but the last trade time for exactness: more is better and slower, that is all.
``per_class`` is how many labels of the target a method is given: more is no better method."""
_REACH = 30.0
"""A setting on a logarithmic scale is searched from a thirtieth of its default to thirty times that: papers' own grids
span about so much. Bounds alone are far wider; they keep out what cannot be computed."""
_REACH_OF_COUNTS = 4
"""The same for counts, which are mostly of steps and layers: time grows with them."""
_DECADE = 10
"""Bounds that reach so many times the default, or more, are searched on a logarithmic scale."""
_DIGITS = 3
"""Significant digits of a drawn number: nobody can tell two settings apart that differ by less."""


def search_space(kind: type[Params]) -> dict[str, BaseDistribution]:
    """Give the distribution of each setting of a class that is searched, by name; each contains the default.

    A range, a number without bounds, and one whose default is 0 in a large interval stand still as well: that 0 stands
    for “off” or “chosen by itself”, and says nothing of how large another value should be.
    """
    space = {hyper.name: _distribution(hyper) for hyper in describe(kind) if hyper.name not in STANDS_STILL}
    return {name: distribution for name, distribution in space.items() if distribution is not None}


def draw(trial: Trial, name: str, distribution: BaseDistribution) -> Scalar:
    """Have Optuna choose a value; a number is rounded to few digits within its bounds."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    match distribution:
        case CategoricalDistribution():
            chosen = trial.suggest_categorical(name, distribution.choices)
            assert isinstance(chosen, bool | int | float | str)
            return chosen
        case IntDistribution(low=low, high=high, step=step, log=log):
            return trial.suggest_int(name, low, high, step=step, log=log)
        case FloatDistribution(low=low, high=high, log=log):
            return min(max(_rounded(trial.suggest_float(name, low, high, log=log)), low), high)
    raise TypeError(f"{name}: {distribution} is of no kind that `search_space` gives")


def _distribution(hyper: Hyper) -> BaseDistribution | None:
    from optuna.distributions import CategoricalDistribution

    if hyper.is_range:
        return None
    if hyper.type == "boolean":
        return CategoricalDistribution((False, True))
    if hyper.choices:
        return CategoricalDistribution(hyper.choices) if len(hyper.choices) > 1 else None
    if hyper.low is None or hyper.high is None:
        return None
    return _count(hyper, hyper.low, hyper.high) if hyper.type == "integer" else _number(hyper, hyper.low, hyper.high)


def _count(hyper: Hyper, low: float, high: float) -> BaseDistribution | None:
    from optuna.distributions import IntDistribution

    if hyper.default == 0:
        return None
    first = max(math.ceil(low), hyper.default // _REACH_OF_COUNTS)
    last = min(math.floor(high), hyper.default * _REACH_OF_COUNTS)
    step = int(hyper.step or 1)
    if (hyper.default - int(low)) % step:  # the form's step would never meet the default
        step = 1
    first += (hyper.default - first) % step
    last -= (last - hyper.default) % step
    return IntDistribution(first, last, step=step) if first < last else None


def _number(hyper: Hyper, low: float, high: float) -> BaseDistribution | None:
    from optuna.distributions import FloatDistribution

    if hyper.default > 0 and (hyper.log or high >= _DECADE * hyper.default):
        first, last = max(low, _rounded(hyper.default / _REACH)), min(high, _rounded(hyper.default * _REACH))
        return FloatDistribution(first, last, log=True)
    if hyper.default == 0 and high > 1:
        return None
    return FloatDistribution(low + high / 1000 if hyper.low_open else low, high)


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")
