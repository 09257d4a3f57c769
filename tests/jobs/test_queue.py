"""Runs of many visitors, driven by a script: each run says what the test tells it to say, when the test says so."""

from __future__ import annotations

import errno
import itertools
import queue as std
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch

from da_core.data.loading import cache
from da_core.errors import UserError
from da_core.events import (
    Accuracies,
    Embedded,
    Event,
    Evidence,
    Finished,
    Losses,
    Notice,
    Progress,
    Result,
    Samples,
    StageStarted,
)
from da_core.experiment import DataSpec, Experiment, MethodSpec, NetworkSpec, TrainingSpec
from da_core.jobs.owners import EVERYONE
from da_core.jobs.queue import Queue, QueueLimits
from da_core.jobs.scheduling.job import History
from da_core.jobs.scheduling.local_runs import LocalRuns
from da_core.jobs.scheduling.run_view import RunView
from da_core.jobs.scheduling.schedule import OUT_OF_TIME
from da_core.jobs.store import Record
from da_core.settings import settings
from tests.support.made_up_run import made_by_this_version

USUAL = QueueLimits()
PATIENCE = 120.0
HALF = Progress(0.5, 3.0)
ANN, BOB, CAT = "ann", "bob", "cat"


def exp(seed: int) -> Experiment:
    return Experiment(seed=seed)


class Script:
    """Stands for `da_core.run.run`; a run waits for what the test has it `say`, by its experiment's seed."""

    def __init__(self, result: Result, evidence: Evidence) -> None:
        self.finished = Finished(result, evidence)
        # all there from the start: two threads that ask for a missing one at once would each make their own
        self.lines: dict[int, std.Queue[Event | Exception | None]] = {seed: std.Queue() for seed in range(100)}
        self.begun: list[int] = []
        self.closed: dict[int, std.Queue[str]] = {seed: std.Queue() for seed in range(100)}

    def __call__(self, experiment: Experiment, *, should_stop: Callable[[], bool]) -> Iterator[Event]:
        seed = experiment.seed
        self.begun.append(seed)
        try:
            yield StageStarted("load", ("load", "adapt"))
            done = made_by_this_version(self.finished, experiment)
            while not should_stop():
                line = self.lines[seed].get(timeout=PATIENCE)
                if line is None:
                    return
                if isinstance(line, Exception):
                    raise line
                yield done if line is self.finished else line
            early = self.finished.result.model_copy(update={"recipe": {"stopped_early": True}})
            yield Finished(early, self.finished.evidence)
        finally:
            self.closed[seed].put(threading.current_thread().name)

    def say(self, seed: int, *lines: Event | Exception | None) -> None:
        for line in lines:
            self.lines[seed].put(line)

    def finish(self, seed: int) -> None:
        self.say(seed, self.finished)

    def closed_by(self, seed: int) -> str:
        """The name of the thread that closed the run."""
        return self.closed[seed].get(timeout=PATIENCE)


@pytest.fixture
def script(result, evidence) -> Script:
    return Script(result, evidence)


@pytest.fixture
def make_queue(script, store, clock):
    made: list[Queue] = []

    def make(limits: QueueLimits = USUAL, **settings: Any) -> Queue:
        made.append(Queue(store, LocalRuns(store, script, clock=clock, **settings), limits))
        return made[-1]

    yield make
    for seed in script.lines:
        script.say(seed, None, None, None)
    for queue in made:
        queue.close(PATIENCE)


@pytest.fixture
def queue(make_queue) -> Queue:
    return make_queue()


def reaches(queue: Queue, run_id: str, state: str) -> RunView:
    return queue.wait(run_id, lambda view: view.state == state, PATIENCE)


def begins(queue: Queue, run_id: str) -> None:
    queue.wait(run_id, lambda view: view.stage == "load", PATIENCE)


def hears(queue: Queue, script: Script, run_id: str, event: Event) -> None:
    """Have the run say something and wait until its worker has dealt with it."""
    before = queue.view(run_id)
    script.say(before.experiment.seed, event)
    queue.wait(run_id, lambda view: view.version > before.version, PATIENCE)


def place(queue: Queue, run_id: str) -> int | None:
    return queue.view(run_id).place


