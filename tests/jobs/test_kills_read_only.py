"""A server on a folder that is really read-only: what was done is there, and all else has a true sentence."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from da_core.errors import DISK_IS_READ_ONLY
from da_core.i18n import Language
from da_core.jobs.store import Store
from tests.load.lab_visitor import NOT_SAVED, UPLOADED, opened, ready, train, until, upload
from tests.support import read_only
from tests.support.killed_saves import KilledServers, experiment_of, make_ends
from tests.support.killed_uploads import bring_and_kill
from tests.support.server import serving

pytestmark = pytest.mark.slow
ADAPTED = "adapting fixed 9 and broke 0"
"""Of a made-up run."""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder that can be made read-only, with an upload in it."""
    data = tmp_path / "data"
    data.mkdir()
    if not read_only.is_possible(data):
        pytest.skip("nothing may be mounted here")
    bring_and_kill(data, {}, *UPLOADED)
    return data


def test_on_a_read_only_folder_all_that_was_done_is_there_and_all_goes_on_when_it_is_writable_again(
    data: Path, tmp_path: Path
) -> None:
    servers = KilledServers({}, make_ends(range(2)))
    assert servers.serve(data, at=f"list {experiment_of(1).key}*") == -signal.SIGKILL
    finished = experiment_of(0).to_flat() | {"run": servers.run_ids[0]}
    with serving(tmp_path, before=read_only.read_only(data)) as server:
        assert ready(server) == (503, "fails")
        assert opened(server, "results", **finished).says(ADAPTED)
        assert opened(server, "runs").says("All runs (1)")
        assert upload(server, b"x,y\n1,2\n").says(DISK_IS_READ_ONLY)
        assert train(server, seed=7).says(NOT_SAVED)
        assert "disk is full" not in server.log.read_text()

        read_only.make_writable(server.process.pid, data)
        until(lambda: ready(server) == (200, "ok"))
        assert not upload(server, b"x,y\n1,3\n").says(DISK_IS_READ_ONLY)
        store = Store(data / "runs")
        until(lambda: store.database.has(servers.run_ids[1]))
        assert set(store.database.run_ids()) == set(servers.run_ids.values())
    assert Language("zh").translate(DISK_IS_READ_ONLY) != DISK_IS_READ_ONLY
