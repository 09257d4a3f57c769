"""The server under load: commands that each start one on loopback, send it visitors, and hold it to its goals.

    python -m tests.load.locust_lab sessions   300 visitors, ten submits a second for a minute, while one run trains
    python -m tests.load.locust_lab knee       ever more visitors, until a change of page is slow: where that begins
    python -m tests.load.locust_lab soak       10,000 sessions and 1,000 runs: do Python's heap and the process grow
    python -m tests.load.locust_lab watchers   one run watched by one, and by 250: what that costs the server
    python -m tests.load.locust_lab run_list   the list of 10,000 runs
    python -m tests.load.many_browsers         25 real browsers: every page comes, and with the right numbers

Each prints a table, writes JSON where ``--out`` names a folder, and ends with 1 where a goal is missed. ``--help``
after a command lists what makes it shorter. Figures are those of a machine that has nothing else to do; the load of
this one, before and after, stands in the JSON. The visitors of `tests.load.lab_users` speak the websocket as the
browser's script does, under Locust; they take about a third of a core themselves.

To put another server under load, start Locust's own page:
``locust -f tests/load/lab_users.py --host http://localhost:8501 ClassMember``
"""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import gevent
from locust import User
from locust.env import Environment

from tests.load import lab_users, load_report
from tests.load.browser_tab import Tab
from tests.load.lab_users import ClassMember, PasserBy, Teacher
from tests.load.load_report import Goal, Report, Requests
from tests.load.server_meter import measured_server
from tests.load.watched_run import watchers

SLOW_PAGE = 1.5
"""Seconds that a change of page may take, but for one in twenty."""
MOST_MB = 2.0
"""Memory that a session may take."""


class Crowd:
    """Visitors of Locust's on one server. What they ask is taken down in ``requests``, which may be exchanged."""

    def __init__(self, host: str, kinds: list[type[User]]) -> None:
        self.requests = Requests()
        self._arrived = 0
        self._environment = Environment(user_classes=kinds, host=host)
        self._environment.events.request.add_listener(self._take_down)
        self._runner = self._environment.create_local_runner()

    def _take_down(self, name: str, response_time: float, exception: object | None, **_: object) -> None:
        self.requests.add(name, response_time / 1000, exception)
        self._arrived += name == "first load"

    def grow(self, count: int, a_second: float) -> None:
        """Have so many in all; return when they have come."""
        self._runner.start(count, spawn_rate=a_second)
        while self._arrived < count:
            gevent.sleep(0.1)

    def leave(self) -> None:
        """Send everybody away."""
        self._runner.quit()


@contextmanager
def a_class(host: str, submits_each: float) -> Iterator[Crowd]:
    """A teacher whose run trains, a room with an open vote, and a class, of whom nobody is there yet."""
    tab = Tab(host)
    ClassMember.room = lab_users.open_room(tab)
    ClassMember.pause = 1 / submits_each
    crowd = Crowd(host, [Teacher, ClassMember])
    crowd.grow(1, 1)
    try:
        yield crowd
    finally:
        crowd.leave()
        tab.close()


def sessions(folder: Path, options: argparse.Namespace) -> Report:
    """Measure a class that works while one run trains."""
    report = Report("sessions")
    with measured_server(folder, warm=not options.cold) as (server, meter):
        before = meter.rss()
        with a_class(server.url, options.submits / options.count) as crowd, meter.taking() as whole:
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
        measured_server(folder, warm=not options.cold) as (server, meter),
        a_class(server.url, options.submits / 300) as crowd,
        meter.taking() as taken,
    ):
        for count in range(options.step, options.most + 1, options.step):
            crowd.grow(count + 1, options.arrivals)
            crowd.requests = report.requests = Requests()
            gevent.sleep(options.seconds)
            p95 = report.requests.percentile("page change", 95)
            report.figures[f"p95 at {count}"] = round(p95, 3)
            if p95 > SLOW_PAGE or report.requests.failures:
                break
            report.figures["knee"] = count
    report.server = taken.figures()
    report.figures.setdefault("knee", 0)
    report.goals = [Goal("visitors below 300 at the knee", max(300 - report.figures["knee"], 0), 0)]
    return report


def soak(folder: Path, options: argparse.Namespace) -> Report:
    """Let visitors come and go, every tenth with a run, and fit lines through what the server holds."""
    report = Report("soak")
    PasserBy.numbers, PasserBy.finished = itertools.count(1), 0
    held: list[tuple[int, float, float]] = []
    with measured_server(folder, warm=not options.cold, tells_heap=True) as (server, meter), meter.taking() as taken:
        crowd = Crowd(server.url, [PasserBy])
        report.requests = crowd.requests
        crowd.grow(options.at_once, options.at_once)
        while (gone := len(report.requests.seconds["first load"])) < options.count:
            held.append((gone, meter.heap(), meter.rss()))
            gevent.sleep(options.every)
        crowd.leave()
    report.server = taken.figures()
    steady = [reading for reading in held if reading[0] > options.settled]
    report.figures = {"sessions": options.count, "runs": PasserBy.finished, "readings": len(steady)}
    for name, place in (("heap", 1), ("rss", 2)):
        fitted = load_report.Slope.fit([(reading[0] / 1000, reading[place]) for reading in steady])
        report.figures[f"{name} MB a 1,000 sessions"] = f"{fitted.value:+.2f} ± {2 * fitted.error:.2f}"
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


def arguments() -> argparse.ArgumentParser:
    """Describe the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    flags: dict[str, dict[str, tuple[float, str]]] = {
        "sessions": {
            "count": (300, "visitors"),
            "seconds": (60.0, "of measuring, once all have come"),
            "submits": (10.0, "a second, of all together"),
            "arrivals": (5.0, "visitors that come in a second"),
        },
        "knee": {
            "step": (50, "visitors that come in a step"),
            "seconds": (30.0, "of measuring in a step"),
            "submits": (10.0, "a second of 300 visitors"),
            "arrivals": (5.0, "visitors that come in a second"),
            "most": (1000, "visitors at which to give up"),
        },
        "soak": {
            "count": (10_000, "sessions; every tenth has a run"),
            "at_once": (8, "visitors at the same time"),
            "settled": (500, "sessions before what is held should be level"),
            "every": (5.0, "seconds between two readings"),
        },
        "watchers": {"count": (250, "watchers"), "epochs": (30, "of the run that is watched")},
        "run_list": {"count": (10_000, "runs"), "times": (20, "the list is opened")},
    }
    for name, of in flags.items():
        command = commands.add_parser(name, help=COMMANDS[name].__doc__)
        command.add_argument("--out", type=Path, help="folder for the JSON")
        command.add_argument("--cold", action="store_true", help="do not wait until the server has warmed up")
        for flag, (default, help_) in of.items():
            command.add_argument(f"--{flag.replace('_', '-')}", type=type(default), default=default, help=help_)
    return parser


def main() -> int:
    """Run the command that is asked for."""
    options = arguments().parse_args()
    with tempfile.TemporaryDirectory() as folder:
        return COMMANDS[options.command](Path(folder), options).tell(options.out)


if __name__ == "__main__":
    sys.exit(main())
