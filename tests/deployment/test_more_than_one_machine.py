"""The deployment of assets/reference/server.md, every part started: nginx, two web servers, PostgreSQL, Dask."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from da_core.jobs.database.live_runs import LiveRuns
from da_core.jobs.database.run_database import RunDatabase
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


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory, postgresql: str) -> Iterator[Deployment]:
    nginx.program()  # where there is none the rest need not start
    folder = tmp_path_factory.mktemp("deployment")
    with ExitStack() as parts:
        workers = parts.enter_context(dask_cluster.running(folder / "dask", workers=2))
        settings = {
            "DA_LAB_DATABASE": postgresql,
            "DA_LAB_CLUSTER": workers.address,
            "DA_LAB_DATA_DIR": str(folder / "data"),
        }
        first, second = (parts.enter_context(web.serving(folder / name, **settings)) for name in ("web1", "web2"))
        ports = [int(server.url.rpartition(":")[2]) for server in (first, second)]
        url = parts.enter_context(nginx.serving(folder / "nginx", ports))
        yield Deployment(url, (first, second), workers)


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
    database = RunDatabase(postgresql)
    other = LiveRuns(lambda: database, "third/1/x")
    known = other.find(run_id)
    assert known is not None
    assert known.experiment.training.epochs == 500
    assert other.ask(run_id, known.owners[0], "pause"), "as the server does that her next request reaches"
    expect(page.get_by_role("button", name="Resume")).to_be_visible(timeout=PATIENCE)
    assert other.ask(run_id, known.owners[0], "stop")
    expect(page.get_by_text("You stopped this run")).to_be_visible(timeout=PATIENCE)
