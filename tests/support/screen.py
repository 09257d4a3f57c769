"""What tests do on a screen, said as a person would say it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import Locator, Page, expect

Visitor = Callable[..., Page]
"""The fixture ``visitor``: called with a server, it makes a new visitor and gives their blank page."""
SCREENSHOTS = Path(__file__).parents[1] / "screenshots"
WALK = ("Data", "Network", "Method", "Train", "Features", "Results")
SMALL = {"data.count": "200", "training.epochs": "2", "device": "cpu"}
"""An experiment that is over in seconds."""
LONG = {"data.count": "200", "training.epochs": "500", "training.batch_size": "8", "device": "cpu"}
"""One that trains for minutes unless it is stopped."""
_SETTLED = """seen => {
    const settled = document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'
        && document.querySelector('h1')?.checkVisibility() && !document.querySelector('[data-testid=stSkeleton]');
    seen.frames = settled ? seen.frames + 1 : 0;
    return seen.frames > 5; // a click is on its way to the server for a moment
}"""
"""Asked at each frame, where ``expect`` looks once a second."""


def open_screen(page: Page, name: str, **query: str) -> None:
    """Open a screen of the walk by its link, or the first screen for “Start”."""
    path = "/" if name == "Start" else f"/{name.lower()}"
    page.goto(f"{path}?{urlencode(query)}" if query else path)
    settle(page)


def go(page: Page, name: str) -> None:
    """Click a step in the sidebar."""
    page.get_by_test_id("stSidebar").get_by_role("link", name=name, exact=True).click()
    expect(heading(page)).to_have_text(name)
    settle(page)


def heading(page: Page) -> Locator:
    """The screen's title."""
    return page.get_by_role("heading", level=1)


def settle(page: Page) -> None:
    """Wait until there is a title and the server has said all it has to say."""
    page.wait_for_function(_SETTLED, arg={"frames": 0}, timeout=120_000)


def main(page: Page) -> Locator:
    """The screen without the sidebar."""
    return page.get_by_role("main")


def start(page: Page, **query: str) -> None:
    """Open Train with an experiment in the link, and start it."""
    open_screen(page, "Train", **query)
    page.get_by_role("button", name="Start training").click()
    expect(page).to_have_url(re.compile(r"[?&]run="))  # a short run is over before the button says that it trains
    expect(page).to_have_url(re.compile(r"[?&]run="))


def curves(page: Page) -> Locator:
    """Lines in charts that have at least two points."""
    return page.get_by_test_id("stVegaLiteChart").locator("g.mark-line path[d*='L']")


def first_point(page: Page) -> Locator:
    """What shows the first value of a live curve: a mark, or already a line."""
    chart = page.get_by_test_id("stVegaLiteChart").first
    return chart.locator("g.mark-line path[d*='L'], g.mark-symbol.role-mark path").first


def finished(page: Page) -> None:
    """Wait for the end of the run on Train."""
    expect(page.get_by_role("link", name="See what moved")).to_be_visible(timeout=300_000)
    settle(page)


def stop(page: Page) -> None:
    """Stop the run on Train, and say yes to the question whether it may be thrown away."""
    page.get_by_role("button", name="Stop", exact=True).click()
    page.get_by_role("button", name="Stop and discard").click()


def tab_to(page: Page, wanted: Locator, *, key: str = "Tab") -> None:
    """Press a key, Tab or an arrow, until the focus is on what is wanted."""
    expect(wanted).to_be_visible()
    for _step in range(150):
        if wanted.evaluate("each => each === each.getRootNode().activeElement"):
            return
        page.keyboard.press(key)
    raise AssertionError(f"the keyboard does not reach {wanted}")


def places_on(canvas: Locator, side: int) -> Iterator[tuple[float, float]]:
    """Scroll to a picture, and list the centres of ``side`` × ``side`` squares on it: one of them is on a sample."""
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box is not None
    for row in range(side):
        for column in range(side):
            yield box["x"] + (column + 0.5) / side * box["width"], box["y"] + (row + 0.5) / side * box["height"]
