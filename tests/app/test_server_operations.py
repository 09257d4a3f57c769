"""What an operator sees of a real server: its log, whether it is ready, and its figures as Prometheus reads them."""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.requests import Request
from streamlit.proto.BackMsg_pb2 import BackMsg

from da_core import object_storage
from da_core.events import Event
from da_core.experiment import Experiment
from da_core.jobs import store as store_module
from da_core.jobs.queue import Queue
from da_core.jobs.scheduling.local_runs import LocalRuns
from da_core.jobs.store import Store
from da_core.settings import settings
from da_core.system.structured_logs import JsonLines
from pages.operations import metrics_route
from pages.operations.readiness import FAILS, OK, SILENT, Readiness, check_data_folder, check_database, check_storage
from tests.load.browser_tab import PageError, Tab, link
from tests.support import made_up_run, postgres, s3
from tests.support.server import Server, serving

pytestmark = pytest.mark.xdist_group("operations")
PATIENCE = 120.0
POINTS = {
    "data": "drawn",
    "data.count": "100",
    "network": "mlp",
    "network.hidden": "16",
    "method": "dann",
    "training.epochs": "1",
}
OWNER = "da_lab_owner"


@dataclass
class Operated:
    """A server with its log in JSON, and its database where there is a PostgreSQL that can be stopped."""

    server: Server
    database: ExitStack | None
    start_database: Callable[[], None]

    def ask(self, path: str, **headers: str) -> tuple[int, bytes]:
        try:
            with urllib.request.urlopen(urllib.request.Request(self.server.url + path, headers=headers)) as answer:
                return answer.status, answer.read()
        except HTTPError as error:
            return error.code, error.read()

    def figures(self) -> dict[tuple[str, str], float]:
        """Each sample by its name and its first label's value."""
        status, text = self.ask("/metrics")
        assert status == 200
        return {
            (sample.name, next(iter(sample.labels.values()), "")): sample.value
            for family in text_string_to_metric_families(text.decode())
            for sample in family.samples
        }

    def wait(self, until: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE
        while not until():
            assert time.monotonic() < end, self.server.log.read_text()
            time.sleep(0.1)

    def lines(self) -> list[dict[str, Any]]:
        """What the log says."""
        return [json.loads(line) for line in self.server.log.read_text().splitlines() if line.startswith("{")]


@pytest.fixture(scope="module")
def operated() -> Iterator[Operated]:
    with tempfile.TemporaryDirectory() as made, pytest.MonkeyPatch.context() as patch, ExitStack() as database:
        folder = Path(made)
        folder.chmod(0o755)
        patch.setenv("DA_LAB_LOG", "json")
        has_postgres = postgres.programs() is not None

        def start() -> None:
            url = database.enter_context(postgres.running(folder / "pg"))
            patch.setenv("DA_LAB_DATABASE", url)

        if has_postgres:
            postgres.create(folder / "pg")
            start()
        with serving(folder / "app") as server:
            yield Operated(server, database if has_postgres else None, start)


@pytest.mark.slow
def test_the_figures_move_with_visitors_pages_and_runs(operated: Operated) -> None:
    before = operated.figures()
    assert before["da_lab_sessions", ""] == 0
    assert before["da_lab_runs_ended_total", "done"] == 0
    assert before["process_resident_memory_bytes", ""] > 10**7
    assert before["process_open_fds", ""] > 3
    assert before["process_threads", ""] >= 1
    operated.wait(lambda: operated.figures()["da_lab_ready", "database"] == 1)

    tab = Tab(operated.server.url)
    tab.open(link("train", **POINTS))
    assert operated.figures()["da_lab_sessions", ""] == 1
    pages = operated.figures()["da_lab_page_seconds_count", "train"]
    assert pages >= 1
    tab.press("Start training")
    assert operated.figures()["da_lab_page_seconds_count", "train"] > pages
    operated.wait(lambda: operated.figures()["da_lab_runs_ended_total", "done"] == 1)
    after = operated.figures()
    assert after["da_lab_stage_seconds_count", "adapt"] == 1
    assert after["da_lab_stage_seconds_sum", "adapt"] > 0
    assert after["da_lab_runs", "running"] == after["da_lab_runs", "queued"] == 0
    assert after["da_lab_longest_wait_seconds", ""] == 0
    tab.close()
    operated.wait(lambda: operated.figures()["da_lab_sessions", ""] == 0)

    _, text = operated.ask("/metrics")
    cookie = next(one for one in tab._jar if one.name == OWNER)
    assert str(cookie.value) not in text.decode() + operated.server.log.read_text()
    assert len(text) < 30_000


@pytest.mark.slow
def test_values_of_another_type_are_a_sentence_each_and_a_line_in_the_log(operated: Operated) -> None:
    tab = Tab(operated.server.url)
    tab.open(link("lecture_hall"))
    (field,) = tab._of("number_input")
    before, size = len(operated.lines()), len(operated.server.log.read_text())
    for _again in range(20):
        sent = BackMsg()
        sent.rerun_script.widget_states.widgets.add(id=field.number_input.id, string_value="x")
        with pytest.raises(PageError, match="Something went wrong on this page"):
            tab._run(page=tab._here, message=sent)
    tab.close()
    errors = [line for line in operated.lines()[before:] if line["level"] == "ERROR"]
    assert [line["logger"] for line in errors] == ["da_lab"] * 20
    assert operated.figures()["da_lab_errors_total", "da_lab"] == 20
    assert sum("Traceback" in line["exception"] for line in errors) <= 2, "as it arrives, and where it is kept"
    assert "again, 18 times" in errors[-1]["exception"]
    assert len(operated.server.log.read_text()) - size < 20_000


@pytest.mark.slow
def test_the_log_is_json_lines(operated: Operated) -> None:
    said = operated.server.log.read_text()
    others = [line for line in said.splitlines() if line.strip() and not line.startswith("{")]
    greeting = ("view your Streamlit app", "URL: ", "No runtime found")  # Streamlit's, before a server begins
    assert all(any(known in line for known in greeting) for line in others), others
    assert all({"time", "level", "logger", "message"} <= line.keys() for line in operated.lines())


@pytest.mark.slow
def test_a_database_that_is_down_takes_readiness_but_not_health(operated: Operated) -> None:
    def ready() -> tuple[int, dict[str, str]]:
        status, body = operated.ask("/ready", Accept="text/html")
        return status, json.loads(body)["parts"]

    everything = {"database": OK, "data folder": OK, "workers": OK}
    operated.wait(lambda: ready() == (200, everything))
    if operated.database is None:
        pytest.skip("this machine has no PostgreSQL to stop")
    operated.database.close()
    operated.wait(lambda: ready() == (503, everything | {"database": FAILS}))
    assert operated.ask("/_stcore/health")[0] == 200
    operated.start_database()
    operated.wait(lambda: ready() == (200, everything))
    assert [line["message"] for line in operated.lines() if line["logger"] == "da_lab"][-2:] == [
        "database: fails",
        "database: ok",
    ]


def test_a_part_that_hangs_is_silent_and_holds_up_nobody() -> None:
    hangs, looks = threading.Event(), []

    def hang() -> None:
        looks.append("hang")
        hangs.wait(PATIENCE)

    readiness = Readiness({"one": hang, "two": lambda: None})
    assert readiness.look() == {"one": SILENT, "two": OK}
    readiness._until.clear()
    assert readiness.look() == {"one": SILENT, "two": OK}
    assert looks == ["hang"]  # it is not asked again while it hangs
    hangs.set()
    readiness._looking["one"].result(PATIENCE)
    readiness._until.clear()
    readiness._patience = PATIENCE
    assert readiness.look() == {"one": OK, "two": OK}


def test_many_who_ask_look_once() -> None:
    looks: list[int] = []
    readiness = Readiness({"one": lambda: looks.append(1)}, kept_seconds={"one": PATIENCE})
    assert [readiness.look() for _ in range(50)] == [{"one": OK}] * 50
    assert len(looks) == 1


def test_a_storage_that_goes_away_takes_readiness_until_it_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(object_storage, "_REST_SECONDS", 0.0)
    with s3.serving() as server:
        checks = {"storage": partial(check_storage, server.make_bucket("ready"))}
        readiness = Readiness(checks, PATIENCE, {"storage": 0.0})
        monkeypatch.setattr(metrics_route, "readiness", lambda: readiness)

        def figure() -> float:
            *_others, ready = metrics_route.ServerNow().collect()
            (sample,) = ready.samples
            assert sample.labels == {"part": "storage"}
            return float(sample.value)

        seldom = Readiness(checks, PATIENCE, {"storage": PATIENCE})
        assert (readiness.look(), figure(), seldom.look()) == ({"storage": OK}, 1.0, {"storage": OK})
        server.stop()
        assert (readiness.look(), figure()) == ({"storage": FAILS}, 0.0)
        assert seldom.look() == {"storage": OK}, "it is not asked at every probe"
        server.start()
        assert (readiness.look(), figure()) == ({"storage": OK}, 1.0)


def asked(host: str = "localhost:8501", peer: str = "127.0.0.1", **headers: str) -> Request:
    named = {"host": host, **{name.replace("_", "-"): value for name, value in headers.items()}}
    raw = [(name.encode(), value.encode()) for name, value in named.items()]
    return Request({"type": "http", "method": "GET", "path": "/metrics", "client": (peer, 1), "headers": raw})


def test_the_figures_are_for_this_machine_or_whoever_has_the_token(monkeypatch: pytest.MonkeyPatch) -> None:
    options = {"server.address": "localhost", "server.allowedHosts": []}
    monkeypatch.setattr("streamlit.get_option", options.get)
    assert metrics_route.may_read(asked())
    assert not metrics_route.may_read(asked(peer="10.0.0.7"))
    assert not metrics_route.may_read(asked(host="lab.example"))
    assert not metrics_route.may_read(asked(x_forwarded_for="10.0.0.7"))
    for other in ({"server.address": "0.0.0.0"}, {"server.allowedHosts": ["lab.example", "localhost"]}):
        monkeypatch.setattr("streamlit.get_option", (options | other).get)
        assert not metrics_route.may_read(asked())
        assert metrics_route.metrics(asked()).status_code == 403
        monkeypatch.setenv("DA_LAB_METRICS_TOKEN", "long and random")
        settings.cache_clear()
        assert not metrics_route.may_read(asked())
        assert not metrics_route.may_read(asked(authorization="Bearer long and"))
        assert metrics_route.may_read(asked(peer="10.0.0.7", authorization="Bearer long and random"))
        monkeypatch.delenv("DA_LAB_METRICS_TOKEN")
        settings.cache_clear()


def test_the_token_stands_in_no_text_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DA_LAB_METRICS_TOKEN", "SECRET")
    code = "from da_core.settings import settings; print(settings(), repr(settings()))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "metrics_token" in said
    assert "SECRET" not in said


def test_a_runs_lines_name_it(tmp_path: Path) -> None:
    """Whatever a run's own code logs, in the worker's thread, is found under the run's id."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    log = logging.getLogger("somewhere.in.training")
    log.addHandler(handler)
    log.warning("before")

    def run(experiment: Experiment, *, should_stop: Callable[[], bool]) -> Iterator[Event]:
        log.warning("within")
        yield from made_up_run.scripted(lambda: None, made_up_run.finished())(experiment, should_stop=should_stop)

    kept = Store(tmp_path / "runs")
    runs = Queue(kept, LocalRuns(kept, run))
    run_id = runs.submit(Experiment(), "ann")
    runs.wait(run_id, lambda view: not view.live, PATIENCE)
    runs.close()
    log.removeHandler(handler)
    first, second = map(json.loads, stream.getvalue().splitlines())
    assert "run" not in first
    assert second["run"] == run_id


def test_a_database_whose_file_is_deleted_is_made_again_and_one_that_cannot_be_takes_readiness(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Store(tmp_path / "runs")
    monkeypatch.setattr(store_module, "store", lambda: kept)
    looks = partial(Readiness, {"database": check_database}, PATIENCE)
    assert looks().look() == {"database": OK}
    file = tmp_path / "runs.db"
    file.unlink()
    assert looks().look() == {"database": OK}
    assert file.is_file(), "it is where the next server looks for it"
    file.unlink()
    file.mkdir()
    assert looks().look() == {"database": FAILS}
    file.rmdir()
    assert looks().look() == {"database": OK}


def test_a_new_server_is_ready_before_anything_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DA_LAB_DATA_DIR", str(tmp_path / "not" / "there"))
    settings.cache_clear()
    assert Readiness({"data folder": check_data_folder}, PATIENCE).look() == {"data folder": OK}
    settings.cache_clear()