# what a visitor sees


def test_a_run_tells_how_it_goes_and_what_came_of_it(queue, script, store):
    run_id = queue.submit(exp(0), ANN)
    labels = np.zeros(4, np.int64)
    embedded = Embedded("before", "pca", np.zeros((4, 2), np.float32), Samples(2, labels, labels, ("a", "b")))
    losses, accuracies = Losses("adapt", 0.5, {"class": 1.0}), Accuracies("adapt", 1.0, {"target": 0.5})
    notice = Notice("Only {n} samples.", {"n": 3})

    script.say(0, losses, accuracies, embedded, notice, HALF)
    view = queue.wait(run_id, lambda view: view.fraction == 0.5, PATIENCE)

    assert (view.state, view.stage, view.stages, view.seconds_left) == ("running", "load", ("load", "adapt"), 3.0)
    assert view.history == (losses, accuracies)
    assert view.embeddings["before/pca"] is embedded
    assert view.notices == (notice,)
    assert view.live
    assert queue.view(run_id) is view

    script.finish(0)
    done = reaches(queue, run_id, "done")
    assert done.version > view.version
    assert done.fraction == 1.0
    assert not done.live
    assert (done.history, done.embeddings) == (view.history, {})  # those are in its record
    assert done.submitted_at <= done.started_at <= done.finished_at
    assert store.load(run_id).result == script.finished.result
    assert store.load(run_id).history == view.history


def test_visitors_take_turns_so_that_one_with_many_runs_keeps_nobody_from_theirs(queue, script):
    anns = [queue.submit(exp(seed), ANN) for seed in range(4)]
    begins(queue, anns[0])
    bobs = [queue.submit(exp(seed), BOB) for seed in (10, 11)]
    cats = queue.submit(exp(20), CAT)
    assert [place(queue, run) for run in (bobs[0], cats, anns[1], bobs[1], anns[2], anns[3])] == [1, 2, 3, 4, 5, 6]

    script.finish(0)
    begins(queue, bobs[0])
    assert script.begun == [0, 10]


def test_after_a_restart_a_finished_run_is_still_there(queue, make_queue, script, store):
    run_id = queue.submit(exp(0), ANN)
    script.say(0, Losses("adapt", 0.5, {"class": 1 / 3}))
    script.finish(0)
    done = reaches(queue, run_id, "done")
    queue.close(PATIENCE)

    again = make_queue()
    view = again.view(run_id)
    assert view.state == "done"
    assert view.history == done.history
    assert set(store.load(run_id).evidence.embeddings) == {"before/pca"}
    assert again.submit(exp(0), BOB) == run_id
    again.stop(run_id, BOB)
    assert again.view(run_id).state == "done"


def test_a_run_that_never_was_is_none_and_cannot_be_controlled(queue):
    for run_id in ("../../etc/passwd", "0" * 16 + "-" + "0" * 8):
        assert queue.view(run_id) is None
        for control in (queue.pause, queue.resume, queue.stop, queue.finish_early):
            with pytest.raises(UserError, match="There is no run"):
                control(run_id, ANN)


# pausing


def test_a_paused_run_frees_its_worker_and_goes_on_before_those_that_wait(queue, script):
    first, second, third = (queue.submit(exp(seed), ANN) for seed in range(3))
    begins(queue, first)

    queue.pause(first, ANN)
    assert queue.view(first).state == "paused"
    script.say(0, HALF)
    begins(queue, second)
    assert queue.view(first).fraction == 0.5

    queue.resume(first, ANN)
    assert [place(queue, run) for run in (first, second, third)] == [1, None, 2]
    script.finish(1)
    reaches(queue, first, "running")
    script.finish(0)
    assert reaches(queue, first, "done").fraction == 1.0
    begins(queue, third)
    assert script.begun == [0, 1, 2]


def test_a_pause_taken_back_at_once_costs_nothing(queue, script):
    first, second = queue.submit(exp(0), ANN), queue.submit(exp(1), ANN)
    begins(queue, first)

    queue.pause(first, ANN)
    queue.resume(first, ANN)
    assert queue.view(first).state == "running"
    hears(queue, script, first, HALF)

    assert queue.view(first).state == "running"
    assert place(queue, second) == 1


