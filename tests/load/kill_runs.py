"""Kill servers at random points of the runs that they train, and hold each result against an undisturbed run's.

    python -m tests.load.kill_runs --kills 100 [--per-run 5] [--epochs 60] [--seed 0]

Each run is killed ``--per-run`` times, once in each equal part of its course; every server is a process of its own.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from pathlib import Path

from tests.support.killed_server import kill_and_finish, small_run, spread


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--per-run", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng, began = random.Random(options.seed), time.monotonic()
    killed_at: list[float] = []
    went_on = runs = 0
    while len(killed_at) < options.kills:
        kills = min(options.per_run, options.kills - len(killed_at))
        with tempfile.TemporaryDirectory() as folder:
            outcome = kill_and_finish(
                Path(folder),
                small_run(seed=options.seed + runs, epochs=options.epochs),
                spread(kills, rng),
                wait=lambda: rng.uniform(0, 0.3),
            )
        killed_at += outcome.killed_at
        went_on += outcome.went_on
        runs += 1
        print(f"{len(killed_at):4} kills in {runs} runs: all came to the same result, bit for bit", flush=True)
    tenths = [sum(int(10 * share) == tenth for share in killed_at) for tenth in range(10)]
    print(f"kills by tenth of the run's course: {tenths}")
    print(f"{went_on} of {len(killed_at)} went on from a checkpoint, the others from the start")
    print(f"{time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
