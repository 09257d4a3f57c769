"""Servers on one bucket and one PostgreSQL, killed while they save runs: no run that was reported as done is lost."""

from __future__ import annotations

import signal
import tempfile
from pathlib import Path

import pytest

from da_core.jobs.run_bucket import RunBucket
from da_core.jobs.store import Store
from da_core.object_storage import ObjectStorage
from tests.support import s3
from tests.support.killed_saves import KilledServers, experiment_of, make_ends

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("s3")]
SEEDS = range(4)
KEY = experiment_of(1).key
"""How the id of the second run begins."""


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_runs_that_were_done_before_their_server_was_killed_are_whole_on_the_next_and_all_others_go_on(
    url: str, storage: ObjectStorage, tmp_path: Path
) -> None:
    servers = KilledServers({"DA_LAB_DATABASE": url, **s3.environment(storage)}, make_ends(SEEDS))

    def check_on_next_server() -> set[int]:
        folder = Path(tempfile.mkdtemp(dir=tmp_path))
        return servers.check(Store(folder / "runs", database=url, bucket=RunBucket(storage, folder / "copies", 2**30)))

    assert servers.serve(tmp_path / "first", at=f"write runs/{KEY}*/model.pt") == -signal.SIGKILL
    assert check_on_next_server() == {0}
    assert servers.serve(tmp_path / "second", at=f"after write runs/{KEY}*/manifest.json") == -signal.SIGKILL
    assert check_on_next_server() == {0, 1}, "the second is whole, and the next server lists it"
    assert servers.serve(tmp_path / "third") == 0
    assert {servers.state(seed) for seed in SEEDS} == {"done"}
    assert check_on_next_server() == set(SEEDS)
