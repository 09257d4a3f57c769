"""Seconds and extra memory of every shallow method as the domains grow; exact beside default where there are two.

    python -m tests.bench.shallow_scale [--methods tca sinkhorn] [--sizes 2000 20000] [--d 512] [--exact-up-to 5000]

Fitting and mapping both domains is timed (reweighting: the weights of the source), each in a process of its own, so
that the peak of memory is the method's. “exact” switches off the approximation above a size; it is measured for sizes
up to --exact-up-to. “growth” is how much longer each size takes than the one before: linear cost follows the sizes.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from typing import Any

EXACT: dict[str, Any] = {"exact_up_to": 20_000}
CLASSES = 10


def shallow() -> dict[str, Any]:
    from da_core.methods import methods
    from da_core.methods.base import FeatureAlignment, Reweighting

    return {name: method for name, method in methods().items() if issubclass(method, FeatureAlignment | Reweighting)}


def settings(name: str) -> dict[str, dict[str, Any]]:
    """“default”, and “exact” with the hyperparameters that turn the approximation off, if the method has any."""
    known = shallow()[name].Params.model_fields
    exact = {key: value for key, value in EXACT.items() if key in known}
    return {"default": {}} | ({"exact": exact} if exact else {})


def measure(name: str, setting: str, n: int, d: int) -> dict[str, float]:
    """One fit in this process."""
    import numpy as np

    from da_core.methods.base import FeatureAlignment, Predictions

    rng = np.random.default_rng(0)
    ys, yt = rng.integers(CLASSES, size=n), rng.integers(CLASSES, size=n)
    centres, mix = rng.normal(size=(CLASSES, d)), rng.normal(size=(d, d)) / np.sqrt(d)
    # like a network's features: correlated, with classes, not negative
    Xs = np.maximum(2 * centres[ys] + rng.normal(size=(n, d)) @ mix, 0)
    Xt = np.maximum(2 * centres[yt] + 1.2 * rng.normal(size=(n, d)) @ mix + 0.5, 0)
    P = rng.dirichlet(np.ones(CLASSES), size=n)
    predictions = Predictions(ys, 0.2 * P + 0.8 * np.eye(CLASSES)[ys], 0.2 * P + 0.8 * np.eye(CLASSES)[yt])
    method = shallow()[name](seed=0, **settings(name)[setting])
    aligns = isinstance(method, FeatureAlignment)
    for warm in (True, False):  # a first small fit, so that lazy imports are not counted
        k = min(n, 100) if warm else n
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        start, cpu = time.perf_counter(), time.process_time()
        if aligns:
            method.fit(Xs[:k], Xt[:k], ys[:k])
            method.map_source(Xs[:k]), method.map_target(Xt[:k])
        else:
            method.weights(Xs[:k], Xt[:k], ys[:k], Predictions(ys[:k], predictions.Ps[:k], predictions.Pt[:k]))
        seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"seconds": seconds, "cpu": cpu, "mib": (peak - before) / 1024}


def apart(name: str, setting: str, n: int, d: int) -> dict[str, float]:
    """`measure` in a process of its own."""
    told = subprocess.run(
        [sys.executable, "-m", "tests.bench.shallow_scale", "--one", name, setting, str(n), str(d)],
        capture_output=True,
        text=True,
    )
    if told.returncode:
        raise RuntimeError(told.stderr.strip().splitlines()[-1] if told.stderr else f"exit {told.returncode}")
    measured: dict[str, float] = json.loads(told.stdout.splitlines()[-1])
    return measured


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--methods", nargs="+", default=None)
    parser.add_argument("--sizes", nargs="+", type=int, default=[2000, 5000, 20_000])
    parser.add_argument("--d", type=int, default=512)
    parser.add_argument("--exact-up-to", type=int, default=5000)
    parser.add_argument("--one", nargs=4, metavar=("METHOD", "SETTING", "N", "D"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        name, setting, n, d = asked.one
        print(json.dumps(measure(name, setting, int(n), int(d))))
        return
    print(f"d = {asked.d}")
    print(f"{'method':26}{'setting':9}{'n a domain':>11}{'seconds':>9}{'cpu s':>8}{'extra MiB':>11}{'growth':>8}")
    for name in asked.methods or sorted(shallow()):
        for setting in settings(name):
            previous: float | None = None
            for n in asked.sizes:
                if setting == "exact" and n > asked.exact_up_to:
                    continue
                row = f"{name:26}{setting:9}{n:11,}"
                try:
                    got = apart(name, setting, n, asked.d)
                except RuntimeError as error:
                    print(row, "", error, flush=True)
                    continue
                growth = f"{got['seconds'] / previous:7.1f}×" if previous else ""
                print(f"{row}{got['seconds']:9.2f}{got['cpu']:8.2f}{got['mib']:11.0f}{growth}", flush=True)
                previous = got["seconds"]


if __name__ == "__main__":
    main()
