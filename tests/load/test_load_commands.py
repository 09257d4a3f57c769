"""Short forms of the commands, so that they do not rot: what they ask for comes, and what they measure is told."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.load.load_report import Goal, Report, Slope
from tests.support.server import ROOT

SHORT = {
    "locust_lab sessions": "--count 4 --seconds 3 --submits 4",
    "locust_lab run_list": "--quick --count 60 --times 2",
}

DEAF = """
from tests.load.locust_lab import Crowd

import gevent
from locust import User, task


class Deaf(User):
    begun, done = 0, 0

    @task
    def act(self):
        Deaf.begun += 1
        came = {"request_type": "tab", "name": "first load", "response_time": 0, "response_length": 0}
        self.environment.events.request.fire(**came, exception=None, context={})
        try:
            gevent.sleep(0.5)
            Deaf.done += 1
        except BaseException:  # as some libraries do while they close a connection
            pass


crowd = Crowd("http://localhost", [Deaf], 1)
crowd.grow(2, 100)
crowd.leave()
print(Deaf.begun - Deaf.done)
"""


@pytest.mark.slow
@pytest.mark.parametrize("command", SHORT)
def test_a_command_asks_and_tells(command: str, tmp_path: Path) -> None:
    """In a process of its own: Locust changes how sockets and threads wait."""
    asked = f"-m tests.load.{command} --cold {SHORT[command]} --out".split()
    done = subprocess.run([sys.executable, *asked, tmp_path], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr  # on a busy machine a goal may be missed
    (written,) = tmp_path.glob("*.json")
    told = json.loads(written.read_text())
    assert told["failures"] == {}
    assert all(of["count"] and 0 < of["p50"] <= of["p95"] <= of["p99"] for of in told["requests"].values())
    assert told["requests"]
    assert 0 < told["server"]["rss_start_mb"] <= told["server"]["rss_peak_mb"]
    assert done.returncode == (not all(goal["met"] for goal in told["goals"]))


def test_who_is_sent_away_does_what_they_are_at_and_goes() -> None:
    done = subprocess.run([sys.executable, "-c", DEAF], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout == "0\n", done.stderr


def test_a_missed_goal_is_told_by_the_exit_status(capsys: pytest.CaptureFixture[str]) -> None:
    assert Report("one", goals=[Goal("failures", 0, 0)]).tell() == 0
    assert Report("one", goals=[Goal("failures", 0, 0), Goal("seconds", 1.6, 1.5)]).tell() == 1
    assert "MISSED" in capsys.readouterr().out


def test_a_failure_counts_and_is_no_time() -> None:
    report = Report("one")
    report.requests.add("page change", 0.5)
    report.requests.add("page change", 0.0, "no page came in time")
    assert report.requests.failures == 1
    assert report.requests.percentile("page change", 95) == 0.5
    assert report.requests.percentile("look", 95) == math.inf


def test_a_slope_is_that_of_the_line_with_its_error() -> None:
    exact = Slope.fit([(0, 1), (1, 3), (2, 5)])
    assert [exact.value, exact.error] == pytest.approx([2, 0])
    # x = 0…3, residuals ±.3: the slope's standard error is √(Σr²/(n−2)/Σ(x−x̄)²)
    fitted = Slope.fit([(0, 0.3), (1, -0.3), (2, -0.3), (3, 0.3)])
    assert fitted.value == pytest.approx(0, abs=1e-9)
    assert fitted.error == pytest.approx(math.sqrt(4 * 0.09 / 2 / 5))
    assert Slope.fit([(0, 0), (1, 1)]).value == math.inf


def test_readings_that_say_the_same_ten_times_make_no_slope_surer() -> None:
    noise = np.random.default_rng(0).normal(size=30)
    once = [(float(x), float(y)) for x, y in enumerate(noise)]
    often = [(x, y) for x, y in once for _ in range(10)]
    alone, series = Slope.fit(once), Slope.of_series(often)
    assert [series.value, series.error] == pytest.approx([alone.value, alone.error])
    assert Slope.fit(often).error < 0.4 * alone.error


def test_what_comes_and_goes_does_not_raise_what_stays() -> None:
    """A run's memory comes and is given back, ever more of it; what is left between runs grows by 2 at each step."""
    comes_and_goes = [
        (float(x), 100.0 + 2 * x + (x * part if part % 2 else 0)) for x in range(30) for part in range(10)
    ]
    floor = Slope.of_series(comes_and_goes, least=True)
    assert [floor.value, floor.error] == pytest.approx([2, 0])
    assert Slope.of_series(comes_and_goes).value > 4
