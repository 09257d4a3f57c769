"""A server that is killed while a run trains, and one that a run kills: what the next server does with its runs."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.support.killed_server import kill_and_finish, serve_until_all_is_over, small_run


@pytest.mark.slow
def test_a_run_whose_server_is_killed_again_and_again_comes_to_the_same_result(tmp_path: Path) -> None:
    outcome = kill_and_finish(tmp_path, small_run(epochs=10), at=[0.3, 0.7])
    assert len(outcome.killed_at) == 2
    assert outcome.went_on == 2, "each time from its checkpoint, not from the start"


@pytest.mark.slow
def test_a_run_that_kills_its_server_is_given_up_the_third_time_and_all_others_come_to_their_end(
    tmp_path: Path,
) -> None:
    """One trains beside it when it kills the first server, two more wait."""
    ends, outcomes = serve_until_all_is_over(tmp_path, [small_run(seed, epochs=3) for seed in range(4)], most=6)
    assert ends == [-signal.SIGSEGV] * 3 + [0]
    (state, error), *others = outcomes
    assert state == "failed"
    assert error is not None
    assert error.startswith("The server ended 3 times while it trained this run")
    assert others == [("done", None)] * 3