def test_pausing_before_its_turn_does_not_jump_the_queue(queue, script):
    runs = [queue.submit(exp(seed), ANN) for seed in range(3)]
    begins(queue, runs[0])

    queue.pause(runs[1], ANN)
    assert [place(queue, run) for run in runs] == [None, None, 1]
    queue.resume(runs[1], ANN)

    assert [place(queue, run) for run in runs] == [None, 2, 1]


def test_a_run_that_ends_while_it_is_being_paused_is_done(queue, script):
    run_id = queue.submit(exp(0), ANN)
    begins(queue, run_id)
    queue.pause(run_id, ANN)
    script.finish(0)
    reaches(queue, run_id, "done")


# ending


def test_stop_closes_the_run_in_its_own_thread(queue, script, store):
    run_id = queue.submit(exp(0), ANN)
    begins(queue, run_id)

    queue.stop(run_id, ANN)
    assert queue.view(run_id).state == "stopping"
    script.say(0, HALF)

    assert reaches(queue, run_id, "cancelled").error is None
    assert script.closed_by(0) == "run-worker-1"
    assert store.load(run_id) is None
    assert queue.submit(exp(0), ANN) != run_id


def test_stopping_a_run_that_waits_lets_the_next_one_move_up(queue, script):
    runs = [queue.submit(exp(seed), ANN) for seed in range(3)]
    begins(queue, runs[0])

    queue.stop(runs[1], ANN)

    assert queue.view(runs[1]).state == "cancelled"
    assert place(queue, runs[2]) == 1
    script.finish(0)
    begins(queue, runs[2])
    assert script.begun == [0, 2]


def test_a_paused_run_that_is_stopped_is_closed_by_a_worker(queue, script):
    first, second = queue.submit(exp(0), ANN), queue.submit(exp(1), ANN)
    begins(queue, first)
    queue.pause(first, ANN)
    script.say(0, HALF)
    begins(queue, second)

    queue.stop(first, ANN)
    assert queue.view(first).state == "cancelled"
    script.say(1, HALF)

    assert script.closed_by(0) == "run-worker-1"
    assert queue.view(second).state == "running"


def test_enough_keeps_what_was_learned_but_does_not_pass_for_the_whole_run(queue, script, store):
    run_id = queue.submit(exp(0), ANN)
    begins(queue, run_id)

    queue.finish_early(run_id, ANN)
    assert queue.view(run_id).finishing_early
    script.say(0, HALF)

    assert reaches(queue, run_id, "done").finishing_early
    assert store.load(run_id).result.recipe["stopped_early"]
    assert queue.submit(exp(0), ANN) != run_id


def test_enough_brings_a_paused_run_to_its_end(queue, script):
    first, second = queue.submit(exp(0), ANN), queue.submit(exp(1), ANN)
    begins(queue, first)
    queue.pause(first, ANN)
    script.say(0, HALF)
    begins(queue, second)

    queue.finish_early(first, ANN)
    assert place(queue, first) == 1
    script.finish(1)

    reaches(queue, first, "done")


def test_a_run_that_has_learned_nothing_yet_cannot_be_cut_short(queue):
    first, second = queue.submit(exp(0), ANN), queue.submit(exp(1), ANN)
    begins(queue, first)
    with pytest.raises(UserError, match="has not started"):
        queue.finish_early(second, ANN)


def test_closing_ends_everything(queue, script):
    running, waiting = queue.submit(exp(0), ANN), queue.submit(exp(1), ANN)
    begins(queue, running)
    closer = threading.Thread(target=queue.close, args=(PATIENCE,))
    closer.start()
    reaches(queue, running, "stopping")
    script.say(0, HALF)
    closer.join(PATIENCE)

    assert [queue.view(run).state for run in (running, waiting)] == ["cancelled", "cancelled"]
    assert queue.closed
    with pytest.raises(UserError, match="about to stop"):
        queue.submit(exp(2), ANN)


# one run for many


