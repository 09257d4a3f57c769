"""How long a change of page takes while a run trains: in the server's own process, and in a child of limited memory.

    python -m tests.bench.page_beside_run [--switches 12]

One server each; printed are the median and the 95th percentile of the changes, idle and beside a run (street, DANN).
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from tests.support import chromium, screen
from tests.support.server import serving

EXPERIMENT = {"method": "dann", "training.epochs": "500", "device": "cpu"}
SCREENS = ("Data", "Method")


def changes(page: Page, count: int) -> list[float]:
    """Change between two screens so often; return the seconds of each change, sorted."""
    took = []
    for number in range(count):
        began = time.perf_counter()
        screen.go(page, SCREENS[number % 2])
        took.append(time.perf_counter() - began)
    return sorted(took)


def told(name: str, took: list[float]) -> str:
    return f"{name:<24} median {statistics.median(took):.3f} s   95% {took[int(0.95 * (len(took) - 1))]:.3f} s"


def measure(limit: int, count: int) -> None:
    """Measure on a fresh server whose runs may take ``limit`` megabytes, each in a child; 0: in the server itself."""
    os.environ["DA_LAB_RUN_MEMORY_MB"] = str(limit)
    where = "child" if limit else "thread"
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as server, sync_playwright() as playwright:
        browser = chromium.launch(playwright)
        page, other = (browser.new_context(base_url=server.url).new_page() for _ in range(2))
        for one in (page, other):
            one.set_default_timeout(120_000)
        screen.open_screen(other, "Data")
        changes(other, 4)
        print(told(f"{where}, idle", changes(other, count)), flush=True)
        screen.start(page, **EXPERIMENT)
        screen.first_point(page).wait_for(state="attached")
        print(told(f"{where}, beside a run", changes(other, count)), flush=True)
        browser.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--switches", type=int, default=12)
    chosen = parser.parse_args()
    expect.set_options(timeout=120_000)
    for megabytes in (0, 4000):
        measure(megabytes, chosen.switches)
