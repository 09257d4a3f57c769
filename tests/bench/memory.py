"""Memory that a training takes for its pictures, and that reading a folder of large pictures takes, in MB.

    python -m tests.bench.memory [--pictures 50000] [--folder-megabytes 300]

What is told is how far the peak of the process lies above where it stood with everything imported and a small run done:
until training is over, and with the evaluation of all held-out samples. The run is DANN for one epoch on pictures of
32 × 32 × 3, half of them source; the folder is made of large JPEGs.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import numpy as np
from PIL import Image

MB = 10**6


def peak() -> int:
    """Most memory that this process has held, in bytes (Linux tells)."""
    status = Path("/proc/self/status").read_text()
    return 1024 * int(status.partition("VmHWM:")[2].split()[0])


def grown(small: Callable[[], object], large: Callable[[], int]) -> tuple[float, float, float]:
    """MB of the peak of ``large`` above that of ``small``, as it says and at its end, and the seconds that it takes."""
    small()
    before, start = peak(), time.perf_counter()
    told = large()
    return (told - before) / MB, (peak() - before) / MB, time.perf_counter() - start


def train(count: int) -> None:
    from da_core.data.pair import Domain, DomainPair, Provenance
    from da_core.events import StageStarted
    from da_core.experiment import DataSpec, Experiment, TrainingSpec
    from da_core.run import run
    from da_core.training import prepared

    def pair(count: int) -> DomainPair:
        def domain(name: str) -> Domain:
            rng, y = np.random.default_rng(len(name)), np.arange(count // 2) % 10
            return Domain(name, rng.integers(0, 256, (len(y), 32, 32, 3), dtype=np.uint8), y)

        about = Provenance("noise", "noise", "none", "unknown")
        return DomainPair(domain("source"), domain("target"), classes=tuple("0123456789"), provenance=about, flips=True)

    def go(count: int) -> int:
        def load(spec: DataSpec) -> DomainPair:
            return pair(count)  # made when it is asked for, and kept by nobody but the run

        trained = 0
        with mock.patch.object(prepared, "load_pair", load):
            for event in run(Experiment(training=TrainingSpec(epochs=1))):
                if isinstance(event, StageStarted) and event.stage == "after":
                    trained = peak()
        return trained

    training, everything, seconds = grown(lambda: go(400), lambda: go(count))
    print(
        f"{count:,} pictures of 32 × 32 × 3, {count * 3072 / MB:.0f} MB: {training:.0f} MB until training is over, "
        f"{everything:.0f} MB with the evaluation, {seconds:.0f} s"
    )


def read(megabytes: int) -> None:
    from da_core.data.sources.own_files import Files

    def make(folder: Path, megabytes: float) -> float:
        rng, made, number = np.random.default_rng(0), 0, 0
        while made < megabytes * MB or number < 8:
            place = folder / ("day", "night")[number % 2] / ("a", "b")[number // 2 % 2] / f"{number}.jpg"
            place.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(rng.integers(0, 256, (1500, 2000, 3), dtype=np.uint8)).save(place, quality=80)
            made, number = made + place.stat().st_size, number + 1
        return made / MB

    def load(folder: Path) -> int:
        Files().load_places(folder / "day", folder / "night")
        return peak()

    with tempfile.TemporaryDirectory() as made:
        make(Path(made, "small"), 0)
        size = make(Path(made, "large"), megabytes)
        taken, _, seconds = grown(lambda: load(Path(made, "small")), lambda: load(Path(made, "large")))
        print(f"a folder of {size:,.0f} MB read and shrunk to 32 × 32: {taken:.0f} MB, {seconds:.0f} s")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=50_000)
    parser.add_argument("--folder-megabytes", type=int, default=300)
    parser.add_argument("--only", choices=["train", "read"], help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.only == "train":
        train(asked.pictures)
    elif asked.only == "read":
        read(asked.folder_megabytes)
    else:  # each in a process of its own, so that the peaks are apart
        for part in ("train", "read"):
            subprocess.run([sys.executable, *sys.argv, "--only", part], check=True)
