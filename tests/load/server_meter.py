"""A server of its own for a measurement, and what it takes: memory, processor, threads, open files."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from tests.load.browser_tab import Tab
from tests.support import dask_cluster, nginx, postgres
from tests.support.server import ROOT, Server, serving

MB = 2**20
_LOOK = 0.5
_QUIET_SHARE = 0.15
_QUIET_SECONDS = 4
_WARM_SECONDS = 8
_LONGEST_WARM_UP = 120


@dataclass
class Taken:
    """What a server took between two moments. Memory is what is resident, in MB."""

    rss_start: float
    seconds: float = 0.0
    rss_end: float = 0.0
    rss_peak: float = 0.0
    cpu_seconds: float = 0.0
    threads_peak: int = 0
    open_files_peak: int = 0

    def figures(self) -> dict[str, float]:
        """Write them as Streamlit's own harness names them."""
        return {
            "rss_start_mb": round(self.rss_start, 1),
            "rss_peak_mb": round(self.rss_peak, 1),
            "rss_growth_mb": round(self.rss_end - self.rss_start, 1),
            "cpu_seconds": round(self.cpu_seconds, 2),
            "cpu_share": round(self.cpu_seconds / self.seconds, 3) if self.seconds else 0.0,
            "threads_peak": self.threads_peak,
            "open_files_peak": self.open_files_peak,
        }


@dataclass
class Meter:
    """Reads the processes of one server or of several: what they take together."""

    processes: list[psutil.Process]
    heap_file: Path | None = None

    def rss(self) -> float:
        """Return the memory that is resident now, in MB."""
        return float(sum(process.memory_info().rss for process in self.processes)) / MB

    def cpu_seconds(self) -> float:
        """Return the processor's seconds since it began."""
        return float(sum(sum(process.cpu_times()[:2]) for process in self.processes))

    def heap(self) -> float:
        """Return what Python's objects take now, in MB; see `heap_reporter`."""
        assert self.heap_file is not None, "the server was not started to tell of its heap"
        return float(self.heap_file.read_text()) / MB

    @contextmanager
    def taking(self) -> Iterator[Taken]:
        """Measure while the body of the ``with`` runs."""
        taken, start, cpu = Taken(self.rss()), time.monotonic(), self.cpu_seconds()
        done = threading.Event()

        def look() -> None:
            while True:
                taken.rss_peak = max(taken.rss_peak, self.rss())
                taken.threads_peak = max(taken.threads_peak, sum(process.num_threads() for process in self.processes))
                taken.open_files_peak = max(taken.open_files_peak, sum(process.num_fds() for process in self.processes))
                if done.wait(_LOOK):
                    return

        looking = threading.Thread(target=look, daemon=True)
        looking.start()
        try:
            yield taken
        finally:
            done.set()
            looking.join()
            taken.seconds = time.monotonic() - start
            taken.cpu_seconds = self.cpu_seconds() - cpu
            taken.rss_end = self.rss()


@contextmanager
def measured_server(
    folder: Path, *, warm: bool = True, tells_heap: bool = False, **environment: str
) -> Iterator[tuple[Server, Meter]]:
    """A server on loopback that has warmed up, unless told otherwise, and its meter; ``environment`` are settings."""
    heap_file = folder / "heap" if tells_heap else None
    program = ["-m", "tests.load.heap_reporter", str(heap_file)] if tells_heap else ["-m", "streamlit"]
    if tells_heap:
        environment |= {"PYTHONMALLOC": "malloc", "PYTHONPATH": str(ROOT)}
    with serving(folder, program=program, **environment) as server:
        meter = Meter([psutil.Process(server.process.pid)], heap_file)
        _open_once(server)
        if warm:
            _wait_until_warm(meter)
        yield server, meter


@contextmanager
def measured_deployment(folder: Path, *, warm: bool = True) -> Iterator[tuple[str, Meter]]:
    """The deployment of server.md on this machine: the address of its nginx, and the meter of its two web servers.

    One worker trains, as systemd's ``Nice=10`` has it: pages go first.
    """
    folder.chmod(0o755)  # PostgreSQL runs as another user
    with ExitStack() as parts:
        database = parts.enter_context(postgres.serving(folder / "postgresql"))
        shared = {"DA_LAB_DATABASE": database, "DA_LAB_DATA_DIR": str(folder / "data")}
        workers = parts.enter_context(dask_cluster.running(folder / "dask", workers=1, **shared))
        psutil.Process(workers.processes["w0"].pid).nice(10)
        shared["DA_LAB_CLUSTER"] = workers.address
        webs = [parts.enter_context(serving(folder / name, **shared)) for name in ("web1", "web2")]
        url = parts.enter_context(nginx.serving(folder / "nginx", [urlsplit(web.url).port or 0 for web in webs]))
        for web in webs:
            _open_once(web)
        meter = Meter([psutil.Process(web.process.pid) for web in webs])
        if warm:
            _wait_until_warm(meter)
        yield url, meter


def _open_once(server: Server) -> None:
    tab = Tab(server.url)
    tab.open()
    tab.close()


def _wait_until_warm(meter: Meter) -> None:
    """Wait until the server has done what it does by itself at its start, and is quiet."""
    begun, quiet = time.monotonic(), 0
    while quiet < _QUIET_SECONDS and time.monotonic() - begun < _LONGEST_WARM_UP:
        before = meter.cpu_seconds()
        time.sleep(1)
        is_quiet = meter.cpu_seconds() - before < _QUIET_SHARE and time.monotonic() - begun > _WARM_SECONDS
        quiet = quiet + 1 if is_quiet else 0
