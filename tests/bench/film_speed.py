"""Measure how long films take: to the first frame and to the last, over all methods and presets.

    python tests/bench/film_speed.py [--methods dann coral …] [--cores 2]

Each film is made as the studio makes it, after one to warm up. Wanted are 0.3 s to the first changed frame, 1.5 s for
the film of a method that trains a network and 0.3 s for any other, at the 95th percentile on two idle cores.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np

from da_core.errors import UserError
from da_core.experiment import Experiment
from da_core.methods import methods
from da_core.teaching.films.filming import ON_PICTURES, film_bytes, normalised, trains_network
from da_core.teaching.films.presets import FIRST, PRESETS, suited


def seconds_of(experiment: Experiment) -> tuple[float, float, int]:
    """Make a film: seconds to its first frame and to its last, and its bytes."""
    begun, first, size = time.perf_counter(), 0.0, 0
    for number, record in enumerate(film_bytes(experiment)):
        size += len(record)
        if number == 1:
            first = time.perf_counter() - begun
    return first, time.perf_counter() - begun, size


def main() -> None:
    """Print a line for each method, and the percentiles."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    known = [name for name in methods() if name not in ON_PICTURES]
    parser.add_argument("--methods", nargs="*", default=known)
    parser.add_argument("--cores", type=int, default=2, help="how many of the machine's cores may be used")
    options = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, set(sorted(os.sched_getaffinity(0))[: options.cores]))
    seconds_of(normalised(PRESETS[FIRST].experiment()))
    found: dict[bool, list[tuple[float, float, int]]] = {True: [], False: []}
    print(f"{'method':24} {'first':>6} {'whole':>6} {'KiB':>5}   the slowest preset of each")
    for name in options.methods:
        of_method = []
        for preset in PRESETS.values():
            try:
                of_method.append(seconds_of(normalised(suited(preset.experiment(), name))))
            except UserError as error:
                print(f"{name}: {error}", file=sys.stderr)
        found[trains_network(methods()[name])] += of_method
        first, whole, size = np.max(of_method, axis=0)
        print(f"{name:24} {first:6.2f} {whole:6.2f} {size / 1024:5.0f}")
    for trains, films in found.items():
        if films:
            first, whole, size = np.percentile(films, 95, axis=0)
            title = "train a network" if trains else "take points as they are"
            print(f"p95 of those that {title}: first {first:.2f} s, whole {whole:.2f} s, {size / 1024:.0f} KiB")


if __name__ == "__main__":
    main()
