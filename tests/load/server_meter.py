"""A server of its own for a measurement, and what it takes: memory, processor, threads, open files."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.load.browser_tab import Tab
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
    """Reads the process of a server."""

    process: psutil.Process
    heap_file: Path | None = None

    def rss(self) -> float:
        """Return the memory that is resident now, in MB."""
        return float(self.process.memory_info().rss) / MB

    def cpu_seconds(self) -> float:
        """Return the processor's seconds since it began."""
        times = self.process.cpu_times()
        return float(times.user + times.system)

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
                taken.threads_peak = max(taken.threads_peak, self.process.num_threads())
                taken.open_files_peak = max(taken.open_files_peak, self.process.num_fds())
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
def measured_server(folder: Path, *, warm: bool = True, tells_heap: bool = False) -> Iterator[tuple[Server, Meter]]:
    """A server on loopback that has warmed up, unless told otherwise, and its meter."""
    heap_file = folder / "heap" if tells_heap else None
    program = [str(ROOT / "tests" / "load" / "heap_reporter.py"), str(heap_file)] if tells_heap else ["-m", "streamlit"]
    with serving(folder, program=program) as server:
        meter = Meter(psutil.Process(server.process.pid), heap_file)
        tab = Tab(server.url)
        tab.open()
        tab.close()
        if warm:
            _wait_until_warm(meter)
        yield server, meter


def _wait_until_warm(meter: Meter) -> None:
    """Wait until the server has done what it does by itself at its start, and is quiet."""
    begun, quiet = time.monotonic(), 0
    while quiet < _QUIET_SECONDS and time.monotonic() - begun < _LONGEST_WARM_UP:
        before = meter.cpu_seconds()
        time.sleep(1)
        is_quiet = meter.cpu_seconds() - before < _QUIET_SHARE and time.monotonic() - begun > _WARM_SECONDS
        quiet = quiet + 1 if is_quiet else 0
