"""How much more processor time a run takes beside a process that keeps one core busy, as a ratio measured in one go.

    python tests/bench/busy_machine.py [--busy 1] [--times 3] [--data street --set data.count=400 …]

Threads that share a core with others wait for one another, and waiting by spinning costs as much as work. Each run is
a process of its own; printed are the least seconds of several, alone and beside, and their ratio. Start it on a machine
that has nothing else to do, and without ``OMP_NUM_THREADS``.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
USUAL = ["--data", "street", "--set", "data.count=400", "--method", "dann", "--set", "training.epochs=6"]


def processor_seconds(arguments: list[str]) -> tuple[float, float]:
    """Do a run in a process of its own; return its processor seconds and its seconds."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    command = [sys.executable, "-m", "da_core", "run", *arguments]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--busy", type=int, default=1, help="processes that keep a core busy each")
    parser.add_argument("--times", type=int, default=3)
    options, run = parser.parse_known_args()
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
