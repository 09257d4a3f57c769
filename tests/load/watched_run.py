"""One run, watched by one and by many: what the server's processor does for the whole of it."""

from __future__ import annotations

import argparse
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from tests.load.browser_tab import Tab, link
from tests.load.load_report import Goal, Report, Requests, timed
from tests.load.server_meter import Meter, measured_server

_MOST_TIMES = 2.0
_LONGEST_RUN = 900.0


def watchers(folder: Path, options: argparse.Namespace) -> Report:
    """Train the same twice, watched by one and by many, and compare the server's processor time."""
    report = Report("watchers")
    with measured_server(folder, warm=not options.cold) as (server, meter), meter.taking() as taken:
        _seconds_of_run(server.url, meter, Requests(), count=1, epochs=1, seed=9)  # imports and the data
        alone = _seconds_of_run(server.url, meter, report.requests, 1, options.epochs, seed=1)
        among_many = _seconds_of_run(server.url, meter, report.requests, options.count, options.epochs, seed=2)
    report.server = taken.figures()
    report.figures = {
        "cpu seconds of a run, watched by one": round(alone, 2),
        f"cpu seconds of a run, watched by {options.count}": round(among_many, 2),
        "looks": len(report.requests.seconds["look"]),
    }
    report.goals = [
        Goal(f"{options.count} watchers cost, times one", among_many / alone, _MOST_TIMES),
        Goal("failures", report.requests.failures, 0),
    ]
    return report


def _seconds_of_run(home: str, meter: Meter, requests: Requests, count: int, epochs: int, seed: int) -> float:
    """Return the processor's seconds from the moment at which a paused run goes on to its end."""
    owner = Tab(home)
    experiment = {"method": "dann", "data.count": "400", "training.epochs": str(epochs), "device": "cpu"}
    owner.open(link("train", **experiment, seed=str(seed)))
    owner.press("Start training")
    owner.press("Pause")
    tabs = [owner]
    for _ in range(count - 1):
        tab = Tab(home)
        tab.open(link("train", **owner.query))
        tabs.append(tab)
    over = threading.Event()
    watching = [threading.Thread(target=_watch, args=(tab, requests, over), daemon=True) for tab in tabs[1:]]
    for thread in watching:
        thread.start()
    before = meter.cpu_seconds()
    owner.press("Resume")
    _watch(owner, requests, over, until_over=True)
    spent = meter.cpu_seconds() - before
    owner.expect("See what moved")
    over.set()
    for thread in watching:
        thread.join()
    _close(tabs)
    return spent


def _watch(tab: Tab, requests: Requests, over: threading.Event, *, until_over: bool = False) -> None:
    """Look at a run as a page does: as often as it asks, until there is nothing more to look at."""
    end = time.monotonic() + _LONGEST_RUN
    while tab.page.every and not (over.is_set() and not until_over) and time.monotonic() < end:
        tab.watch(0.5, lambda part: timed(requests, "look", lambda: tab.look(part)))


def _close(tabs: Sequence[Tab]) -> None:
    for tab in tabs:
        tab.close()