def test_a_double_click_is_one_run(queue):
    blocker = queue.submit(exp(0), ANN)
    assert queue.submit(exp(0), ANN) == blocker
    waiting = queue.submit(exp(1), ANN)
    assert queue.submit(exp(1), ANN) == waiting
    assert queue.view(waiting).owners == 1
    queue.pause(waiting, ANN)
    assert queue.submit(exp(1), ANN) == waiting


def test_equal_experiments_of_many_are_one_run_which_ends_when_the_last_one_leaves(queue, script):
    run_id = queue.submit(exp(0), ANN)
    begins(queue, run_id)
    assert {queue.submit(exp(0), owner) for owner in (BOB, CAT)} == {run_id}
    assert queue.view(run_id).owners == 3

    for control in (queue.pause, queue.finish_early):
        with pytest.raises(UserError, match="3 visitors share this run"):
            control(run_id, BOB)
    queue.stop(run_id, ANN)
    queue.stop(run_id, CAT)

    view = queue.view(run_id)
    assert (view.state, view.owners) == ("running", 1)
    assert queue.owns(run_id, BOB)
    assert not queue.owns(run_id, ANN)
    queue.stop(run_id, BOB)
    script.say(0, HALF)
    reaches(queue, run_id, "cancelled")
    assert script.begun == [0]


def test_nobody_is_made_to_share_a_run_that_another_visitor_paused_or_cut_short(queue, script):
    paused = queue.submit(exp(0), ANN)
    begins(queue, paused)
    queue.pause(paused, ANN)
    script.say(0, HALF)
    bobs = queue.submit(exp(0), BOB)
    assert bobs != paused
    begins(queue, bobs)

    queue.finish_early(bobs, BOB)

    assert queue.submit(exp(0), CAT) not in (paused, bobs)


def test_another_visitors_run_cannot_be_touched(queue, script):
    run_id = queue.submit(exp(0), ANN)
    begins(queue, run_id)
    for control in (queue.pause, queue.resume, queue.stop, queue.finish_early):
        with pytest.raises(UserError, match="belongs to another visitor"):
            control(run_id, BOB)
    assert queue.view(run_id).state == "running"


def test_a_storage_that_is_slow_holds_up_nobody_else(queue, make_queue, script, store, monkeypatch):
    done = queue.submit(exp(0), ANN)
    script.finish(0)
    reaches(queue, done, "done")
    queue.close(PATIENCE)
    asked, answers, load = threading.Event(), threading.Event(), store.load
    given: std.SimpleQueue[str] = std.SimpleQueue()

    def slow_load(run_id: str) -> Record | None:
        if run_id == done:
            asked.set()
            assert answers.wait(PATIENCE)
        return load(run_id)

    monkeypatch.setattr(store, "load", slow_load)
    after_a_restart = make_queue()
    threading.Thread(target=lambda: given.put(after_a_restart.submit(exp(0), BOB))).start()
    assert asked.wait(PATIENCE)
    other = after_a_restart.submit(exp(1), CAT)
    begins(after_a_restart, other)
    after_a_restart.stop(other, CAT)
    script.say(1, HALF)
    assert not reaches(after_a_restart, other, "cancelled").live
    assert given.empty()
    answers.set()
    assert given.get(timeout=PATIENCE) == done


def test_a_run_is_in_the_list_of_everyone_who_asked_for_it(queue, script, store):
    run_id = queue.submit(exp(0), ANN)
    begins(queue, run_id)
    queue.submit(exp(0), BOB)
    script.finish(0)
    reaches(queue, run_id, "done")
    assert [[run.run_id for run in store.database.listed(owner)] for owner in (ANN, BOB, CAT)] == [[run_id]] * 2 + [[]]

    queue.submit(exp(0), CAT)
    store.database.delete([run_id], ANN)
    queue.submit(exp(0), ANN)

    store.database.delete([run_id], EVERYONE)
    queue.submit(exp(0), ANN, localhost_only=True)

    (anns,), (cats,) = store.database.listed(ANN), store.database.listed(CAT)
    assert cats.run_id == run_id
    assert anns.deleted_at is None, "who asks for it again has it back from the bin"
    assert store.database.listed(EVERYONE)[0].deleted_at is None, "and so has the one person of a house"


