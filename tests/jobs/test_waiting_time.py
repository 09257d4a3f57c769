"""The time to wait: as long as a simulated queue really takes, and never less than is left."""

from __future__ import annotations

import heapq
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from da_core.events import Progress
from da_core.experiment import Experiment, MethodSpec, TrainingSpec
from da_core.jobs.database.run_database import RunDatabase
from da_core.jobs.owners import digest
from da_core.jobs.scheduling.job import Job
from da_core.jobs.scheduling.schedule import Schedule
from da_core.jobs.scheduling.waiting_time import UNKNOWN, Durations, kind_of_run, seconds_to_wait

UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=60)
seconds = st.integers(1, 5000).map(float)


def method(name: str, epochs: int = 14, seed: int = 0) -> Experiment:
    return Experiment(method=MethodSpec(name=name), training=TrainingSpec(epochs=epochs), seed=seed)


class Simulated:
    """A schedule whose runs take known seconds; its clock goes on from one end of a run to the next."""

    def __init__(self, workers: int = 1, **limits: Any) -> None:
        self.now = 0.0
        self.schedule = Schedule(1e12, lambda: self.now, workers=lambda: workers, **limits)
        self.schedule.changed.acquire()  # for good: one thread does all
        self.workers = workers
        self.took: dict[str, float] = {}
        self.ends: list[tuple[float, str]] = []
        self.begun: dict[str, float] = {}

    def add(
        self,
        name: str,
        duration: float,
        owner: str = "",
        experiment: Experiment | None = None,
        crashes: int = 0,
        *,
        low_priority: bool = False,
    ) -> Job:
        experiment = experiment or method(f"takes {duration}")
        job = Job(name, experiment, [digest(owner or name)], seen=0.0, crashes=crashes, low_priority=low_priority)
        self.took[name] = duration
        self.schedule.turns.give(job)
        self.schedule.add(job)
        return job

    def begin(self) -> None:
        while len(self.ends) < self.workers and (job := self.schedule.next()) is not None:
            self.begun[job.run_id] = self.now
            heapq.heappush(self.ends, (self.now + self.took[job.run_id], job.run_id))

    def told(self, name: str) -> float | None:
        return self.schedule.jobs[name].view().seconds_to_wait

    def say_left(self, name: str) -> None:
        """Have a run that goes report what is left of it, truthfully."""
        (end,) = [end for end, run in self.ends if run == name]
        self.schedule.apply(self.schedule.jobs[name], Progress(0.5, end - self.now))

    def next_end(self) -> None:
        self.now, name = heapq.heappop(self.ends)
        job = self.schedule.jobs[name]
        self.schedule.put_down(job)
        self.schedule.conclude(job, "done")
        self.begin()


@UNHURRIED
@given(st.lists(seconds, min_size=1, max_size=12), st.integers(1, 4), st.sets(st.integers(0, 11)))
def test_with_known_durations_each_is_told_when_it_really_begins_and_never_less(durations, workers, alone):
    """Also where some have ended a server, so that they train ``alone``."""
    queue = Simulated(workers)
    for place, duration in enumerate(durations):
        experiment = method(f"of {place}")
        queue.schedule.durations.learn(experiment, duration)
        queue.add(str(place), duration, experiment=experiment, crashes=int(place in alone))
    queue.begin()
    told = {name: (queue.told(name), queue.now) for name in queue.schedule.jobs if name not in queue.begun}
    while queue.ends:
        for name in queue.schedule.jobs.keys() - queue.begun.keys():
            told.setdefault(f"{name} {queue.now}", (queue.told(name), queue.now))
        queue.next_end()
    for name, (wait, at) in told.items():
        really = queue.begun[name.split()[0]] - at
        assert wait is not None
        assert wait >= really - 1e-6, "never less than is left"
        assert wait <= really + (5 if really <= 60 else 60), "and no more than its rounding"


