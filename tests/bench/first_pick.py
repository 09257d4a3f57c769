"""Measure if what is recommended before any run beats source only where that can be beaten, and never does harm.

    python -m tests.bench.first_pick [--seeds 3] [--rows 2000] [NAME …]

Each built-in pair is recommended for without its target's labels, and the first method that is named is run beside
source only. A pair can be adapted where the best method on its card (`assets/data/figures.json`) gains at least two
points. Each pair's source, dealt out at random into two halves, is a pair where there is nothing to adapt.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import sys
from collections.abc import Iterator
from statistics import mean
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # threads that wait for a busy core spin

import numpy as np
from numpy.typing import NDArray

from da_core.data.loading.cache import load_pair
from da_core.data.measured import figures
from da_core.data.pair import Domain, DomainPair
from da_core.data.sources import sources
from da_core.errors import UserError
from da_core.evaluation.recommendation import Recommendation, recommend, without_target_labels
from da_core.evaluation.shift.shift_report import data_report
from da_core.events import Finished, Result
from da_core.experiment import DataSpec
from da_core.run import run

ADAPTABLE = 0.02
"""A gain, on a pair's card, from which on it counts as one that can be adapted."""
NULL_SEEDS = 5


def recommended(pair: DomainPair, data: DataSpec, seed: int = 0) -> Recommendation:
    return recommend(data_report(without_target_labels(pair), seed), pair, data)


def gain(recommendation: Recommendation, seed: int) -> tuple[float, float]:
    """Run what is recommended; return the target accuracy of source only and of the adapted model."""
    experiment = recommendation.experiment.model_copy(update={"seed": seed, "device": "cpu"})
    for event in run(experiment, embed=False):
        if isinstance(event, Finished):
            return _accuracies(event.result)
    raise AssertionError("a run ends with Finished")


def _accuracies(result: Result) -> tuple[float, float]:
    assert result.source_only.target is not None
    assert result.adapted.target is not None
    return result.source_only.target.accuracy, result.adapted.target.accuracy


def rows_of(domain: Domain, rows: NDArray[np.int64]) -> Domain:
    arrays: dict[str, Any] = {"X": domain.X, "y": domain.y, "captions": domain.captions, "sounds": domain.sounds}
    return dataclasses.replace(domain, **{name: array[rows] for name, array in arrays.items() if array is not None})


def null_pair(pair: DomainPair, seed: int) -> DomainPair:
    """Deal a pair's source out at random into two domains."""
    order = np.random.default_rng(seed).permutation(len(pair.source))
    one, other = np.array_split(order, 2)
    return dataclasses.replace(pair, source=rows_of(pair.source, one), target=rows_of(pair.source, other))


def specs(names: list[str], rows: int) -> Iterator[tuple[DataSpec, DomainPair]]:
    """Load the built-in pairs that are on this machine, of at most so many rows."""
    for name in names or [name for name in sources() if name != "files"]:
        field = sources()[name].Params.model_fields.get("count")
        few = {"count": rows} if field is not None and field.default > rows else {}
        data = DataSpec(name=name, params=few)
        try:
            yield data, load_pair(data)
        except UserError as error:
            print(f"{name}: {error}", file=sys.stderr)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=2000)
    chosen = parser.parse_args()
    adaptable, better, least, left_alone, nulls = 0, 0, 0.0, 0, 0
    for data, pair in specs(chosen.names, chosen.rows):
        found = recommended(pair, data)
        name, method = data.name, found.suggestions[0].method
        before, after = map(mean, zip(*(gain(found, seed) for seed in range(chosen.seeds)), strict=True))
        card = figures().get(name)
        can = card is not None and card.best - card.source_only >= ADAPTABLE
        adaptable, better = adaptable + can, better + (can and after > before)
        least = min(least, after - before)
        alone = sum(
            recommended(null_pair(pair, seed), data).suggestions[0].method == "source_only"
            for seed in range(NULL_SEEDS)
        )
        left_alone, nulls = left_alone + alone, nulls + NULL_SEEDS
        kind = "can be adapted" if can else ""
        print(f"{name:14} {method:21} {before:.3f} → {after:.3f}  {kind:14}  null {alone} of {NULL_SEEDS}", flush=True)
    print(f"better than source only on {better} of {adaptable} pairs that can be adapted; at worst {least:+.3f};")
    print(f"source only on {left_alone} of {nulls} pairs with nothing to adapt")
