"""Target accuracy of every method with its defaults, mean over seeds: the README's table.

    python tests/bench/day_night.py [--methods dann coral] [--seeds 3] [--data mnist_m | --source DIR --target DIR]

By default on the street scenes; with ``--data`` on another built-in pair, with ``--source`` and ``--target`` on
pictures of your own. The source-only network of a seed is trained once and serves all methods: it is the same for each.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
os.environ.setdefault("OMP_NUM_THREADS", "1")  # threads that wait for a busy core spin

from da_core.errors import UserError
from da_core.events import Finished, Result
from da_core.experiment import DataSpec, Experiment, MethodSpec, NetworkSpec
from da_core.methods import methods
from da_core.run import run

NETWORKS = {"source_only_bn": {"norm": "batch"}, "adabn": {"norm": "batch"}}
"""What a method needs that the default network lacks."""


def finish(experiment: Experiment) -> Result:
    for event in run(experiment, embed=False):
        if isinstance(event, Finished):
            return event.result
    raise AssertionError("a run ends with Finished")


def line(name: str, data: DataSpec, seeds: int) -> str:
    title, network = methods()[name].title, NetworkSpec(params=NETWORKS.get(name, {}))
    method = MethodSpec(name=name)
    try:
        results = [finish(Experiment(data=data, network=network, method=method, seed=seed)) for seed in range(seeds)]
    except UserError as error:
        return f"| {title} | {error} | | |"
    before, after = ([getattr(r, which).target.accuracy for r in results] for which in ("source_only", "adapted"))
    seconds = [result.seconds.get("adapt", 0.0) for result in results]
    each = " ".join(f"{100 * value:.1f}" for value in after)
    mean_before, mean_after = 100 * sum(before) / seeds, 100 * sum(after) / seeds
    return f"| {title} | {mean_before:.1f} | {mean_after:.1f} ({each}) | {sum(seconds) / seeds:.0f} |"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--methods", nargs="+", choices=list(methods()), default=list(methods()))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--data", default="street")
    parser.add_argument("--source")
    parser.add_argument("--target")
    chosen = parser.parse_args()
    data = DataSpec(name="files" if chosen.source else chosen.data, source=chosen.source, target=chosen.target)
    print("| method | source only | adapted (each seed) | seconds to adapt |\n|---|---|---|---|")
    for name in chosen.methods:
        print(line(name, data, chosen.seeds), flush=True)
