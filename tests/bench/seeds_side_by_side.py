"""Measure what a study of ten seeds takes by the clock, over one of its runs alone, also where seeds go one by one.

    python -m tests.bench.seeds_side_by_side [--method source_only …] [--data moons] [--hidden 128] [--seeds 10]
        [--rounds 3] [--epochs 14]

All sides are timed in turns, with children that wait as after a first study; medians count. A run alone has one thread,
as each of a study has.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from functools import partial

os.environ["DA_LAB_WORKERS"] = "16"  # so that a run in this process has one thread, too


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--method", nargs="+", default=["source_only", "deep_coral", "dann"])
    parser.add_argument("--data", default="moons")
    parser.add_argument("--network", default="mlp")
    parser.add_argument("--hidden", type=int, default=128, help="size of an MLP's two hidden layers")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--epochs", type=int, default=14)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()

    from da_core.experiment import Experiment
    from da_core.run import run
    from da_core.several_runs.run_several import Runner, local_runner, run_several
    from da_core.training import training_cache

    side_by_side, one_by_one = local_runner(), Runner(run, lambda: 1)

    def timed(seeds: list[Experiment], runner: Runner) -> float:
        """Seconds by the clock, with nothing known of earlier trainings: each round has seeds of its own."""
        training_cache.trained = training_cache.TrainingCache()
        begun, waiting = time.monotonic(), iter(seeds)
        for _place, event in run_several(partial(next, waiting, None), runner):
            if isinstance(event, Exception):
                raise event
        return time.monotonic() - begun

    print(f"{side_by_side.at_once()} at once, load of the machine {os.getloadavg()[0]:.1f}")
    for name in options.method:
        flat = {"data": options.data, "network": options.network, "method": name, "device": "cpu"}
        flat |= {"training.epochs": str(options.epochs)}
        flat |= {"network.hidden": str(options.hidden)} if options.network == "mlp" else {}
        rounds = []
        for number in range(options.rounds + 1):
            first = number * options.seeds
            seeds = [Experiment.from_flat(flat | {"seed": str(first + seed)}) for seed in range(options.seeds)]
            sides = ((seeds, side_by_side), (seeds, one_by_one), (seeds[:1], one_by_one))
            rounds.append([timed(*side) for side in sides])
        many, in_turn, one = (statistics.median(times) for times in zip(*rounds[1:], strict=True))  # the first warms up
        print(
            f"{name}: {options.seeds} seeds {many:.2f} s, one by one {in_turn:.2f} s, one {one:.2f} s; "
            f"ratio {many / one:.2f}, one by one {in_turn / one:.2f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
