"""How long a person waits: for the first page, the first live point, the layouts of a finished run, another screen.

    python -m tests.bench.page_speed [--switches 5]

One fresh server and one browser; every number is of this one run. The run shows 1,000 + 1,000 held-out samples.
"""

from __future__ import annotations

import argparse
import functools
import re
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.support import chromium, screen
from tests.support.server import Server, serving

HEAVY = ("torch", "torchvision", "sklearn", "numba")  # numba comes with umap, which has no library of its own
QUIET_SECONDS = 3.0
EXPERIMENT = {"data.count": "2000", "target_split": "0.5", "training.epochs": "2", "method": "deep_coral"}


def seconds(do: Callable[[], object]) -> float:
    start = time.perf_counter()
    do()
    return time.perf_counter() - start


def mapped(server: Server) -> set[str]:
    """Which heavy packages the server's process has mapped libraries of (Linux tells)."""
    maps = Path(f"/proc/{server.process.pid}/maps").read_text()
    return {name for name in HEAVY if f"/site-packages/{name}/" in maps}


def processor_seconds(server: Server) -> float:
    fields = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def wait_until_warm(server: Server) -> float:
    """Until the server, having imported what UMAP needs, has used hardly any processor for a few seconds."""
    start, busy = time.perf_counter(), time.perf_counter()
    used = processor_seconds(server)
    while not {"torch", "numba"} <= mapped(server) or time.perf_counter() - busy < QUIET_SECONDS:
        time.sleep(0.5)
        now = processor_seconds(server)
        if now - used > 0.1:
            busy = time.perf_counter()
        used = now
        if time.perf_counter() - start > 300:
            raise TimeoutError("the server is still busy after five minutes")
    return busy - start


def first_page(folder: Path, browser: Browser) -> tuple[float, set[str]]:
    """From the start of a server to its first page's title, and what was imported until then."""
    start = time.perf_counter()
    with serving(folder) as server:
        page = browser.new_context(base_url=server.url).new_page()
        page.goto("/")
        expect(screen.heading(page)).to_be_visible()
        took = time.perf_counter() - start
        imported = mapped(server)
        page.context.close()
        return took, imported


def switch(page: Page, name: str) -> None:
    page.get_by_test_id("stSidebar").get_by_role("link", name=name, exact=True).click()
    expect(screen.heading(page)).to_have_text(name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--switches", type=int, default=5, help="how often to go through the sidebar")
    arguments = parser.parse_args()
    expect.set_options(timeout=300_000)
    rows: list[tuple[str, float, str]] = []
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as made:
        browser = chromium.launch(playwright)
        took, imported = first_page(Path(made, "first"), browser)
        heavy = ", ".join(sorted(imported)) or "nothing heavy"
        rows.append(("server start → first page", took, f"imported: {heavy}"))
        with serving(Path(made, "second")) as server:
            rows.append(("server start → warm", wait_until_warm(server), ""))
            page = browser.new_context(base_url=server.url).new_page()
            screen.open_screen(page, "Data", **EXPERIMENT)  # the pictures are made, as they are for whoever looks first
            switch(page, "Train")
            screen.settle(page)
            page.get_by_role("button", name="Start training").click()
            start = time.perf_counter()
            expect(screen.first_point(page)).to_be_visible()
            rows.append(("Start → first live point", time.perf_counter() - start, ""))
            expect(page.get_by_text(re.compile("^Look after"))).to_be_visible()
            start = time.perf_counter()
            expect(page.get_by_role("link", name="See what moved")).to_be_visible()
            rows.append(("training over → run finished, PCA and UMAP made", time.perf_counter() - start, ""))
            start = time.perf_counter()
            page.get_by_role("link", name="See what moved").click()
            for name in ("UMAP", "PCA"):
                page.get_by_role("radio", name=name).click()
                rows.append((f"click on “See what moved” → {name}", time.perf_counter() - start, ""))
            every = [seconds(functools.partial(switch, page, name)) for name in screen.WALK * arguments.switches]
            rows.append(("click → another screen, median", statistics.median(every), f"slowest {max(every):.2f}"))
        browser.close()
    for what, took, remark in rows:
        print(f"{what:<52}{took:>7.2f} s  {remark}")


if __name__ == "__main__":
    main()
