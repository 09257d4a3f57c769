"""The server under load: commands that each start one on loopback, send it visitors, and hold it to its goals.

    python -m tests.load.locust_lab sessions   300 visitors, ten submits a second for a minute, while one run trains
    python -m tests.load.locust_lab knee       ever more visitors, until a change of page is slow: where that begins
    python -m tests.load.locust_lab soak       10,000 sessions and 1,000 runs: do Python's heap and the process grow
    python -m tests.load.locust_lab watchers   one run watched by one, and by 250: what that costs the server
    python -m tests.load.locust_lab run_list   the list of 10,000 runs
    python -m tests.load.many_browsers         25 real browsers: every page comes, and with the right numbers

Each prints a table, writes JSON where ``--out`` names a folder (and the server's log where something failed), and ends
with 1 where a goal is missed. ``--quick`` makes it short (a minute or two after the server has warmed up), ``--help``
after a command lists the sizes one by one. Whatever happens, it ends: after ``--minutes`` what is not done is a
failure. Figures are those of a machine that has nothing else to do; the load of this one, before and after, stands in
the JSON. The visitors of `tests.load.lab_users` speak the websocket as the browser's script does, under Locust; they
take about a third of a core themselves.

To put another server under load, start Locust's own page:
``locust -f tests/load/lab_users.py --host http://localhost:8501 ClassMember``
"""

from __future__ import annotations

import argparse
import itertools
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import gevent
from locust import User
from locust.env import Environment

from tests.load import lab_users, load_report
from tests.load.browser_tab import Tab
from tests.load.lab_users import ClassMember, PasserBy, Teacher
from tests.load.load_report import Goal, Report, Requests
from tests.load.server_meter import Meter, measured_deployment, measured_server
from tests.load.watched_run import watchers

SLOW_PAGE = 1.5
"""Seconds that a change of page may take, but for one in twenty."""
MOST_MB = 2.0
"""Memory that a session may take."""
_LEAVING = 60.0
"""Seconds in which visitors that are sent away do what they are at."""


class Crowd:
    """Visitors of Locust's on one server. What they ask is taken down in ``requests``, which may be exchanged."""

    def __init__(self, host: str, kinds: list[type[User]], minutes: float) -> None:
        self.requests = Requests()
        self._arrived = 0
        self._is_late = False
        # what ends a visitor in the middle of something may be lost in a library, and the visitor go on for ever
        self._environment = Environment(user_classes=kinds, host=host, stop_timeout=_LEAVING)
        self._environment.events.request.add_listener(self._take_down)
        self._runner = self._environment.create_local_runner()
        self._end = time.monotonic() + 60 * minutes

    def _take_down(self, name: str, response_time: float, exception: object | None, **_: object) -> None:
        self.requests.add(name, response_time / 1000, exception)
        self._arrived += name == "first load"

    def grow(self, count: int, a_second: float) -> None:
        """Have so many in all; return when they have come, or when there is no time left."""
        self._runner.start(count, spawn_rate=a_second)
        while self._arrived < count and self.has_time():
            gevent.sleep(0.1)

    def has_time(self) -> bool:
        """Tell whether there is time left; where there is none that is a failure."""
        if time.monotonic() < self._end:
            return True
        if not self._is_late:
            self.requests.add("command", 0.0, "not done in time")
        self._is_late = True
        return False

    def leave(self) -> None:
        """Send everybody away, once they have done what they are at."""
        self._runner.quit()


@contextmanager
def a_class(host: str, submits_each: float, minutes: float) -> Iterator[Crowd]:
    """A teacher whose run trains, a room with an open vote, and a class, of whom nobody is there yet."""
    tab = Tab(host)
    ClassMember.room = lab_users.open_room(tab)
    ClassMember.pause = 1 / submits_each
    crowd = Crowd(host, [Teacher, ClassMember], minutes)
    try:
        crowd.grow(1, 1)
        yield crowd
    finally:
        crowd.leave()
        tab.close()


@contextmanager
def measured(folder: Path, options: argparse.Namespace) -> Iterator[tuple[str, Meter]]:
    """Start one server, or with ``--deployed`` all of the deployment: its address, and its meter."""
    if options.deployed:
        with measured_deployment(folder, warm=not options.cold) as found:
            yield found
    else:
        with measured_server(folder, warm=not options.cold) as (server, meter):
            yield server.url, meter


