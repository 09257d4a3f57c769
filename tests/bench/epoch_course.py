"""What the way through the epochs costs: its snapshots while training, and its points while they travel on the screen.

    python -m tests.bench.epoch_course [--samples 2000]

Snapshots are told as a share of the time that adapting takes, with defaults. On the screen so many held-out samples of
each domain travel; their frames are compared with those of the same page standing still, in the same browser.
"""

from __future__ import annotations

import argparse
import re
import statistics
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from da_core.evaluation.snapshots import SnapshotRecorder, View
from da_core.events import Finished
from da_core.experiment import Experiment
from da_core.run import run
from tests.support import chromium, screen
from tests.support.server import serving

FRAMES = """async (output, until) => {
    const frames = [];
    let last = performance.now();
    const begin = last, over = () => (until ? output.textContent === until : last - begin > 3000);
    do {
        const now = await new Promise(requestAnimationFrame);
        frames.push(now - last);
        last = now;
    } while (!over());
    return frames.slice(1);
}"""
"""Milliseconds of each frame until the course says ``until``, or for three seconds."""


def share_of_snapshots() -> tuple[float, float]:
    """Seconds that a default DANN run takes to adapt, and those of them in which it takes snapshots."""
    spent, observe = 0.0, SnapshotRecorder.observe

    def timed(self: SnapshotRecorder, epoch: int, view: View) -> None:
        nonlocal spent
        start = time.perf_counter()
        observe(self, epoch, view)
        spent += time.perf_counter() - start

    SnapshotRecorder.observe = timed  # type: ignore[method-assign]
    try:
        for event in run(Experiment()):
            if isinstance(event, Finished):
                return event.result.seconds["adapt"], spent
    finally:
        SnapshotRecorder.observe = observe  # type: ignore[method-assign]
    raise AssertionError("a run ends with Finished")


def frames(page: Page, until: str | None) -> list[float]:
    found: list[float] = page.locator(".course output").evaluate(FRAMES, until)
    return found


def travel(samples: int) -> dict[str, list[float]]:
    """Frames of the Features screen with so many samples of each domain: standing still, and while they travel."""
    experiment = {"data.count": str(2 * samples), "target_split": "0.5", "training.epochs": "4", "method": "deep_coral"}
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as made, serving(Path(made)) as server:
        browser = chromium.launch(playwright)
        page = browser.new_context(base_url=server.url).new_page()
        screen.start(page, **experiment)
        screen.finished(page)
        page.get_by_role("link", name="See what moved").click()
        expect(page.locator(".state")).to_contain_text("nearest")
        screen.settle(page)
        found = {"standing still": frames(page, None)}
        page.locator(".course").get_by_role("button", name=re.compile("Play")).click()
        found["travelling"] = frames(page, "After")
        browser.close()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=2000)
    samples = parser.parse_args().samples
    expect.set_options(timeout=300_000)
    adapting, snapshots = share_of_snapshots()
    print(f"snapshots: {snapshots:.2f} s of {adapting:.1f} s adapting, {snapshots / adapting:.1%}")
    for what, each in travel(samples).items():
        middle, slow = statistics.median(each), statistics.quantiles(each, n=20)[-1]
        print(
            f"{samples} + {samples} samples, {what}: {1000 / middle:.0f} frames a second, 19 of 20 within {slow:.0f} ms"
        )


if __name__ == "__main__":
    main()
