"""Target accuracy of every method with its defaults, mean over seeds: the README's table.

    python tests/bench/day_night.py [--seeds 3] [--source DIR --target DIR]

By default on the street scenes; with ``--source`` and ``--target`` on pictures of your own.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from da_core.errors import UserError
from da_core.events import Finished, Result
from da_core.experiment import DataSpec, Experiment, MethodSpec
from da_core.methods import methods
from da_core.run import run


def finish(experiment: Experiment) -> Result:
    for event in run(experiment, embed=False):
        if isinstance(event, Finished):
            return event.result
    raise AssertionError("a run ends with Finished")


def line(name: str, data: DataSpec, seeds: int) -> str:
    try:
        results = [finish(Experiment(data=data, method=MethodSpec(name=name), seed=seed)) for seed in range(seeds)]
    except UserError as error:
        return f"| {name} | {error} | | |"
    before, after = ([getattr(r, which).target.accuracy for r in results] for which in ("source_only", "adapted"))
    seconds = [sum(result.seconds.values()) for result in results]
    each = " ".join(f"{100 * value:.1f}" for value in after)
    mean_before, mean_after = 100 * sum(before) / seeds, 100 * sum(after) / seeds
    return f"| {name} | {mean_before:.1f} | {mean_after:.1f} ({each}) | {sum(seconds) / seeds:.0f} |"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--source")
    parser.add_argument("--target")
    chosen = parser.parse_args()
    files = DataSpec(name="files", source=chosen.source, target=chosen.target)
    print("| method | source only | adapted (each seed) | seconds a run |\n|---|---|---|---|")
    for name in methods():
        print(line(name, files if chosen.source else DataSpec(), chosen.seeds), flush=True)
