"""The numbers of the stories: measured by running their experiments, shipped so that nobody waits, and judged.

    python -m da_core make stories

runs each story's experiments with all of its seeds and writes ``assets/course/stories.json``.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from da_core.events import Accuracies, Evidence, Finished, Losses, Result
from da_core.experiment import Experiment
from da_core.teaching.course.bilingual import COURSE
from da_core.teaching.course.guess import Answer, CurveGuess, Guess, at_knots
from da_core.teaching.stories.story_file import Claim, Measure, Story, stories, story

FILE = COURSE / "stories.json"
LAST = 10
"""Epochs at the end over which a critic's accuracy, which jumps, is averaged."""
ON_A_MAP = 400
"""Samples of the source on a map."""

Values = dict[str, dict[str, list[float]]]
"""In per cent by run, measure and seed."""


class FeatureMap(BaseModel):
    """A map of features: places of samples in the plane, and the names of their classes."""

    model_config = ConfigDict(frozen=True)

    seed: int
    points: list[tuple[float, float]]
    classes: list[str]


class StoryNumbers(BaseModel):
    """Results of a story's experiments; ``key`` is the story's."""

    model_config = ConfigDict(frozen=True)

    key: str
    values: Values
    maps: list[FeatureMap] = []

    def by_seed(self, name: str | float, first: Measure) -> list[float]:
        """Return the values of a run, of a run and a measure (``dann.source``), or a number, by seed."""
        if not isinstance(name, str):
            return [name] * len(next(iter(next(iter(self.values.values())).values())))
        run, _dot, measure = name.partition(".")
        return self.values[run][measure or first]

    def mean(self, name: str, first: Measure) -> float:
        """Average a value over the seeds."""
        return float(np.mean(self.by_seed(name, first)))


@functools.cache
def shipped(file: Path = FILE) -> dict[str, StoryNumbers]:
    """Read the numbers of all stories."""
    held: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return {name: StoryNumbers.model_validate(numbers) for name, numbers in held.items()}


def make(names: Sequence[str] = ()) -> bool:
    """Measure the stories named, or all, and write their numbers. Returns whether a claim is broken."""
    numbers = dict(shipped()) if names else {}
    broken = False
    for name in names or stories():
        numbers[name] = measure_story(story(name))
        for claim in broken_claims(story(name), numbers[name]):
            print(f"{name}: {claim.more} is not {claim.by:g} points above {claim.than}")
            broken = True
        held = {name: numbers[name].model_dump(exclude_defaults=True) for name in stories() if name in numbers}
        FILE.write_text(_compact(held), encoding="utf-8")
    shipped.cache_clear()
    return broken


