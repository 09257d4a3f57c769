"""The deployment of assets/reference/server.md, every part started: nginx, two web servers, PostgreSQL, Dask."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from da_core.jobs.checkpoint_store import CheckpointStore
from da_core.jobs.processes.cluster import Cluster
from da_core.jobs.processes.cluster_runs import ClusterRuns
from da_core.jobs.queue import Queue
from da_core.jobs.scheduling.live_runs import LiveRuns
from da_core.jobs.store import Store
from da_core.object_storage import ObjectStorage
from tests.support import chromium, dask_cluster, nginx
from tests.support import server as web

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.xdist_group("deployment")]
PATIENCE = 240_000
"""Milliseconds: three fresh processes import torch on the way."""


@dataclass(frozen=True)
class Deployment:
    url: str
    servers: tuple[web.Server, web.Server]
    workers: dask_cluster.DaskCluster
    data: Path


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory, postgresql: str) -> Iterator[Deployment]:
    nginx.program()  # where there is none the rest need not start
    folder = tmp_path_factory.mktemp("deployment")
    with ExitStack() as parts:
        shared = {"DA_LAB_DATABASE": postgresql, "DA_LAB_DATA_DIR": str(folder / "data")}
        workers = parts.enter_context(dask_cluster.running(folder / "dask", workers=2, **shared))
        settings = {"DA_LAB_CLUSTER": workers.address, **shared}
        first, second = (parts.enter_context(web.serving(folder / name, **settings)) for name in ("web1", "web2"))
        ports = [int(server.url.rpartition(":")[2]) for server in (first, second)]
        url = parts.enter_context(nginx.serving(folder / "nginx", ports))
        yield Deployment(url, (first, second), workers, folder / "data")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = chromium.launch(playwright)
        yield browser
        browser.close()


def test_a_run_that_is_started_through_nginx_trains_on_a_worker_and_is_known_to_every_server(
    deployment: Deployment, browser: Browser, postgresql: str
) -> None:
    page = browser.new_page()
    page.goto(f"{deployment.url}/train?data=drawn&network=mlp&method=dann&training.epochs=500&device=cpu")
    page.get_by_role("button", name="Start training").click(timeout=PATIENCE)
    page.wait_for_url(re.compile("run="), timeout=PATIENCE)
    expect(page.get_by_text(re.compile("^Train source only ·"))).to_be_visible(timeout=PATIENCE)
    run_id = re.search(r"run=([\w-]+)", page.url)[1]
    store = Store(deployment.data / "runs", database=postgresql)
    rows, checkpoints = LiveRuns(lambda: store.database), CheckpointStore(ObjectStorage(deployment.data))
    third = Queue(store, ClusterRuns(rows, checkpoints, Cluster(deployment.workers.address)))
    (known,) = [job for job in rows.look() if job.run_id == run_id]
    assert known.experiment.training.epochs == 500
    third.pause(run_id, known.owners[0])  # as the server does that her next request reaches
    expect(page.get_by_role("button", name="Resume")).to_be_visible(timeout=PATIENCE)
    third.resume(run_id, known.owners[0])
    expect(page.get_by_role("button", name="Pause")).to_be_visible(timeout=PATIENCE)

    third.stop(run_id, known.owners[0])
    expect(page.get_by_text("You stopped this run")).to_be_visible(timeout=PATIENCE)

    page.goto(f"{deployment.url}/train?data=drawn&network=mlp&method=coral&training.epochs=200&device=cpu")
    page.get_by_role("button", name="Start training").click(timeout=PATIENCE)
    page.wait_for_url(re.compile("run="), timeout=PATIENCE)
    run_id = re.search(r"run=([\w-]+)", page.url)[1]
    for server in deployment.servers:
        server.process.kill()
    assert third.wait(run_id, lambda view: not view.live, PATIENCE / 1000).state == "done"
    third.close()
