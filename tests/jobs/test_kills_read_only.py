"""A server on a folder that is really read-only: what was done is there, and all else has a true sentence."""

from __future__ import annotations

import json
import signal
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from urllib.error import HTTPError

import pytest

from da_core.errors import DISK_IS_READ_ONLY
from da_core.i18n import Language
from da_core.jobs.store import Store
from tests.load.browser_tab import Tab, link
from tests.support import read_only
from tests.support.killed_saves import KilledServers, experiment_of, make_ends
from tests.support.killed_server import small_run
from tests.support.killed_uploads import bring_and_kill, place_of
from tests.support.server import Server, serving

pytestmark = pytest.mark.slow
PATIENCE = 60.0
NOT_SAVED = "The server could not save this run, so it is kept only for a while; download what you need."
DONE, ADAPTED = "See what moved", "adapting fixed 9 and broke 0"
EARLIER = ("x,y,label\n" + "".join(f"{x},{2 * x},{'ab'[x % 2]}\n" for x in range(40))).encode()


def until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def ready(server: Server) -> tuple[int, str]:
    """What ``/ready`` answers, and says of the data folder."""
    try:
        with urllib.request.urlopen(f"{server.url}/ready") as answer:
            return answer.status, json.load(answer)["parts"]["data folder"]
    except HTTPError as error:
        return error.code, json.load(error)["parts"]["data folder"]


def opened(server: Server, screen: str, **query: str) -> Tab:
    """A visitor's tab; an error on the page is raised."""
    tab = Tab(server.url)
    tab.open(link(screen, **query))
    return tab


def upload(server: Server, content: bytes) -> Tab:
    place = place_of("earlier.csv", EARLIER)
    tab = opened(server, "data", data="files", **{"data.source": place, "data.target": place})
    tab.upload("Source", "later.csv", content)
    return tab


def train(server: Server, seed: int) -> Tab:
    tab = opened(server, "train", **small_run(seed, epochs=1).to_flat())
    tab.press("Start training")
    while tab.page.every:
        tab.watch(0.2)
    tab.expect(DONE)
    return tab


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with an upload, a run that is done and one whose server was killed as it saved it."""
    data = tmp_path / "data"
    data.mkdir()
    if not read_only.is_possible(data):
        pytest.skip("nothing may be mounted here")
    bring_and_kill(data, {}, "earlier.csv", EARLIER, at=100)
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
        assert not train(server, seed=8).says(NOT_SAVED)
        store = Store(data / "runs")
        until(lambda: store.database.has(servers.run_ids[1]))
        assert len(store.database.run_ids()) == 3

        read_only.make_read_only(server.process.pid, data)
        until(lambda: ready(server) == (503, "fails"))
        assert opened(server, "results", **finished).says(ADAPTED)
        assert upload(server, b"x,y\n1,4\n").says(DISK_IS_READ_ONLY)
    assert Language("zh").translate(DISK_IS_READ_ONLY) != DISK_IS_READ_ONLY