def _compact(held: Mapping[str, Any]) -> str:
    """Write a story a line: few lines, and a change shows which story it is of."""
    lines = (f"{json.dumps(name)}: {json.dumps(numbers, ensure_ascii=False)}" for name, numbers in held.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


def measure_story(of_story: Story, seeds: Iterable[int] | None = None) -> StoryNumbers:
    """Run a story's experiments with all of its seeds, or those that are given."""
    from da_core.run import run as run_experiment

    values: Values = {run: {measure: [] for measure in of_story.measures} for run in of_story.runs}
    maps: list[FeatureMap] = []
    for seed in range(of_story.seeds) if seeds is None else seeds:
        for run in of_story.runs:
            experiment = of_story.experiment(run, seed)
            if of_story.filmed:
                results = _of_film(experiment, of_story.runs[run].acts)
            else:
                *events, finished = run_experiment(experiment, embed=False)
                assert isinstance(finished, Finished)
                history = [event for event in events if isinstance(event, Losses | Accuracies)]
                results = read_off(of_story.measures, finished.result, history)
                if of_story.mapped:
                    drawn = maps_of(finished.evidence, finished.result.classes, experiment.seed)
                    results |= _of_maps(finished.evidence, drawn)
                    maps = maps or drawn
            for measure in of_story.measures:
                values[run][measure].append(round(results[measure], 2))
    return StoryNumbers(key=of_story.key, values=values, maps=maps)


def read_off(
    measures: Iterable[Measure], result: Result, history: Iterable[Losses | Accuracies]
) -> dict[Measure, float]:
    """Read measures off a finished run; those of maps are left out."""
    read: dict[Measure, Callable[[], float]] = {
        "accuracy": lambda: 100 * result.adapted.scored.accuracy,
        "source": lambda: 100 * result.adapted.source.accuracy,
        "critic": lambda: 100 * _critic(history),
        # the distance is 2 (1 − 2 ε), ε being the error of a classifier that was trained to tell the domains apart
        "fresh": lambda: 50 + 25 * result.shift.after.proxy_a_distance,
        "effective": lambda: 100 * _effective(result),
    }
    return {measure: read[measure]() for measure in measures if measure in read}


def broken_claims(of_story: Story, numbers: StoryNumbers) -> list[Claim]:
    """List the claims that do not hold in every seed."""
    broken = []
    for claim in of_story.claims:
        more, than = (numbers.by_seed(side, of_story.measures[0]) for side in (claim.more, claim.than))
        if any(a - b < claim.by for a, b in zip(more, than, strict=True)):
            broken.append(claim)
    return broken


def outcome_of(of_story: Story, guess: Guess, numbers: StoryNumbers) -> Answer:
    """Return what came out as the guess is given: a mean over the seeds, a curve through the runs, or a name."""
    if isinstance(guess, CurveGuess):
        runs = [(run.x, name) for name, run in of_story.runs.items() if run.x is not None]
        placed = sorted((x, numbers.mean(name, of_story.measures[0])) for x, name in runs)
        return at_knots(guess.x, *zip(*placed, strict=True))
    return of_story.outcome if guess.kind == "pick" else round(numbers.mean(of_story.outcome, of_story.measures[0]), 1)


def maps_of(evidence: Evidence, classes: Sequence[str], seed: int) -> list[FeatureMap]:
    """Lay the source's features out by UMAP with two seeds that follow each other."""
    from da_core.evaluation.umap_and_pca import aligned, umap

    F, labels = evidence.source_features["after"][:ON_A_MAP], evidence.source_label[:ON_A_MAP]
    first = umap(F, seed)
    second = aligned(umap(F, seed + 1), first)
    named = [classes[label] for label in labels]
    return [
        FeatureMap(
            seed=seed + place, points=[(round(float(x), 2), round(float(y), 2)) for x, y in points], classes=named
        )
        for place, points in enumerate((first, second))
    ]


def _of_film(experiment: Experiment, acts: str) -> dict[Measure, float]:
    from da_core.teaching.films.filming import film_of

    numbers = film_of(experiment, acts).frames[-1].numbers
    return {"accuracy": 100 * numbers["target"], "source": 100 * numbers["source"]}


def _of_maps(evidence: Evidence, maps: Sequence[FeatureMap]) -> dict[Measure, float]:
    from da_core.evaluation.umap_and_pca import neighbour_preservation

    F = evidence.source_features["after"][:ON_A_MAP]
    points = [np.array(feature_map.points, np.float32) for feature_map in maps]
    nearest = [_nearest_class(where, maps[0].classes) for where in points]
    kept = [neighbour_preservation(F, where) for where in points]
    return {
        "kept": 100 * float(np.mean(kept)),
        "same_neighbour": 100
        * float(np.mean([a == b for first, then in pairwise(nearest) for a, b in zip(first, then, strict=True)])),
    }


def _nearest_class(points: NDArray[np.float32], classes: Sequence[str]) -> list[int]:
    """Find the class whose middle lies nearest to each class's own."""
    named = np.array(classes)
    middles = np.array([points[named == label].mean(axis=0) for label in np.unique(named)])
    apart = np.linalg.norm(middles[:, None] - middles, axis=2)
    np.fill_diagonal(apart, np.inf)
    return [int(place) for place in apart.argmin(axis=1)]


def _critic(history: Iterable[Losses | Accuracies]) -> float:
    accuracies = [
        event.values["domain"] for event in history if isinstance(event, Accuracies) and "domain" in event.values
    ]
    return float(np.mean(accuracies[-LAST:]))


def _effective(result: Result) -> float:
    weights = result.weights or {"effective_sample_size": 1.0, "samples": 1.0}
    return weights["effective_sample_size"] / weights["samples"]
