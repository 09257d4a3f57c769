"""How smoothly films play in a browser: milliseconds of drawing a frame, and frames a second.

    python -m tests.bench.film_frames [--points 500] [--seconds 4] [--width 1280] [--ratio 1]

``--points`` are those of each domain. Chromium draws without a graphics card here, which is the worst case. Wanted are
60 frames a second, never a second with under 30 on two cores, and at most 8 ms of drawing a frame.
"""

from __future__ import annotations

import argparse
import tempfile
from itertools import pairwise
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, sync_playwright

from tests.bench.page_speed import wait_until_warm
from tests.support import chromium
from tests.support.server import serving

CASES = {
    "one film": "network=mlp&network.hidden=32&method=dann",
    "two films": "network=mlp&network.hidden=32&method=dann&beside=mcd",
    "threads of transport": "network=identity&method=optimal_transport",
    "weights and density ratio": "network=identity&method=kmm&data.selection=2",
}
TIMED = """
    const frames = (window.frames_drawn = []);
    const request = window.requestAnimationFrame;
    window.requestAnimationFrame = (draw) => request((now) => {
        const begun = performance.now();
        draw(now);
        frames.push([now, performance.now() - begun]);
    });
"""


def played(page: Page, query: str, seconds: float) -> np.ndarray:
    """Play a film over and over; returns (n, 2): when each frame was begun, and how long its drawing took."""
    page.goto(f"/playground?{query}")
    page.locator(".playground[data-state=whole]").wait_for()
    page.locator(".loop").click()
    for key in ("Home", "k"):
        page.locator(".curve").press(key)
    page.evaluate("frames_drawn.length = 0")
    page.wait_for_timeout(1000 * seconds)
    return np.array(page.evaluate("frames_drawn"))


def main() -> None:
    """Print a line for each case."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--width", type=int, default=1280)
    parser.add_argument("--ratio", type=float, default=1, help="pixels of the screen to one of the page")
    options = parser.parse_args()
    given = f"data=drawn&data.shape=blobs&data.turn=50&data.count={options.points}&training.epochs=15"
    print(f"{'':26}{'draw p50':>9}{'p95 ms':>8}{'frames/s':>10}{'worst second':>14}{'p99 gap ms':>12}")
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as made, serving(Path(made)) as server:
        wait_until_warm(server)
        browser = chromium.launch(playwright)
        page = browser.new_page(
            base_url=server.url, viewport={"width": options.width, "height": 900}, device_scale_factor=options.ratio
        )
        page.add_init_script(TIMED)
        for title, query in CASES.items():
            begun, drawing = played(page, f"{given}&{query}", options.seconds).T
            gaps = np.array([later - now for now, later in pairwise(begun) if later > now])
            each = np.histogram(begun, np.arange(begun[0], begun[-1], 1000))[0]
            print(
                f"{title:26}{np.median(drawing):9.1f}{np.percentile(drawing, 95):8.1f}{1000 / gaps.mean():10.1f}"
                f"{each.min():14}{np.percentile(gaps, 99):12.1f}",
                flush=True,
            )
        browser.close()


if __name__ == "__main__":
    main()
