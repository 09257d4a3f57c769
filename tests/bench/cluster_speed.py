"""How much faster a study is on several workers of Dask than on one, by two clocks.

    python -m tests.bench.cluster_speed [--workers 3] [--seeds 6] [--data street --set data.count=400 …]

Scheduler and workers are processes of this machine, with one thread each, and the study is the command line's own. Each
worker has loaded the data and torch before the clocks start. By the clock on the wall the ratio is at most that of the
machine's free cores. By processor time it is what the one worker took for all runs over what the busiest of several
took for its share: the speed-up where each worker has a core of its own, whatever else this machine does meanwhile.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[2]

from tests.support import dask_cluster  # noqa: E402

USUAL = ["--data", "street", "--set", "data.count=200", "--method", "dann", "--set", "training.epochs=5"]
MOST_SECONDS = 900.0
"""A study that takes longer is given up."""


@dataclass(frozen=True)
class StudyCost:
    """Seconds on the wall, and processor seconds of each worker."""

    wall: float
    workers: list[float]


def measure(folder: Path, workers: int, seeds: int, arguments: list[str]) -> StudyCost:
    """Do the study on so many workers and return what it took."""
    with dask_cluster.running(folder, workers) as cluster:
        environment = {**os.environ, "DA_LAB_CLUSTER": cluster.address}
        command = [sys.executable, "-m", "da_core", "study", *arguments, "--seeds"]
        processes = [psutil.Process(process.pid) for process in cluster.processes.values()]

        def study(count: int) -> StudyCost:
            before, start = [busy(process) for process in processes], time.perf_counter()
            asked = [*command, str(count)]
            done = subprocess.run(asked, cwd=ROOT, env=environment, capture_output=True, timeout=MOST_SECONDS)
            if done.returncode:
                sys.exit(done.stderr.decode())
            wall = time.perf_counter() - start
            return StudyCost(wall, [busy(process) - was for process, was in zip(processes, before, strict=True)])

        study(max(2, workers))
        return study(seeds)


def busy(process: psutil.Process) -> float:
    """Return how many seconds of a processor a process has had."""
    times = process.cpu_times()
    return float(times.user + times.system)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--seeds", type=int, default=6)
    options, arguments = parser.parse_known_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    taken = {}
    for workers in (1, options.workers):
        with tempfile.TemporaryDirectory() as folder:
            taken[workers] = measure(Path(folder) / "dask", workers, options.seeds, arguments or USUAL)
        each = ", ".join(f"{seconds:.1f}" for seconds in taken[workers].workers)
        print(f"{workers} workers: {taken[workers].wall:.1f} s on the wall, processor seconds {each}", flush=True)
    one, several = taken[1], taken[options.workers]
    print(f"speed-up {one.wall / several.wall:.2f} on the wall, with a load of {os.getloadavg()[0]:.1f}", end=" ")
    print(f"on {os.cpu_count()} cores; {one.workers[0] / max(several.workers):.2f} by processor time")


if __name__ == "__main__":
    main()
