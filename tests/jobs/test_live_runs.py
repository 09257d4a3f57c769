"""A server is killed or stopped, and the next one goes on with its runs; a second one beside it takes none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from sqlalchemy import create_engine, inspect, text

from da_core.errors import UserError
from da_core.events import Event, Losses, Notice
from da_core.experiment import DataSpec, Experiment, MethodSpec, NetworkSpec, TrainingSpec
from da_core.jobs.database import migrations
from da_core.jobs.database.driver_lock import DriverLock
from da_core.jobs.database.run_database import RunDatabase
from da_core.jobs.owners import digest
from da_core.jobs.queue import Queue
from da_core.jobs.scheduling.job import History, Job
from da_core.jobs.scheduling.live_runs import LiveRuns
from da_core.jobs.store import Store, new_run_id
from tests.jobs.conftest import endless, is_over, quick
from tests.support.made_up_run import finished, made_by_this_version

pytestmark = pytest.mark.xdist_group("postgresql")
PATIENCE = 120.0
ANN, BOB = "ann", "bob"
POINTS = Experiment(
    data=DataSpec(name="drawn", params={"count": 100}),
    network=NetworkSpec(name="mlp", params={"hidden": 16}),
    method=MethodSpec(name="dann"),
    training=TrainingSpec(epochs=20, least_steps=1),
    device="cpu",
)


def of_ann(seed: int = 0, **others: Any) -> Job:
    experiment = POINTS.model_copy(update={"seed": seed})
    return Job(new_run_id(experiment), experiment, [digest(ANN)], 0.0, **others)


def written_down(database: RunDatabase, *jobs: Job) -> LiveRuns:
    """The rows that a server has left."""
    rows = LiveRuns(lambda: database)
    for job in jobs:
        rows.record_one(job.run_id, rows.values_of(job))
    return rows


# The rows -------------------------------------------------------------------------------------------------------------


def test_a_run_is_read_from_its_row_as_it_was_written(url: str) -> None:
    job = of_ann(state="paused", low_priority=True, turn=3, address="x", attempt=2, crashes=1, task="run-1", looks=4)
    job.history = History(events=[Losses("adapt", 1.0, {"class": float("inf")})])
    job.notices, job.error = [Notice("{name} is dark.", {"name": "夜"})], UserError("{count} short.", count=3)
    job.finish_early.set()
    rows = written_down(RunDatabase(url), job)
    (read,) = rows.look()
    assert (read.run_id, read.experiment, read.owners, read.submitted_at) == (
        job.run_id,
        job.experiment,
        job.owners,
        job.submitted_at,
    )
    assert read.history.events() == job.history.events()
    assert (read.notices, str(read.error)) == (job.notices, "3 short.")
    assert rows.values_of(read) == rows.values_of(job)


def test_a_run_of_settings_that_nobody_knows_any_more_is_let_go(url: str) -> None:
    database = RunDatabase(url)
    rows = written_down(database, of_ann(0), known := of_ann(1))
    with database.begin() as connection:
        connection.execute(
            text("UPDATE live_runs SET experiment = :old WHERE run_id != :id"),
            {"old": '{"of_old": 1}', "id": known.run_id},
        )
    assert [job.run_id for job in rows.look()] == [known.run_id]


def test_what_the_version_before_had_waiting_and_training_goes_on(url: str) -> None:
    engine = create_engine(url)
    row = {
        "experiment": POINTS.model_dump_json(),
        "owners": f'["{digest(ANN)}"]',
        "server": "gone/1/x",
        "attempt": 1,
        "submitted_at": "2026-11-26 12:00:00",
        "behind": False,
        "shown": '{"state": "running", "version": 3, "started_at": null, "place": null, "stage": "adapt", '
        '"stages": ["load", "adapt"], "fraction": 0.5, "seconds_left": 3.0, "history": []}',
    }
    kinds = {"killed": ("running", True, 7.0), "stopped": ("running", True, 0.0), "saved": ("ending", True, 7.0)}
    kinds |= {"paused": ("paused", False, 7.0), "over": ("over", False, 7.0)}
    with engine.begin() as connection:
        migrations.upgrade_within(connection, "0014")
        for name, (state, trains, heartbeat) in kinds.items():
            values = row | {"run_id": name, "state": state, "trains": trains, "heartbeat": heartbeat}
            names = ", ".join(values)
            places = ", ".join(f":{one}" for one in values)
            connection.execute(text(f"INSERT INTO live_runs ({names}) VALUES ({places})"), values)
    database = RunDatabase(url)
    jobs = {job.run_id: job for job in LiveRuns(lambda: database).look()}
    assert {name: (job.state, job.in_hand) for name, job in jobs.items()} == {
        "killed": ("running", True),
        "stopped": ("running", False),
        "saved": ("running", True),
        "paused": ("paused", False),
    }
    assert jobs["killed"].fraction == 0.5
    assert "run_wishes" not in inspect(engine).get_table_names()


# One server trains ----------------------------------------------------------------------------------------------------


def test_of_two_servers_one_trains_until_it_leaves(url: str) -> None:
    database = RunDatabase(url)
    first, second = DriverLock(lambda: database), DriverLock(lambda: database)
    assert [first.is_ours(), second.is_ours(), first.is_ours()] == [True, False, True]
    first.release()
    assert [second.is_ours(), first.is_ours()] == [True, False]
    second.release()


# Whole queues ---------------------------------------------------------------------------------------------------------


def test_a_server_that_is_stopped_leaves_its_runs_to_the_next_at_once(open_queue: Callable[..., Queue]) -> None:
    first = open_queue(endless)
    going = first.submit(POINTS, ANN)
    first.wait(going, lambda view: view.state == "running", PATIENCE)
    paused = first.submit(POINTS.model_copy(update={"seed": 2}), BOB)
    first.pause(paused, BOB)
    first.close()

    second = open_queue(quick)
    second.recover()
    assert second.wait(going, is_over, PATIENCE).state == "done"
    assert second.view(paused).state == "paused"
    with pytest.raises(UserError, match="another visitor"):
        second.resume(paused, ANN)
    second.resume(paused, BOB)
    assert second.wait(paused, is_over, PATIENCE).state == "done"


def test_a_finished_run_does_not_rise_again(store: Store, open_queue: Callable[..., Queue]) -> None:
    done, job = made_by_this_version(finished(), POINTS), of_ann()
    written_down(store.database, job)
    store.save(job.run_id, POINTS, done.result, done.evidence)

    def never(_experiment: Experiment, **_options: object) -> Iterator[Event]:
        raise AssertionError("it is over")
        yield

    queue = open_queue(never)
    queue.recover()
    assert queue.view(job.run_id).state == "done"


def test_a_run_that_was_being_stopped_is_not_begun_again(store: Store, open_queue: Callable[..., Queue]) -> None:
    rows = written_down(store.database, of_ann(state="stopping", in_hand=True))
    queue = open_queue(endless)
    queue.recover()
    queue.close()
    assert rows.look() == [], "what goes on is left to the next server"


def test_a_second_server_shows_the_runs_of_the_first_says_so_and_trains_once_that_has_gone(
    open_queue: Callable[..., Queue],
) -> None:
    first, second = open_queue(endless), open_queue(quick)
    run_id = first.submit(POINTS, ANN)
    first.wait(run_id, lambda view: view.fraction == 0.5, PATIENCE)
    seen = second.wait(run_id, lambda view: view.fraction == 0.5, PATIENCE)
    assert (seen.state, seen.stage, seen.experiment) == ("running", "load", POINTS)
    for asked in (partial(second.submit, POINTS, ANN), partial(second.pause, run_id, ANN)):
        with pytest.raises(UserError, match="Another server trains the runs of this database already"):
            asked()
    assert first.view(run_id).live

    first.close()
    assert second.wait(run_id, is_over, PATIENCE).state == "done"
