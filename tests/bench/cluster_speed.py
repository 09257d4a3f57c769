"""How much faster a study is on several workers of Dask than on one, as a ratio measured in one go.

    python tests/bench/cluster_speed.py [--workers 3] [--seeds 6] [--data street --set data.count=400 …]

Scheduler and workers are processes of this machine, with one thread each, and the study is the command line's own. Each
worker has loaded the data and torch before the clock starts. On a machine with fewer free cores than workers the ratio
is at most that of its cores.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.support import dask_cluster  # noqa: E402

USUAL = ["--data", "street", "--set", "data.count=300", "--method", "dann", "--set", "training.epochs=8"]


def seconds(folder: Path, workers: int, seeds: int, arguments: list[str]) -> float:
    """Do the study on so many workers and return how long it took."""
    with dask_cluster.running(folder, workers) as cluster:
        environment = {**os.environ, "DA_LAB_CLUSTER": cluster.address, "OMP_NUM_THREADS": "1"}
        command = [sys.executable, "-m", "da_core", "study", *arguments, "--seeds"]

        def study(count: int) -> float:
            start = time.perf_counter()
            subprocess.run([*command, str(count)], cwd=ROOT, env=environment, check=True, capture_output=True)
            return time.perf_counter() - start

        study(max(2, workers))
        return study(seeds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--seeds", type=int, default=6)
    options, arguments = parser.parse_known_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    taken = {}
    for workers in (1, options.workers):
        with tempfile.TemporaryDirectory() as folder:
            taken[workers] = seconds(Path(folder) / "dask", workers, options.seeds, arguments or USUAL)
        print(f"{workers} workers  {taken[workers]:6.1f} s", flush=True)
    print(f"speed-up   {taken[1] / taken[options.workers]:6.2f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