@pytest.mark.parametrize(
    ("place", "again"), [("upload:" + "0" * 64 + ".zip", False), ("/somewhere/on/this/machine", True)]
)
def test_files_that_may_have_changed_are_run_again_and_uploads_are_not(queue, script, place, again):
    experiment = Experiment(data=DataSpec(name="files", source=place, target=place))
    run_id = queue.submit(experiment, ANN, localhost_only=True)
    script.finish(0)
    reaches(queue, run_id, "done")

    assert (queue.submit(experiment, ANN, localhost_only=True) != run_id) == again


@pytest.mark.parametrize(
    "experiment",
    [
        Experiment(data=DataSpec(name="files", source="/etc", target="/etc")),
        Experiment(network=NetworkSpec(checkpoint="/etc/model.pt")),
    ],
)
def test_a_place_outside_of_the_shared_folder_is_refused_before_anything_is_queued(queue, script, experiment):
    with pytest.raises(UserError, match="outside the folder"):
        queue.submit(experiment, ANN)
    assert script.begun == []


# limits


def test_a_full_queue_says_so(make_queue):
    queue = make_queue(QueueLimits(length=2))
    begins(queue, queue.submit(exp(0), ANN))
    queue.submit(exp(1), ANN)
    queue.pause(queue.submit(exp(2), BOB), BOB)
    with pytest.raises(UserError, match="2 runs are waiting"):
        queue.submit(exp(3), CAT)
    assert queue.submit(exp(1), CAT)  # to share a run takes no room


def test_one_visitor_cannot_fill_the_queue(make_queue, script):
    queue = make_queue(QueueLimits(per_owner=2))
    first = queue.submit(exp(0), ANN)
    queue.submit(exp(1), ANN)
    with pytest.raises(UserError, match="You have 2 runs"):
        queue.submit(exp(2), ANN)
    queue.submit(exp(2), BOB)
    script.finish(0)
    reaches(queue, first, "done")
    queue.submit(exp(3), ANN)


def test_ten_visitors_from_one_address_leave_room_to_others(make_queue):
    queue = make_queue(QueueLimits(length=10, per_owner=2, per_address=4))
    begins(queue, queue.submit(exp(9), CAT))
    for seed in range(4):
        queue.submit(exp(seed), f"cookie {seed}", address="192.0.2.7")
    with pytest.raises(UserError, match="4 runs from your network are waiting"):
        queue.submit(exp(4), "cookie 4", address="192.0.2.7")
    queue.submit(exp(5), BOB, address="192.0.2.8")
    for seed in (6, 7, 8):
        queue.submit(exp(seed), f"here {seed}")
    assert queue.submit(exp(0), "cookie 5", address="192.0.2.7"), "to share a run takes no room"


@pytest.mark.parametrize(
    "experiment",
    [Experiment(training=TrainingSpec(epochs=21)), Experiment(method=MethodSpec(name="shot", params={"epochs": 21}))],
)
def test_more_epochs_than_the_settings_give_are_refused_before_anything_is_queued(
    queue, script, store, monkeypatch, experiment
):
    monkeypatch.setenv("DA_LAB_RUN_EPOCHS", "20")
    settings.cache_clear()
    with pytest.raises(UserError, match="at most 20 epochs, and here are 21"):
        queue.submit(experiment, ANN)
    assert script.begun == []
    monkeypatch.undo()
    settings.cache_clear()
    begins(queue, queue.submit(experiment, ANN))


def test_a_pair_that_turns_out_too_large_once_it_is_loaded_ends_its_run(queue, script, monkeypatch):
    monkeypatch.setenv("DA_LAB_RUN_SAMPLES", "100")
    settings.cache_clear()
    monkeypatch.setattr(cache, "known_sizes", lambda spec: None if not script.begun else (99, 101, (2,)))
    view = reaches(queue, queue.submit(exp(0), ANN), "failed")
    assert "at most 100 samples of a domain, and here are 101" in str(view.error)
    monkeypatch.undo()
    settings.cache_clear()


