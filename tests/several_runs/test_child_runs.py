"""Runs in child processes: side by side, and with limits of memory that really hit."""

from __future__ import annotations

import functools
import inspect
import itertools
import os
import re
import select
import signal
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest

from da_core.errors import UserError
from da_core.events import Accuracies, Event, Finished, Losses, Notice
from da_core.experiment import DataSpec, Experiment, MethodSpec, NetworkSpec, TrainingSpec
from da_core.jobs.queue import Queue
from da_core.jobs.scheduling.local_runs import LocalRuns
from da_core.jobs.scheduling.workers import imported_run
from da_core.jobs.store import Store
from da_core.run import run
from da_core.several_runs.child_runs import ChildRuns
from da_core.several_runs.run_several import run_several
from tests.support.made_up_run import finished
from tests.support.run_in_child import Seed, seeded

PATIENCE = 120.0
ANN = "ann"
LIMIT = 500  # megabytes; torch takes about 200 when it is imported
POINTS = Experiment(
    data=DataSpec(name="drawn", params={"count": 60}),
    network=NetworkSpec(name="mlp", params={"hidden": 16}),
    method=MethodSpec(name="dann"),
    training=TrainingSpec(epochs=3, least_steps=1),
    device="cpu",
)


@pytest.fixture(scope="module")
def limited() -> ChildRuns:
    """All share it, so that a child is started only where the one before has ended."""
    return ChildRuns(functools.partial(seeded, finished()), megabytes=LIMIT)


@pytest.fixture
def queue(limited: ChildRuns, tmp_path: Path) -> Iterator[Queue]:
    store = Store(tmp_path / "runs")
    one = Queue(store, LocalRuns(store, limited))
    yield one
    one.close()


def never() -> bool:
    return False


def is_alive(pid: int) -> bool:
    """Tell whether a process is there that has not ended."""
    try:
        state = re.search(r"State:\t(.)", Path(f"/proc/{pid}/status").read_text())
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state is None or state[1] not in "ZX"  # a zombie, or just about to vanish


def notices(events: Iterable[Event]) -> list[Notice]:
    return [event for event in events if isinstance(event, Notice)]


def pid_of(event: Event) -> int:
    assert isinstance(event, Notice)
    return int(event.values["pid"])


@pytest.mark.parametrize(
    ("seed", "said"),
    [
        (Seed.NUMPY, "needed more than 500 MB of memory"),
        (Seed.TORCH, "needed more than 500 MB of memory"),
        (Seed.KILLED, "most likely because memory ran out"),
        (Seed.SENTENCE, "Give 2 classes."),
        (Seed.OTHER, "Something went wrong inside run"),
    ],
)
def test_a_run_that_fails_says_why_and_the_next_one_starts(
    queue: Queue, seed: Seed, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    failing = queue.submit(Experiment(seed=seed), ANN)
    after = queue.submit(Experiment(), ANN)
    view = queue.wait(failing, lambda view: not view.live, PATIENCE)
    assert view.state == "failed"
    assert said in str(view.error)
    assert queue.wait(after, lambda view: not view.live, PATIENCE).state == "done"
    if seed is Seed.OTHER:
        assert "in seeded" in caplog.text, "the child's trace is in the server's log"


@pytest.mark.parametrize("megabytes", [4000, None])
def test_a_real_run_comes_to_the_same_as_in_a_thread(megabytes: int | None) -> None:
    *_, in_child = ChildRuns(imported_run, megabytes=megabytes)(POINTS, should_stop=never, embed=False)
    *_, in_thread = run(POINTS, embed=False)
    assert isinstance(in_child, Finished)
    assert isinstance(in_thread, Finished)
    assert in_child.result.adapted == in_thread.result.adapted
    for when in ("before", "after"):
        np.testing.assert_array_equal(in_child.evidence.target_features[when], in_thread.evidence.target_features[when])
    assert in_child.evidence.state.keys() == in_thread.evidence.state.keys()


def test_a_child_that_is_not_asked_waits_and_one_that_is_cancelled_ends(limited: ChildRuns) -> None:
    events = limited(Experiment(seed=Seed.ENDLESS), should_stop=never)
    next(events)
    pid = pid_of(next(events))
    assert pid == pid_of(next(events)) != os.getpid()
    events.close()
    assert not is_alive(pid)


def test_a_run_in_a_child_can_be_cut_short(limited: ChildRuns) -> None:
    asked = itertools.count(1)
    *told, end = limited(Experiment(seed=Seed.ENDLESS), should_stop=lambda: next(asked) > 2)
    assert [notice.message for notice in notices(told)] == ["by {pid}", "cut short"]
    assert isinstance(end, Finished)


def test_a_child_has_one_run_after_another_and_ends_with_whose_it_is() -> None:
    limited = ChildRuns(functools.partial(seeded, finished()), megabytes=LIMIT)
    (one,), (other,) = (notices(limited(Experiment(), should_stop=never, place=place)) for place in ("here", "there"))
    assert (one.values["place"], other.values["place"]) == ("here", "there")
    first, second = pid_of(one), pid_of(other)
    assert first == second
    del limited
    assert not is_alive(first)


def test_a_child_that_the_server_left_behind_ends_by_itself(limited: ChildRuns) -> None:
    """When a server is killed, the system closes its end of the pipe and does no more."""
    events = limited(Experiment(seed=Seed.ENDLESS), should_stop=never)
    next(events)
    child = inspect.getgeneratorlocals(events)["child"]
    handle = os.pidfd_open(child.pid)
    child._channel.close()
    assert select.select([handle], [], [], PATIENCE)[0]


def test_a_child_that_was_ended_while_it_waited_is_not_given_a_run(limited: ChildRuns) -> None:
    (first,) = notices(limited(Experiment(), should_stop=never))
    handle = os.pidfd_open(pid_of(first))
    os.kill(pid_of(first), signal.SIGKILL)
    assert select.select([handle], [], [], PATIENCE)[0]
    (second,) = notices(limited(Experiment(), should_stop=never))
    assert pid_of(second) != pid_of(first)


def test_a_limit_below_what_the_imports_take_is_a_sentence_too() -> None:
    with pytest.raises(UserError, match="memory"):
        list(ChildRuns(imported_run, megabytes=100)(POINTS, should_stop=never))


def test_seeds_side_by_side_come_bit_for_bit_to_what_each_comes_to_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("da_core.training.devices._THREADS", 2)
    seeds = [POINTS.model_copy(update={"seed": seed}) for seed in range(3)]
    waiting = iter(seeds)
    events = [*run_several(lambda: next(waiting, None))]
    for place, experiment in enumerate(seeds):
        said = [event for number, event in events if number == place]
        *alone, end = run(experiment, embed=False)
        assert isinstance(end, Finished)
        assert isinstance(said[-1], Finished)
        assert said[-1].result.model_copy(update={"seconds": end.result.seconds}) == end.result
        curves = [[one for one in of if isinstance(one, Losses | Accuracies)] for of in (said, alone)]
        assert curves[0] == curves[1]
        for when in ("before", "after"):
            np.testing.assert_array_equal(said[-1].evidence.target_features[when], end.evidence.target_features[when])
