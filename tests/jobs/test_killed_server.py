"""kill -9 while a run trains: the next server goes on with it by itself, to the same result bit for bit."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.killed_server import kill_and_finish, small_run


@pytest.mark.slow
def test_a_run_whose_server_is_killed_again_and_again_comes_to_the_same_result(tmp_path: Path) -> None:
    outcome = kill_and_finish(tmp_path, small_run(), at=[0.2, 0.5, 0.8])
    assert len(outcome.killed_at) == 3
    assert outcome.went_on == 3, "each time from its checkpoint, not from the start"
