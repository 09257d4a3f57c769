"""Measure how long films take: to the first frame and to the last, over all methods and presets.

    python -m tests.bench.film_speed [--methods dann coral …] [--presets turned moved …] [--processor] [--sweep]

Each film is made as the server makes it, on one thread, after two small ones to warm up. Wanted are 0.3 s to the first
changed frame, 1.5 s for the film of a method that trains a network and 0.3 s for any other, at the 95th percentile on
two idle cores. On a busy machine ``--processor`` gives the processor's time in place of the clock's. With ``--sweep``
the films of a sweep are measured instead: six values of a method's first number, whole and as stills, which it shows,
and stills of six seeds.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np

from da_core.errors import UserError
from da_core.experiment import Experiment
from da_core.methods import methods
from da_core.params import describe
from da_core.teaching.films.film_cache import warm_up
from da_core.teaching.films.filming import ON_PICTURES, film_bytes, normalised, trains_network
from da_core.teaching.films.presets import PRESETS, suited
from da_core.training import training_cache

Measured = tuple[float, float, float]
"""Seconds to the first frame, seconds to the last, KiB."""


def measure(experiment: Experiment, acts: str, clock: Callable[[], float]) -> Measured:
    """Make a film and measure it."""
    begun, first, size = clock(), 0.0, 0
    for number, record in enumerate(film_bytes(experiment, acts)):
        size += len(record)
        if number == 1:
            first = clock() - begun
    return first, clock() - begun, size / 1024


def measure_sweep(name: str, preset: str, clock: Callable[[], float]) -> list[float]:
    """Measure how long six films of a sweep take, as stills, and stills of six seeds."""
    one = suited(PRESETS[preset].experiment(), name)
    numbers = (hyper for hyper in describe(methods()[name].Params) if hyper.type == "number" and hyper.default)
    setting = next(numbers, None)
    if setting is None:
        raise UserError("There is nothing to sweep.")
    values = [{setting.name: float(setting.default * share)} for share in np.linspace(1, 0.5, 6)]
    specs = [one.method.model_copy(update={"params": one.method.params | value}) for value in values]
    swept = [normalised(one.model_copy(update={"method": spec})) for spec in specs]
    seeds = [normalised(one.model_copy(update={"seed": seed})) for seed in range(6)]
    taken = []
    options: tuple[tuple[list[Experiment], dict[str, Any]], ...] = (
        (swept, {}),
        (swept, {"still": True}),
        (seeds, {"still": True}),
    )
    for experiments, how in options:
        training_cache.trained = training_cache.TrainingCache()
        begun = clock()
        for experiment in experiments:
            for _record in film_bytes(experiment, **how):
                pass
        taken.append(clock() - begun)
    return taken


def sweeps(names: list[str], presets: list[str], clock: Callable[[], float]) -> None:
    """Print how long sweeps take, a line a method."""
    for name in names:
        found = []
        for preset in presets:
            try:
                found.append(measure_sweep(name, preset, clock))
            except UserError as error:
                print(f"{name} on {preset}: {error}", file=sys.stderr)
        if found:
            whole, still, seeds = np.mean(found, axis=0)
            print(
                f"{name:24} films {whole:5.2f} s, stills {still:5.2f} s, ratio {still / whole:.2f}; "
                f"seeds {seeds:5.2f} s",
                flush=True,
            )


def main() -> None:
    """Print a line for each method, and the percentiles."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--methods", nargs="*", default=[name for name in methods() if name not in ON_PICTURES])
    parser.add_argument("--presets", nargs="*", default=list(PRESETS))
    parser.add_argument("--processor", action="store_true", help="measure the processor's time, not the clock's")
    parser.add_argument("--sweep", action="store_true", help="measure the films of a sweep")
    options = parser.parse_args()
    clock = time.process_time if options.processor else time.perf_counter
    warm_up()
    if options.sweep:
        sweeps(options.methods, options.presets, clock)
        return
    found: dict[bool, list[Measured]] = {True: [], False: []}
    print(f"{'method':24} {'first':>6} {'whole':>6} {'KiB':>5}  slowest on")
    for name in options.methods:
        trains, films = trains_network(methods()[name]), dict[str, Measured]()
        for preset in options.presets:
            chosen = PRESETS[preset]
            try:
                films[preset] = measure(
                    normalised(suited(chosen.experiment(), name)), chosen.acts if trains else "", clock
                )
            except UserError as error:
                print(f"{name} on {preset}: {error}", file=sys.stderr)
        found[trains] += films.values()
        slowest = max(films, key=lambda preset: films[preset][1])
        first, whole, size = np.max([*films.values()], axis=0)
        print(f"{name:24} {first:6.2f} {whole:6.2f} {size:5.0f}  {slowest}", flush=True)
    print(f"\n{'':24} {'films':>6} {'first p50':>10} {'p95':>5} {'whole p50':>10} {'p95':>5} {'KiB p95':>8}")
    for trains, measured in found.items():
        if measured:
            middle, high = np.percentile(measured, [50, 95], axis=0)
            title = "train a network" if trains else "take points as they are"
            print(
                f"{title:24} {len(measured):6} {middle[0]:10.2f} {high[0]:5.2f} {middle[1]:10.2f} {high[1]:5.2f} "
                f"{high[2]:8.0f}"
            )


if __name__ == "__main__":
    main()
