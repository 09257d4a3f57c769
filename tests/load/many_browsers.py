"""Many real browsers at once: what they show is compared with what the run has in its folder.

    python -m tests.load.many_browsers [--count 25] [--out FOLDER] [--quick] [--cold]

In a process without Locust, whose way of waiting Playwright does not know; see `tests.load.locust_lab` for the rest.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path

from playwright.async_api import Browser, async_playwright, expect

from tests.load.browser_tab import Tab, link
from tests.load.load_report import Goal, Report
from tests.load.server_meter import measured_server
from tests.support.chromium import ARGUMENTS

_PATIENCE_MS = 120_000
SMALL = {"data.count": "200", "training.epochs": "2", "device": "cpu"}


def browsers(folder: Path, options: argparse.Namespace) -> Report:
    """Have many browsers open the same result, and go on to a page of their own."""
    report, end = Report("browsers"), time.monotonic() + 60 * options.minutes
    with measured_server(folder, warm=not options.cold) as (server, meter):
        tab = Tab(server.url)
        tab.open(link("train", **SMALL))
        tab.press("Start training")
        while tab.page.every and time.monotonic() < end:
            tab.watch(0.5)
        (found,) = (folder / "data" / "runs").glob("*-*/result.json")
        result = json.loads(found.read_text(encoding="utf-8"))
        shown = [f"{100 * result[when]['target']['accuracy']:.1f}%" for when in ("source_only", "adapted")]
        with meter.taking() as taken:
            try:
                left = max(end - time.monotonic(), 0)
                asyncio.run(asyncio.wait_for(_all(report, server.url, tab.query, shown, options.count), left))
            except TimeoutError:
                report.requests.add("command", 0.0, "not done in time")
        tab.close()
    report.server = taken.figures()
    report.figures = {"browsers": options.count, "on the pages": " → ".join(shown)}
    report.goals = [Goal("failures", report.requests.failures, 0)]
    return report


async def _all(report: Report, home: str, query: dict[str, str], shown: list[str], count: int) -> None:
    async with async_playwright() as playwright:
        path = shutil.which("chromium") or playwright.chromium.executable_path
        browser = await playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        await asyncio.gather(*(_one(report, browser, home, query, shown, seed) for seed in range(1, count + 1)))
        await browser.close()


async def _one(report: Report, browser: Browser, home: str, query: dict[str, str], shown: list[str], seed: int) -> None:
    """Look at the result, at the runs, and at an experiment with a seed of one's own."""
    context = await browser.new_context(base_url=home, viewport={"width": 1280, "height": 900})
    page = await context.new_page()
    page.set_default_timeout(_PATIENCE_MS)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    begun = time.perf_counter()
    try:
        await page.goto(link("results", **query))
        values = page.get_by_test_id("stMetricValue")
        await expect(values.nth(0)).to_have_text(shown[0], timeout=_PATIENCE_MS)
        await expect(values.nth(1)).to_have_text(shown[1], timeout=_PATIENCE_MS)
        report.requests.add("first load", time.perf_counter() - begun)
        begun = time.perf_counter()
        await page.get_by_test_id("stSidebar").get_by_role("link", name="Runs", exact=True).click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Runs", timeout=_PATIENCE_MS)
        report.requests.add("page change", time.perf_counter() - begun)
        begun = time.perf_counter()
        await page.goto(link("train", seed=str(seed)))
        await expect(page.get_by_role("main").get_by_text(f"seed {seed}")).to_be_visible(timeout=_PATIENCE_MS)
        report.requests.add("second load", time.perf_counter() - begun)
        if said:
            raise AssertionError(said[0])
    except Exception as error:  # a failure is what a measurement is there to count
        report.requests.add("browser", 0.0, str(error).splitlines()[0])
    finally:
        await context.close()


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, help="browsers (25; quick: 3)")
    parser.add_argument("--quick", action="store_true", help="a short form of it")
    parser.add_argument("--minutes", type=float, default=15.0, help="after which what is not done is a failure")
    parser.add_argument("--out", type=Path, help="folder for the JSON")
    parser.add_argument("--cold", action="store_true", help="do not wait until the server has warmed up")
    options = parser.parse_args()
    options.count = options.count or (3 if options.quick else 25)
    with tempfile.TemporaryDirectory() as folder:
        return browsers(Path(folder), options).tell(options.out)


if __name__ == "__main__":
    sys.exit(main())
