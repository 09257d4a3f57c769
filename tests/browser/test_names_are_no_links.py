"""What a visitor calls a class is shown as it is, and is never a link, whatever it looks like."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from da_core.experiment import Experiment
from da_core.jobs.store import new_run_id
from da_core.run_folder import write_record
from tests.support import made_up_run
from tests.support.screen import Visitor, main, open_screen
from tests.support.server import Server

NAMES = dict(zip(made_up_run.CLASSES, ("http://example.org/a", "www.example.org", "me@example.org"), strict=True))


@pytest.fixture
def run(server: Server) -> str:
    """A finished run whose classes look like addresses."""
    finished, experiment = made_up_run.finished(), Experiment()
    result = finished.result.model_copy(deep=True)
    result.classes = list(NAMES.values())
    for model in (result.source_only, result.adapted):
        for scores in filter(None, (model.source, model.target)):
            for one in scores.per_class:
                one.name = NAMES[one.name]
    run_id = new_run_id(experiment)
    write_record(server.log.parent / "data" / "runs" / run_id, experiment, result, finished.evidence)
    return run_id


def test_a_class_that_is_called_like_an_address_is_no_link(server: Server, visitor: Visitor, run: str) -> None:
    page = visitor(server)
    open_screen(page, "Results", run=run, view="everything")
    expect(main(page)).to_contain_text("example.org")
    expect(main(page).locator("a[href*='example.org']")).to_have_count(0)
