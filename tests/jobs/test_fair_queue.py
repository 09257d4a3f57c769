"""FairQueue: fair between visitors, instructors ahead, studies behind, and nobody left waiting for good."""

from __future__ import annotations

import itertools
from collections import Counter
from datetime import UTC, datetime

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from da_core.experiment import Experiment
from da_core.jobs.owners import digest
from da_core.jobs.scheduling.fair_queue import MOST_BEFORE_LOW_PRIORITY, FairQueue
from da_core.jobs.scheduling.job import Job

ANN, BOB, CAT = "ann", "bob", "cat"
VISITORS = [ANN, BOB, CAT, "dan"]
RANKS = ["single", "behind", "ahead"]


class Waiting:
    """A queue with one worker, of which only the order matters."""

    def __init__(self) -> None:
        self.turns = FairQueue()
        self.waiting: list[Job] = []
        self.gone: list[str] = []
        self.count = 0

    def come(self, owner: str, rank: str = "single") -> Job:
        self.count += 1
        name = f"{owner} {self.count}"
        job = Job(
            name, Experiment(), [digest(owner)], seen=0.0, low_priority=rank == "behind", high_priority=rank == "ahead"
        )
        self.turns.give(job)
        self.waiting.append(job)
        return job

    def go(self, count: int = 1) -> None:
        for _ in range(count):
            job = self.turns.order(self.waiting)[0]
            self.waiting.remove(job)
            self.turns.went(job, self.waiting)
            self.gone.append(job.run_id)

    @property
    def order(self) -> list[str]:
        return [job.run_id for job in self.turns.order(self.waiting)]


UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=60)
arrivals = st.lists(st.tuples(st.sampled_from(VISITORS), st.sampled_from(RANKS)), min_size=1, max_size=30)
"""Who comes, and with what."""
steps = st.lists(st.one_of(st.tuples(st.sampled_from(VISITORS), st.sampled_from(RANKS)), st.none()), max_size=60)
"""Runs that come and, for None, one that goes."""


@UNHURRIED
@given(arrivals, steps)
def test_the_places_that_are_told_are_those_in_which_the_runs_go_when_no_other_comes(first, then):
    queue = Waiting()
    for one in first:
        queue.come(*one)
    for step in then:
        if step is not None:
            queue.come(*step)
        elif queue.waiting:
            queue.go()
    queue.gone = []
    told = queue.order
    queue.go(len(told))
    assert queue.gone == told


@UNHURRIED
@given(arrivals, st.sampled_from(VISITORS), st.sampled_from(RANKS), arrivals, st.integers(1, 3))
def test_every_run_comes_to_its_turn_whatever_keeps_coming_in(first, owner, rank, newcomers, at_once):
    """At each turn one to three more come, always the same sequence again, of any rank and from anybody."""
    queue = Waiting()
    for one in first:
        queue.come(*one)
    mine, coming = queue.come(owner, rank), itertools.cycle(newcomers)
    for _ in range(len(queue.waiting) * len(VISITORS) * 2 * (MOST_BEFORE_LOW_PRIORITY + 1)):
        if mine not in queue.waiting:
            break
        for _ in range(at_once):
            queue.come(*next(coming))
        queue.go()
    assert mine not in queue.waiting


@UNHURRIED
@given(st.lists(st.sampled_from(VISITORS), min_size=2, max_size=40))
def test_of_visitors_who_all_have_runs_none_is_two_before_another(owners):
    queue = Waiting()
    left = Counter(owners)
    for owner in owners:
        queue.come(owner)
    served: Counter[str] = Counter()
    for name in queue.order:
        owner = name.split()[0]
        served[owner] += 1
        left[owner] -= 1
        waits = [other for other in left if left[other] > 0]
        assert all(served[owner] - served[other] <= 1 for other in waits)


def test_a_visitor_who_comes_late_does_not_wait_for_all_of_another_who_came_with_many():
    queue = Waiting()
    for _ in range(10):
        queue.come(ANN)
    queue.go()
    queue.come(BOB)
    assert queue.order[:2] == ["bob 11", "ann 2"]


def test_an_instructors_run_goes_first_and_then_one_of_those_it_went_ahead_of():
    queue = Waiting()
    for name in (ANN, BOB, CAT):
        queue.come(name)
    queue.come("prof", "ahead")
    queue.come("prof", "ahead")
    assert queue.order == ["prof 4", "ann 1", "prof 5", "bob 2", "cat 3"]
    queue.go()
    queue.come("prof", "ahead")
    assert queue.order[:3] == ["ann 1", "prof 5", "bob 2"], "who keeps coming ahead has every second run"


def test_a_studys_run_waits_for_five_others_and_no_more():
    queue = Waiting()
    for name in (ANN, BOB, CAT, "dan", "eve", "fay", "gus"):
        queue.come(name)
    queue.come("hal", "behind")
    assert queue.order.index("hal 8") == MOST_BEFORE_LOW_PRIORITY
    queue.go(3)
    for name in ("ida", "jon", "kim"):
        queue.come(name)
    assert queue.order.index("hal 8") == MOST_BEFORE_LOW_PRIORITY - 3, (
        "those that have gone count, and newcomers do not"
    )


def test_a_run_that_had_begun_goes_before_those_of_its_rank():
    queue = Waiting()
    queue.come(ANN)
    queue.come(BOB).started_at = datetime.now(UTC)
    queue.come(CAT, "behind").started_at = datetime.now(UTC)
    assert queue.order == ["bob 2", "ann 1", "cat 3"]


def test_who_joins_a_run_has_it_as_soon_as_one_of_their_own():
    queue = Waiting()
    runs = [queue.come(ANN) for _ in range(4)]
    queue.come(CAT)
    queue.turns.share(runs[3], digest(BOB), low_priority=False, high_priority=False)
    assert queue.order == ["ann 1", "ann 4", "cat 5", "ann 2", "ann 3"]
    queue.turns.share(runs[2], digest("prof"), low_priority=False, high_priority=True)
    assert queue.order[0] == "ann 3"
