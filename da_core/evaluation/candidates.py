"""Models to choose among: those of several runs on one pair, each with what validators say and what is true."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from da_core.evaluation.regret import Judgement, judge
from da_core.events import Result, When
from da_core.experiment import Experiment


class FinishedRun(Protocol):
    """An experiment and what came of it, such as a `da_core.run_folder.Record`."""

    @property
    def experiment(self) -> Experiment:
        """What the run did."""

    @property
    def result(self) -> Result:
        """What came of it."""


@dataclass(frozen=True)
class Candidate:
    """The model of a run after adapting, or before; ``scores`` by validator, ``accuracy`` on the target."""

    experiment: Experiment
    when: When
    scores: Mapping[str, float]
    accuracy: float


def candidates(runs: Iterable[FinishedRun]) -> list[Candidate]:
    """List the adapted models of runs and, each once, the source-only models that they started from.

    Runs whose target has no labels, or that no validator has scored (they are of an earlier version), are left out.
    """
    found: dict[tuple[float, ...], Candidate] = {}
    adapted = []
    for run in runs:
        result = run.result
        if result.source_only.target is None or result.adapted.target is None or not result.validators:
            continue
        accuracies = {"before": result.source_only.target.accuracy, "after": result.adapted.target.accuracy}
        whens: tuple[When, ...] = ("before", "after")
        both = [Candidate(run.experiment, when, _scores(result, when), accuracies[when]) for when in whens]
        found.setdefault((both[0].accuracy, *both[0].scores.values()), both[0])
        if run.experiment.method.name != "source_only":
            adapted.append(both[1])
    return [*found.values(), *adapted]


def _scores(result: Result, when: When) -> dict[str, float]:
    said = {name: getattr(score, when) for name, score in result.validators.items()}
    return {name: value for name, value in said.items() if value is not None}


def judge_validator(among: Iterable[Candidate], name: str) -> Judgement | None:
    """Judge by target accuracy what a validator would pick; None where it has scored none of them."""
    listed = list(among)
    return judge([one.scores.get(name, np.nan) for one in listed], [one.accuracy for one in listed])
