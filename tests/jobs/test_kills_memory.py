"""A run that takes all memory, so that the kernel kills its server: what was done stays, and the others go on."""

from __future__ import annotations

import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from da_core.jobs.scheduling.crashes import MOST_CRASHES
from da_core.jobs.store import Store
from tests.support.killed_saves import KilledServers, make_ends
from tests.support.memory_limit import memory_limit

pytestmark = pytest.mark.slow
EARLIER, HUNGRY, LATER = range(2), 2, range(3, 5)
MEGABYTES = 500


def test_runs_are_whole_and_others_go_on_after_a_run_has_taken_all_memory_of_its_servers(tmp_path: Path) -> None:
    """Where this process may limit no memory, the run kills its server as the kernel would."""
    servers = KilledServers({}, make_ends(EARLIER) | {HUNGRY: None} | make_ends(LATER))
    with memory_limit(MEGABYTES) as limit:
        group = None if limit is None else limit.folder
        for number in range(MOST_CRASHES):
            assert servers.serve(tmp_path, group=group) == -signal.SIGKILL
            assert {servers.state(seed) for seed in EARLIER} == {"done"}
            assert limit is None or limit.kills() == number + 1
            with closing(sqlite3.connect(tmp_path / "runs.db")) as database:
                assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert servers.check(Store(tmp_path / "runs")) >= set(EARLIER)
        assert servers.serve(tmp_path, group=group) == 0
    assert [servers.state(seed) for seed in (HUNGRY, *LATER)] == ["failed", "done", "done"]
    assert servers.check(Store(tmp_path / "runs")) == {*EARLIER, *LATER}
