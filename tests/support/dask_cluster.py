"""A scheduler of Dask with workers, each in a process of its own, as a server's operator starts them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.server import free_port

ROOT = Path(__file__).parents[2]
OFTEN = {"DA_LAB_CHECKPOINT_SECONDS": "0"}
"""A run that is killed soon has a checkpoint already."""


@dataclass
class DaskCluster:
    """A scheduler's address, and the workers' processes by name; each keeps its data in a folder of its own."""

    address: str
    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start_worker(self, name: str, *options: str) -> None:
        """Start a worker; it is there when the scheduler says so."""
        log = (self.folder / f"{name}.log").open("wb")
        with log:
            self.processes[name] = subprocess.Popen(
                [
                    *(sys.executable, "-m", "dask", "worker", self.address, "--name", name, "--nthreads", "1"),
                    *("--no-nanny", "--no-dashboard", "--local-directory", str(self.folder / name), *options),
                ],
                cwd=ROOT,
                env={**os.environ, "DA_LAB_DATA_DIR": str(self.folder / f"{name}-data"), **OFTEN, **self.environment},
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def kill_worker(self, name: str) -> None:
        """End a worker as a machine that loses its power does."""
        self.processes[name].kill()
        self.processes[name].wait()


@contextmanager
def running(folder: Path, workers: int, **environment: str) -> Iterator[DaskCluster]:
    """A scheduler with so many workers, named w0, w1 …, and settings for these."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    made = DaskCluster(f"tcp://127.0.0.1:{port}", folder, environment)
    with (folder / "scheduler.log").open("wb") as log:
        scheduler = subprocess.Popen(
            [
                *(sys.executable, "-m", "dask", "scheduler", "--host", "127.0.0.1", "--port", str(port)),
                *("--no-dashboard", "--no-show"),
            ],
            cwd=ROOT,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        for number in range(workers):
            made.start_worker(f"w{number}")
        yield made
    finally:
        for process in [*made.processes.values(), scheduler]:
            process.kill()  # a worker that trains would first come to the end of its step
            process.wait()
