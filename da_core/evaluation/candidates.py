"""Models to choose among: those of several runs on one pair, each with its scores by validators and its accuracy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from da_core.evaluation.regret import Judgement, judge
from da_core.events import Result, When
from da_core.experiment import Experiment


@dataclass(frozen=True)
class Candidate:
    """The model of a run after adapting, or before; ``scores`` by validator, ``accuracy`` on the target."""

    experiment: Experiment
    when: When
    scores: Mapping[str, float]
    accuracy: float

    @property
    def method(self) -> str:
        """Name the method with its settings, the same for all seeds; one name for source only of a network."""
        return self.experiment.model_dump_json(exclude={"seed"} if self.when == "after" else {"seed", "method"})


def candidates(runs: Iterable[tuple[Experiment, Result]]) -> list[Candidate]:
    """List the adapted models of finished runs and, each once, the source-only models that they started from.

    Runs whose target has no labels, or that no validator has scored (they are of an earlier version), are left out.
    """
    unadapted: dict[tuple[float, ...], Candidate] = {}
    adapted = []
    for experiment, result in runs:
        if result.source_only.target is None or result.adapted.target is None or not result.validators:
            continue
        accuracies = {"before": result.source_only.target.accuracy, "after": result.adapted.target.accuracy}
        whens: tuple[When, ...] = ("before", "after")
        both = [Candidate(experiment, when, _scores(result, when), accuracies[when]) for when in whens]
        unadapted.setdefault((both[0].accuracy, *both[0].scores.values()), both[0])
        if experiment.method.name != "source_only":
            adapted.append(both[1])
    return [*unadapted.values(), *adapted]


def _scores(result: Result, when: When) -> dict[str, float]:
    scores = {name: getattr(score, when) for name, score in result.validators.items()}
    return {name: value for name, value in scores.items() if value is not None}


def judge_validator(among: Iterable[Candidate], name: str) -> Judgement | None:
    """Judge by target accuracy what a validator would pick; None where it has scored none of them."""
    listed = list(among)
    scores = [candidate.scores.get(name, np.nan) for candidate in listed]
    accuracies, methods = zip(*((candidate.accuracy, candidate.method) for candidate in listed), strict=True)
    return judge(scores, accuracies, methods=methods)