def test_a_run_out_of_time_keeps_what_it_has_learned_and_its_record_says_why(make_queue, script, store, clock):
    queue = make_queue(run_seconds=60.0)
    run_id = queue.submit(exp(0), ANN)
    begins(queue, run_id)
    clock.now = 61.0
    script.say(0, HALF)
    assert reaches(queue, run_id, "done").finishing_early
    assert store.load(run_id).result.notices[-1].message == OUT_OF_TIME
    assert queue.submit(exp(0), ANN) != run_id, "it does not pass for the whole run"


def test_a_run_that_nobody_looks_at_is_ended(make_queue, script, clock):
    queue = make_queue(lease_seconds=100)
    paused = queue.submit(exp(0), ANN)
    begins(queue, paused)
    queue.pause(paused, ANN)
    script.say(0, HALF)
    running = queue.submit(exp(1), ANN)
    begins(queue, running)
    unseen, seen = queue.submit(exp(2), ANN), queue.submit(exp(3), BOB)

    clock.now = 60.0
    queue.view(seen, renew=True)
    clock.now = 120.0
    script.say(1, HALF)

    for run in (paused, running, unseen):
        assert "Nobody looked" in str(reaches(queue, run, "cancelled").error)
    begins(queue, seen)
    assert script.begun == [0, 1, 3]
    assert {script.closed_by(0), script.closed_by(1)} == {"run-worker-1"}


def test_a_lease_that_ends_while_the_result_is_being_kept_takes_nothing_away(queue, script, store, clock, monkeypatch):
    keep = store.save

    def slow_save(run_id: str, *what: object) -> Notice | None:
        clock.now += 1e6
        assert queue.view(run_id).state == "stopping"
        return keep(run_id, *what)

    monkeypatch.setattr(store, "save", slow_save)
    run_id = queue.submit(exp(0), ANN)
    script.finish(0)
    assert reaches(queue, run_id, "done").error is None


@pytest.mark.parametrize("total", [0, 1, 7, 10, 11, 57, 1000])
@pytest.mark.parametrize("limit", [10, 14])
def test_a_long_history_is_thinned_evenly_and_keeps_its_ends_and_its_order(limit, total):
    history = History(limit)
    losses = [Losses("adapt", epoch / 10, {}) for epoch in range(total)]
    for number, event in enumerate(losses):
        history.add(event)
        if number % 10 == 9:
            history.add(Accuracies("adapt", event.epoch, {}))

    kept = history.events()

    assert len(kept) <= limit
    assert [event.epoch for event in kept] == sorted(event.epoch for event in kept)
    steps = [event.epoch for event in kept if isinstance(event, Losses)]
    assert steps[:1] + steps[-1:] == [event.epoch for event in losses[:1] + losses[-1:]]
    gaps = {round((after - before) * 10) for before, after in itertools.pairwise(steps[:-1])}
    assert len(gaps) <= 1
    assert sum(isinstance(event, Accuracies) for event in kept) >= min(total // 10, limit // 4)


# failing


@pytest.mark.parametrize(
    ("error", "said", "logged"),
    [
        (UserError("Give {n} classes.", n=2), "Give 2 classes.", False),
        (MemoryError(), "The server ran out of memory", True),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"), "The server ran out of memory", True),
        (torch.cuda.OutOfMemoryError("CUDA"), "The GPU ran out of memory", True),
        (OSError(errno.ENOSPC, "No space left"), "The server's disk is full", True),
        (ZeroDivisionError("secret detail"), "Something went wrong inside run", True),
        (None, "Something went wrong inside run", True),
    ],
)
def test_a_run_that_fails_says_so_in_one_sentence_and_the_next_one_goes_on(queue, script, caplog, error, said, logged):
    failing, next_one = queue.submit(exp(0), ANN), queue.submit(exp(1), ANN)
    script.say(0, error)

    view = reaches(queue, failing, "failed")

    assert str(view.error).startswith(said)
    assert "secret" not in str(view.error)
    assert view.error.__traceback__ is None
    assert ("Traceback" in caplog.text and failing in caplog.text) == logged
    begins(queue, next_one)


# beside a web server


def test_the_queue_and_the_store_are_there_without_torch():
    code = (
        "import sys; from da_core.jobs.queue import queue; queue();"
        "print(*({'torch', 'sklearn', 'umap', 'torchvision', 'mlxtend', 'streamlit'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
