"""The Benchmark screen's new benchmark: started, its table while it fills, paused, gone on with by a later server."""

from __future__ import annotations

import re

import pytest
from streamlit.testing.v1 import AppTest

from da_core.jobs import benchmarks as benchmarks_module
from da_core.jobs.benchmarks import Benchmarks
from da_core.settings import settings
from tests.support.lab import Lab, button, end, has, texts


@pytest.fixture(autouse=True)
def fresh_benchmarks(monkeypatch: pytest.MonkeyPatch, lab: Lab) -> None:
    later_server(monkeypatch)


def later_server(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = Benchmarks()
    monkeypatch.setattr(benchmarks_module, "benchmarks", lambda: mine)


def screen(lab: Lab, **query: str) -> AppTest:
    return lab.screen("own_benchmark", section="lab", **query)


def started(lab: Lab) -> AppTest:
    app = screen(lab)
    app.multiselect[0].set_value(["deep_coral", "dann"])
    app.multiselect[1].set_value(["moons", "blobs"])
    app.slider[0].set_value(2).run()
    assert "8 runs; their duration is unknown" in texts(app)
    return button(app, "Start the benchmark").click().run()


def test_a_benchmark_of_more_runs_than_the_server_takes_cannot_be_started(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DA_LAB_BENCHMARK_RUNS", "5")
    settings.cache_clear()
    app = screen(lab)
    app.multiselect[0].set_value(["deep_coral", "dann"])
    app.multiselect[1].set_value(["moons"])
    app.run()
    assert "6 runs are too many: this server takes at most 5" in texts(app)
    assert button(app, "Start the benchmark").disabled


def test_it_is_started_paused_and_gone_on_with_after_a_restart_and_ends_in_a_table_with_files(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = started(lab)
    assert not app.exception
    assert button(app, "Start the benchmark").disabled
    button(app, "Pause").click().run()
    end(lab, "benchmark")
    later_server(monkeypatch)
    app = screen(lab)
    assert "Paused; finished runs" in texts(app)
    had = len(benchmarks_module.benchmarks().latest(lab.visitor).outcomes)
    assert 0 < had < 8
    button(app, "Continue").click().run()
    end(lab, "benchmark")
    done = screen(lab)
    assert not has(done, "Continue")
    assert len(benchmarks_module.benchmarks().latest(lab.visitor).outcomes) == 8
    bodies = [one.proto.body for one in done.get("html") if 'class="lab-benchmark"' in one.proto.body]
    assert sorted(re.findall(r'<th scope="row">(.*?)</th>', bodies[0])) == ["DANN", "Deep CORAL"]
    assert bodies[0].count("80.0") >= 4, "both methods on both pairs"
    assert "Mean ranks over 2 pairs" in texts(done)
    files = [one.proto.label for one in done.get("download_button")]
    assert files[:3] == ["CSV", "HTML", "LaTeX"]