def test_what_the_runs_before_it_report_moves_the_time_to_wait():
    queue = Simulated()
    queue.add("goes", 100)
    queue.add("waits", 10)
    queue.begin()
    version = queue.schedule.jobs["waits"].version
    assert queue.told("waits") is None, "nothing is known yet"
    queue.say_left("goes")
    assert queue.told("waits") == 120
    assert queue.schedule.jobs["waits"].version > version, "screens draw it anew"
    queue.now = 62.0
    queue.say_left("goes")
    assert queue.told("waits") == 40
    version = queue.schedule.jobs["waits"].version
    queue.now = 63.0
    queue.say_left("goes")
    assert queue.schedule.jobs["waits"].version == version, "what nobody would see draws nothing anew"


def test_a_class_with_one_experiment_in_many_seeds_learns_from_the_first_how_long_all_take():
    queue = Simulated()
    for seed in range(4):
        queue.add(f"seed {seed}", 60, experiment=method("dann", seed=seed))
    queue.begin()
    queue.say_left("seed 0")
    assert [queue.told(f"seed {seed}") for seed in (1, 2, 3)] == [60, 120, 180]


def test_a_run_that_takes_longer_than_its_kind_did_is_not_promised_to_end_at_once():
    queue = Simulated()
    experiment = method("dann")
    queue.schedule.durations.learn(experiment, 30)
    queue.add("goes", 100, experiment=experiment)
    queue.add("waits", 10)
    queue.begin()
    assert queue.told("waits") == 30
    queue.now = 45.0
    queue.schedule.number_places()
    assert queue.told("waits") is None


@UNHURRIED
@given(st.lists(seconds, max_size=6), st.lists(st.one_of(seconds, st.just(UNKNOWN)), max_size=12), st.integers(1, 6))
def test_a_wait_is_unknown_only_where_too_few_workers_are_known_to_come_free(left, durations, workers):
    waits = seconds_to_wait(left[:workers], durations, workers)
    assert len(waits) == len(durations)
    assert waits == sorted(waits)
    for place, wait in enumerate(waits):
        assert (wait == UNKNOWN) == (sum(one == UNKNOWN for one in durations[:place]) >= workers)


def test_epochs_scale_what_a_run_takes_and_a_seed_does_not():
    durations = Durations()
    durations.learn(method("dann", epochs=10), 20.0)
    assert durations.expected(method("dann", epochs=40, seed=3)) == pytest.approx(80.0)
    assert durations.expected(method("tca")) == UNKNOWN
    assert kind_of_run(method("dann")) == kind_of_run(method("dann", epochs=2, seed=9))
    durations.learn(method("dann", epochs=10), 30.0)
    assert durations.expected(method("dann", epochs=10)) == pytest.approx(30.0), "the last one counts"


def test_the_list_of_runs_tells_what_runs_took_before_the_server_began(url, result):
    database = RunDatabase(url)
    slow = result.model_copy(update={"seconds": {"load": 1.0, "adapt": 41.0}})
    database.add("0" * 16 + "-" + "0" * 8, method("dann", seed=5), slow, datetime.now(UTC))
    assert database.durations(method("dann", epochs=3)) == [(method("dann", seed=5), 42.0)]
    assert database.durations(method("tca")) == []


# the time that one run is given


def test_time_in_which_a_run_was_paused_does_not_count():
    queue = Simulated(run_seconds=90.0)
    job = queue.add("goes", 1000)
    queue.begin()
    queue.now = 50.0
    queue.schedule.pause(job)
    queue.schedule.put_down(job)
    queue.now = 5000.0
    queue.schedule.resume(job)
    assert queue.schedule.next() is job
    queue.now = 5039.0
    queue.schedule.apply(job, Progress(0.5, 10.0))
    assert not job.finish_early.is_set()
    queue.now = 5041.0
    queue.schedule.apply(job, Progress(0.5, 10.0))
    assert job.finish_early.is_set()


def test_runs_of_a_study_share_the_machine_and_a_single_run_has_it_to_itself() -> None:
    line = Simulated(workers=2, single_runs_alone=True)
    for name in ("first", "second", "third"):
        line.add(name, 10, "ann", low_priority=True)
    line.begin()
    assert list(line.begun) == ["first", "second"]
    line.add("single", 5, "bob")
    line.say_left("first")
    line.say_left("second")
    line.next_end()
    assert "single" not in line.begun, "the other of the study still goes"
    line.next_end()
    assert list(line.begun)[2:] == ["single"]
    line.next_end()
    assert line.begun["third"] == 15