def sessions(folder: Path, options: argparse.Namespace) -> Report:
    """Measure a class that works while one run trains."""
    report = Report("sessions")
    with measured(folder, options) as (url, meter):
        before = meter.rss()
        each = options.submits / options.count
        with a_class(url, each, options.minutes) as crowd, meter.taking() as whole:
            crowd.grow(options.count + 1, options.arrivals)
            loads = crowd.requests
            crowd.requests = report.requests
            with meter.taking() as taken:
                gevent.sleep(options.seconds)
    report.server = taken.figures() | {"rss_start_mb": round(before, 1), "rss_peak_mb": round(whole.rss_peak, 1)}
    report.requests.seconds["first load"] = loads.seconds["first load"]
    report.requests.errors.update(loads.errors)
    report.figures = {
        "sessions": options.count,
        "submits_a_second": round(len(report.requests.seconds["submit"]) / options.seconds, 1),
        "mb_a_session": round((taken.rss_end - before) / options.count, 3),
    }
    report.goals = [
        Goal("failures", report.requests.failures, 0),
        Goal("p95 of a page change (s)", report.requests.percentile("page change", 95), SLOW_PAGE),
        Goal("MB a session", report.figures["mb_a_session"], MOST_MB),
    ]
    return report


def knee(folder: Path, options: argparse.Namespace) -> Report:
    """Let more and more come, and name the number at which a change of page is slow."""
    report = Report("knee")
    with (
        measured(folder, options) as (url, meter),
        a_class(url, options.submits / 300, options.minutes) as crowd,
        meter.taking() as taken,
    ):
        for count in range(options.step, options.most + 1, options.step):
            crowd.grow(count + 1, options.arrivals)
            crowd.requests = report.requests = Requests()
            gevent.sleep(options.seconds)
            p95 = report.requests.percentile("page change", 95)
            report.figures[f"p95 at {count}"] = round(p95, 3)
            if p95 > SLOW_PAGE or report.requests.failures or not crowd.has_time():
                break
            report.figures["knee"] = count
    report.server = taken.figures()
    report.figures.setdefault("knee", 0)
    report.goals = [Goal("visitors below 300 at the knee", max(300 - report.figures["knee"], 0), 0)]
    return report


def soak(folder: Path, options: argparse.Namespace) -> Report:
    """Let visitors come and go, every tenth with a run, and fit lines through what the server holds.

    Finished runs may take little memory: a cache that fills up to its bound is no leak, so it is to be full at once.
    The server has another name besides localhost's, so each visitor has a list of their own, as in a class: with all
    runs in everyone's, each visit would cost more than the one before.
    """
    report = Report("soak")
    PasserBy.numbers, PasserBy.finished = itertools.count(1), 0
    held: list[tuple[int, float, float]] = []
    settings = {"DA_LAB_FINISHED_RUNS_MB": "2", "STREAMLIT_SERVER_ALLOWED_HOSTS": "localhost lab.example"}
    with (
        measured_server(folder, warm=not options.cold, tells_heap=True, **settings) as (server, meter),
        meter.taking() as taken,
    ):
        crowd = Crowd(server.url, [PasserBy], options.minutes)
        report.requests = crowd.requests
        crowd.grow(options.at_once, options.at_once)
        while (gone := len(report.requests.seconds["first load"])) < options.count and crowd.has_time():
            held.append((gone, meter.heap(), meter.rss()))
            gevent.sleep(options.every)
        crowd.leave()
    report.server = taken.figures()
    report.readings = [(gone, round(heap, 3), round(rss, 3)) for gone, heap, rss in held]
    steady = [reading for reading in held if reading[0] > options.settled]
    came = len(report.requests.seconds["first load"])
    report.figures = {"sessions": came, "runs": PasserBy.finished, "readings": len(steady)}
    for name, place in (("heap", 1), ("rss", 2)):
        series = [(reading[0] / 1000, reading[place]) for reading in steady]
        fitted, floor = load_report.Slope.of_series(series), load_report.Slope.of_series(series, least=True)
        report.figures[f"{name} MB a 1,000 sessions"] = f"{fitted.value:+.2f} ± {2 * fitted.error:.2f}"
        report.figures[f"{name} at its least, between runs"] = f"{floor.value:+.2f} ± {2 * floor.error:.2f}"
        # of a line that is level the slope is as often above 0 as below, by what chance makes of it
        report.goals.append(Goal(f"{name} grows by (MB a 1,000 sessions)", fitted.value - 2 * fitted.error, 0))
    report.goals.append(Goal("failures", report.requests.failures, 0))
    return report


