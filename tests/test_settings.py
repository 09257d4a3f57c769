"""Settings of a server: each is set as an operator sets it, and a visitor meets what it changes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import pytest
from starlette.types import ASGIApp

import app
from da_core.errors import UserError
from da_core.events import Event, Progress, StageStarted
from da_core.experiment import Experiment
from da_core.jobs import queue as queue_module
from da_core.jobs.queue import Queue, queue
from da_core.jobs.store import new_run_id, store
from da_core.settings import settings
from tests.support import made_up_run

PATIENCE = 20.0
Configure = Callable[..., None]


@pytest.fixture
def configure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Configure]:
    """Start over as a server with these environment variables and an empty data folder."""

    def start_over(**variables: str) -> None:
        for name, value in {"DA_LAB_DATA_DIR": str(tmp_path / "data"), **variables}.items():
            monkeypatch.setenv(name, value)
        settings.cache_clear()
        store.cache_clear()

    yield start_over
    monkeypatch.undo()
    settings.cache_clear()
    store.cache_clear()


@pytest.fixture
def started(configure: Configure, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Queue]]:
    """Start a server's queue with these variables; its runs train until they are stopped."""
    halt = threading.Event()

    def train(experiment: Experiment, *, should_stop: Callable[[], bool], **_options: object) -> Iterator[Event]:
        yield StageStarted("load", ("load", "adapt"))
        while not should_stop() and not halt.wait(0.01):
            yield Progress(0.5, 1.0)
        yield made_up_run.made_by_this_version(made_up_run.finished(), experiment)

    def start(**variables: str) -> Queue:
        configure(**variables)
        monkeypatch.setattr(queue_module, "imported_run", train)
        monkeypatch.setattr(queue_module, "_current", None)
        return queue()

    yield start
    halt.set()
    queue().close(PATIENCE)


@pytest.mark.parametrize(
    ("name", "visitors", "accepted", "sentence"),
    [
        ("DA_LAB_RUNS_EACH", "aa", 1, "You have 1 runs"),
        ("DA_LAB_QUEUE_LENGTH", "abc", 2, "1 runs are waiting"),  # besides the one that trains
        ("DA_LAB_WAITING_EACH_ADDRESS", "abc", 2, "1 runs from your network are waiting"),
    ],
)
def test_a_queue_refuses_more_than_it_may_hold(
    started: Callable[..., Queue], name: str, visitors: str, accepted: int, sentence: str
) -> None:
    here = started(**{name: "1"})
    address = "192.0.2.7" if name == "DA_LAB_WAITING_EACH_ADDRESS" else ""
    run_ids: list[str] = []
    for seed, visitor in enumerate(visitors[:accepted]):
        run_ids.append(here.submit(Experiment(seed=seed), visitor, address="192.0.2.7"))
        here.wait(run_ids[0], lambda view: view.state == "running", PATIENCE)
    with pytest.raises(UserError, match=sentence):
        here.submit(Experiment(seed=9), visitors[-1], address=address)


@pytest.mark.parametrize(("name", "end"), [("DA_LAB_RUN_MINUTES", "done"), ("DA_LAB_LEASE_SECONDS", "cancelled")])
def test_a_run_ends_when_its_time_is_over_and_when_nobody_looks(
    started: Callable[..., Queue], name: str, end: str
) -> None:
    here = started(**{name: "0.001"})
    run_id = here.submit(Experiment(), "ann")
    assert here.wait(run_id, lambda view: view.state in ("done", "failed", "cancelled"), PATIENCE).state == end


@pytest.mark.parametrize(
    ("variables", "left"), [({"DA_LAB_RUNS_KEPT": "2"}, [0, 2]), ({"DA_LAB_BIN_DAYS": "0"}, [0, 2]), ({}, [0, 1, 2])]
)
def test_a_store_drops_what_lies_in_the_bin_when_it_is_full_and_after_some_days(
    configure: Configure, variables: dict[str, str], left: list[int]
) -> None:
    configure(**variables)
    end, experiments = made_up_run.finished(), [Experiment(seed=seed) for seed in range(3)]
    run_ids = [new_run_id(experiment) for experiment in experiments]
    for place, experiment in enumerate(experiments):
        store().save(run_ids[place], experiment, end.result, end.evidence, owners=["ann"])
        if place == 1:
            store().database.delete([run_ids[1]], "ann")
    assert {run.run_id for run in store().database.listed("ann")} == {run_ids[place] for place in left}


def test_a_frame_may_stand_where_the_settings_say(configure: Configure) -> None:
    configure(DA_LAB_FRAME_ANCESTORS="https://moodle.example")
    assert (
        "frame-ancestors https://moodle.example"
        in app.Headers(cast(ASGIApp, app.document)).headers["Content-Security-Policy"]
    )
