"""Record the runs of a search: their settings and scores, the mean over seeds, and the best."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

from pydantic import Field

from da_core.experiment import MethodSpec
from da_core.params import Params


class SearchedSpace(Protocol):
    """The part of a search that decides what its proposals are."""

    @property
    def methods(self) -> tuple[str, ...]:
        """Names of the methods to choose among."""

    @property
    def seed(self) -> int:
        """The seed of the proposals."""

    @property
    def seeds(self) -> int:
        """The number of seeds that each settings are run with."""


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


def of_settings(tried: Iterable[Tried]) -> list[list[Tried]]:
    """Sort runs by their settings, in the order in which those began."""
    by_settings: dict[str, list[Tried]] = {}
    for one in tried:
        by_settings.setdefault(one.method.model_dump_json(), []).append(one)
    return list(by_settings.values())


def over_seeds(search: SearchedSpace, tried: Sequence[Tried]) -> list[Tried]:
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