def run_list(folder: Path, options: argparse.Namespace) -> Report:
    """Open the list of very many runs."""
    from tests.load.many_runs import enter

    report = Report("run_list")
    enter(folder / "data" / "runs.db", options.count)
    with measured_server(folder, warm=not options.cold) as (server, meter):
        tab = Tab(server.url)
        tab.open()
        with meter.taking() as taken:
            for kind, times in (("first opening", 1), ("opening", options.times)):
                for _ in range(times):
                    load_report.timed(report.requests, kind, lambda: tab.go("runs"))
                    tab.expect(f"All runs ({options.count})")
                    load_report.timed(report.requests, "another page", lambda: tab.go("train"))
        tab.close()
    report.server = taken.figures()
    report.goals = [
        Goal("failures", report.requests.failures, 0),
        Goal("first opening (s)", report.requests.percentile("first opening", 100), 1),
        Goal("p95 of an opening (s)", report.requests.percentile("opening", 95), 1),
    ]
    return report


COMMANDS = {each.__name__: each for each in (sessions, knee, soak, watchers, run_list)}


@dataclass(frozen=True)
class Size:
    """A number on the command line: what it is by default, with ``--quick``, and what it says."""

    full: float
    quick: float
    help: str


_MINUTES = "after which what is not done is a failure"
SIZES: dict[str, dict[str, Size]] = {
    "sessions": {
        "count": Size(300, 40, "visitors"),
        "seconds": Size(60.0, 20.0, "of measuring, once all have come"),
        "submits": Size(10.0, 2.0, "a second, of all together"),
        "arrivals": Size(5.0, 4.0, "visitors that come in a second"),
        "minutes": Size(15.0, 4.0, _MINUTES),
    },
    "knee": {
        "step": Size(50, 20, "visitors that come in a step"),
        "seconds": Size(30.0, 10.0, "of measuring in a step"),
        "submits": Size(10.0, 10.0, "a second of 300 visitors"),
        "arrivals": Size(5.0, 5.0, "visitors that come in a second"),
        "most": Size(1000, 60, "visitors at which to give up"),
        "minutes": Size(45.0, 4.0, _MINUTES),
    },
    "soak": {
        "count": Size(10_000, 120, "sessions; every tenth has a run"),
        "at_once": Size(8, 4, "visitors at the same time"),
        "settled": Size(500, 40, "sessions before what is held should be level"),
        "every": Size(5.0, 2.0, "seconds between two readings"),
        "minutes": Size(120.0, 4.0, _MINUTES),
    },
    "watchers": {"count": Size(250, 25, "watchers"), "epochs": Size(30, 6, "of the run that is watched")},
    "run_list": {"count": Size(10_000, 1_000, "runs"), "times": Size(20, 5, "the list is opened")},
}


def arguments() -> argparse.ArgumentParser:
    """Describe the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, sizes in SIZES.items():
        command = commands.add_parser(name, help=COMMANDS[name].__doc__)
        command.add_argument("--out", type=Path, help="folder for the JSON")
        command.add_argument("--cold", action="store_true", help="do not wait until the server has warmed up")
        command.add_argument("--quick", action="store_true", help="a short form of it")
        if COMMANDS[name] in (sessions, knee):
            deployed = "nginx, two web servers, PostgreSQL and a worker, in place of one server"
            command.add_argument("--deployed", action="store_true", help=deployed)
        for flag, size in sizes.items():
            told = f"{size.help} ({size.full:g}; quick: {size.quick:g})"
            command.add_argument(f"--{flag.replace('_', '-')}", type=type(size.full), help=told)
    return parser


def parsed(given: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; what it leaves open is as large as ``--quick`` says."""
    options = arguments().parse_args(given)
    for flag, size in SIZES[options.command].items():
        if getattr(options, flag) is None:
            setattr(options, flag, size.quick if options.quick else size.full)
    return options


def main() -> int:
    """Run the command that is asked for."""
    options = parsed()
    with tempfile.TemporaryDirectory() as folder:
        report = COMMANDS[options.command](Path(folder), options)
        missed = report.tell(options.out)
        if report.requests.failures and options.out is not None:
            for log in Path(folder).rglob("server.log"):  # why, in the server's own words
                shutil.copy(log, options.out / f"{options.command}-{log.parent.name}.log")
    return missed


if __name__ == "__main__":
    sys.exit(main())
