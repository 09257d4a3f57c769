"""How much more processor time a run takes beside others than alone, as a ratio measured in one go.

    python -m tests.bench.busy_machine [--busy 2] [--times 2] [--data street --set data.count=400 …]
    python -m tests.bench.busy_machine --runs 2 [--times 2]

The first is beside processes that keep a core busy each; each run is a process of its own. The second is what each of
so many runs takes that one server trains at once, beside one that it trains alone. Threads that share a core with
others wait for one another, and waiting by spinning costs as much as work. Printed are the least processor seconds of
several rounds and their ratio; a machine that is busy otherwise makes both larger, and is told by its load. Start it
without ``OMP_NUM_THREADS``.
"""

from __future__ import annotations

import argparse
import math
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
SETTINGS = {"data": "street", "data.count": "200", "method": "dann", "training.epochs": "4", "device": "cpu"}
USUAL = [part for name, value in SETTINGS.items() for part in ("--set", f"{name}={value}")]
LONGEST = 900.0
"""Seconds after which something hangs."""


def processor_seconds(arguments: list[str]) -> tuple[float, float]:
    """Do a run in a process of its own; return its processor seconds and its seconds."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    command = [sys.executable, "-m", "da_core", "run", *arguments]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=LONGEST)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, time.perf_counter() - start


def served(runs: int) -> float:
    """Train so many runs at once as a server does, in this process; return the processor seconds of each."""
    from da_core.data.loading.cache import load_pair
    from da_core.experiment import Experiment
    from da_core.jobs.queue import Queue
    from da_core.jobs.scheduling.local_runs import LocalRuns
    from da_core.jobs.store import Store
    from da_core.settings import settings
    from da_core.training import loop

    experiments = [Experiment.from_flat(SETTINGS | {"seed": str(seed)}) for seed in range(runs + 1)]
    load_pair(experiments[0].data)
    loop.warm_up()
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "runs")
        queue = Queue(store, LocalRuns(store, workers=settings().workers, lease_seconds=3600))
        seconds = 0.0
        for some in (experiments[:1], experiments[1:]):  # the first wakes up what all need
            begun = time.process_time()
            ids = [queue.submit(experiment, "bench") for experiment in some]
            for run_id in ids:
                queue.wait(run_id, lambda view: not view.live, LONGEST)
            seconds = (time.process_time() - begun) / len(some)
        queue.close()
    return seconds


def compare_served(runs: int, times: int) -> None:
    """Print what a run costs alone and together with others, on a server that trains so many at once."""
    least: dict[int, float] = {}
    for _ in range(times):
        for count in (1, runs):
            command = [sys.executable, "-m", "tests.bench.busy_machine", "--serve", str(count)]
            environment = os.environ | {"DA_LAB_WORKERS": str(runs)}
            done = subprocess.run(
                command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True, env=environment, timeout=2 * LONGEST
            )
            least[count] = min(least.get(count, math.inf), float(done.stdout))
            print(
                f"{count} at once: {float(done.stdout):.1f} s each; the machine's load is {os.getloadavg()[0]:.1f}",
                flush=True,
            )
    for count, seconds in least.items():
        print(f"{count} at once {seconds:6.1f} s of processor time each")
    print(f"ratio     {least[runs] / least[1]:6.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--busy", type=int, default=1, help="processes that keep a core busy each")
    parser.add_argument("--times", type=int, default=2, help="rounds")
    parser.add_argument("--runs", type=int, default=1, help="runs that one server trains at once")
    parser.add_argument("--serve", type=int, default=0, help=argparse.SUPPRESS)
    options, run = parser.parse_known_args()
    if options.serve:
        print(served(options.serve))
        return
    if options.runs > 1:
        compare_served(options.runs, options.times)
        return
    least: dict[str, tuple[float, float]] = {}
    for _ in range(options.times):
        for name, count in (("alone", 0), ("beside", options.busy)):
            busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
            try:
                seconds = processor_seconds(run or USUAL)
            finally:
                for process in busy:
                    process.kill()
                    process.wait()
            least[name] = min(least.get(name, seconds), seconds)
    for name, (processor, wall) in least.items():
        print(f"{name:<8} {processor:6.1f} s of processor time in {wall:6.1f} s")
    print(f"ratio    {least['beside'][0] / least['alone'][0]:6.2f}")


if __name__ == "__main__":
    main()
