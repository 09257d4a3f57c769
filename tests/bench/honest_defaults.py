"""Choose each method's settings as one may: on pairs that no figure is reported of, by a validator without labels.

    python -m tests.bench.honest_defaults [--methods dann mcd …] [--settings weight …] [--along iterations=150 …]
        [--seeds 1] [--store FOLDER]

One setting at a time is tried to either side of its default, all else as it is, on the pairs of `PAIRS`: not on the
street scenes, the webcams, USPS ↔ MNIST or those of the shipped benchmark. A value is *chosen* where the family's
validator prefers it to the default in every run; else the default stays. What the target's labels say is printed beside
it, for the reader: it has no part in the choice. Settings that have to move with the tried one are given ``--along``.
Each finished run is kept in the store, and what is there is not run again.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import mean

os.environ.setdefault("OMP_NUM_THREADS", "1")  # threads that wait for a busy core spin

from da_core.errors import UserError
from da_core.events import Finished, Result
from da_core.experiment import DataSpec, Experiment, MethodSpec
from da_core.methods import methods
from da_core.methods.base import Method
from da_core.methods.wanted_network import with_method
from da_core.networks.defaults import with_data
from da_core.params import Scalar, describe
from da_core.run import run
from da_core.several_runs.benchmark import KeptResults
from da_core.several_runs.search_space import search_space

VALIDATORS = {"alignment": "information_maximisation", "adaptation": "information_maximisation", "reweighting": "iwcv"}
"""By family: sure and varied, since most simple ones like a model best which calls everything by one class; and, for
methods that assume a covariate shift, the estimate that rests on the same assumption."""
MOVED = ("blobs", "moons", "subspace", "vowels", "drawn")
WEIGHED = ("hillside", "wine", "cancer", "diabetes", "vowels")
PAIRS = {"alignment": MOVED, "adaptation": MOVED, "reweighting": WEIGHED}
PICTURES = {"fda": ("digits_mnist", "mnist_m"), "night_augmentation": ("digits_mnist", "mnist_m")}
"""Pairs of methods that are for pictures alone."""
COSTS_TIME = frozenset(
    {"hidden", "width", "moves", "critic_steps", "generator_steps", "rounds", "steps", "epochs", "centres", "kernels"}
    | {"trees", "leaves", "folds"}
)
"""Settings that are left as they are: how large or how long is a question of patience, too."""
ROWS = 600
"""Samples of a domain at most."""


def pair(name: str) -> DataSpec:
    """Take a built-in pair, with few samples."""
    from da_core.data.sources import sources

    count = sources()[name].Params.model_fields.get("count")
    return DataSpec(name=name, params={"count": ROWS} if count is not None and count.default > ROWS else {})


def experiment(data: str, method: type[Method], params: dict[str, Scalar], seed: int) -> Experiment:
    """Make the experiment that the screens make of this pair and method."""
    walked = with_method(with_data(Experiment(seed=seed, device="cpu"), pair(data)), MethodSpec(name=method.name()))
    return walked.model_copy(update={"method": MethodSpec(name=method.name(), params=params)})


def tried_values(method: type[Method]) -> Iterator[tuple[str, Scalar, Scalar]]:
    """List (setting, default, value) for each value that is held against a default."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    space = {name: values for name, values in search_space(method.Params).items() if name not in COSTS_TIME}
    for hyper in describe(method.Params):
        default = hyper.default
        match space.get(hyper.name):
            case CategoricalDistribution(choices=choices):
                values: tuple[Scalar, ...] = choices
            case FloatDistribution(low=low, high=high, log=True):
                values = (max(low, float(f"{default / 3:.2g}")), min(high, float(f"{default * 3:.2g}")))
            case FloatDistribution(low=low, high=high):
                values = (float(f"{(low + default) / 2:.2g}"), float(f"{(default + high) / 2:.2g}"))
            case IntDistribution(low=low, high=high):
                values = (max(low, default // 2), min(high, default * 2))
            case _:
                values = ()
        yield from ((hyper.name, default, value) for value in values if value != default)


def finish(wanted: Experiment, kept: KeptResults) -> Result | None:
    """Read what came of a run, or do it now; None where it came to nothing."""
    if (result := kept.find(wanted)) is not None:
        return result
    try:
        for event in run(wanted, embed=False):
            if isinstance(event, Finished):
                kept.save(wanted, event.result)
                return event.result
    except UserError as error:
        print(f"{wanted.data.name}, {wanted.method.name}: {error}", file=sys.stderr)
    return None


def score(result: Result, validator: str) -> float | None:
    """Give what the validator says of the adapted model."""
    said = result.validators.get(validator)
    return None if said is None else said.after


def compared(method: type[Method], tried: dict[str, Scalar], seeds: int, kept: KeptResults) -> str:
    """Run tried values beside the defaults on each pair; return a row of the table."""
    gains, truth = [], []
    for data in PICTURES.get(method.name(), PAIRS[method.family()]):
        for seed in range(seeds):
            results = [finish(experiment(data, method, params, seed), kept) for params in ({}, tried)]
            scores = [None if result is None else score(result, VALIDATORS[method.family()]) for result in results]
            if None not in scores:
                gains.append(scores[1] - scores[0])
                truth.append([result.adapted.target.accuracy for result in results])
    if not gains:
        return "– | – | – | –"
    better = [gain > 0 for gain in gains]
    before, after = (100 * mean(side) for side in zip(*truth, strict=True))
    return f"{sum(better)} of {len(better)} | {'yes' if all(better) else 'no'} | {before:.1f} | {after:.1f}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--methods", nargs="+", choices=list(methods()), default=list(methods()))
    parser.add_argument("--settings", nargs="+", help="only settings of these names")
    parser.add_argument("--along", nargs="+", default=[], metavar="NAME=VALUE", help="tried with each value")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--store", type=Path, default=Path("defaults_runs"))
    chosen = parser.parse_args()
    along = dict(one.split("=", 1) for one in chosen.along)
    heads = (
        "method",
        "setting",
        "default",
        "tried",
        "better by the validator",
        "chosen",
        "accuracy",
        "tried, accuracy",
    )
    print(f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}")
    for name in chosen.methods:
        kind = methods()[name]
        for setting, default, value in tried_values(kind) if kind.family() in PAIRS else ():
            if chosen.settings is not None and setting not in chosen.settings:
                continue
            tried = kind.Params.model_validate({setting: value} | along).overrides()
            row = compared(kind, tried, chosen.seeds, KeptResults(chosen.store))
            print(f"| {kind.title} | `{setting}` | {default} | {value} | {row} |", flush=True)
