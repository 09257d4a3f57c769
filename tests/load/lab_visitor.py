"""A visitor of a server on a folder that may be read-only: what a page, an upload, a run and ``/ready`` say then."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable
from urllib.error import HTTPError

from tests.load.browser_tab import Tab, link
from tests.support.killed_server import small_run
from tests.support.killed_uploads import place_of
from tests.support.server import Server

DONE = "See what moved"
NOT_SAVED = "The server could not save this run and keeps it only for a while; download what you need."
UPLOADED = "earlier.csv", ("x,y,label\n" + "".join(f"{x},{2 * x},{'ab'[x % 2]}\n" for x in range(40))).encode()
"""An upload that has to be there, by name and content, so that the page with its uploaders can be opened."""
_PATIENCE = 60.0


def until(reached: Callable[[], bool]) -> None:
    """Wait until something that another process does has come about."""
    deadline = time.monotonic() + _PATIENCE
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def ready(server: Server) -> tuple[int, str]:
    """Return the status of ``/ready``, and what it says of the data folder."""
    try:
        with urllib.request.urlopen(f"{server.url}/ready") as answer:
            return answer.status, json.load(answer)["parts"]["data folder"]
    except HTTPError as error:
        return error.code, json.load(error)["parts"]["data folder"]


def opened(server: Server, screen: str, **query: str) -> Tab:
    """Open a screen in a new tab. Raises `PageError` where an error stands on it."""
    tab = Tab(server.url)
    tab.open(link(screen, **query))
    return tab


def upload(server: Server, content: bytes) -> Tab:
    """Bring a table, and return the tab with what is said of it."""
    place = place_of(*UPLOADED)
    tab = opened(server, "data", data="files", **{"data.source": place, "data.target": place})
    tab.upload("Source", "later.csv", content)
    return tab


def train(server: Server, seed: int) -> Tab:
    """Train a small run to its end, and return the tab with what is said of it."""
    tab = opened(server, "train", **small_run(seed, epochs=1).to_flat())
    tab.press("Start training")
    while tab.page.every:
        tab.watch(0.2)
    tab.expect(DONE)
    return tab
