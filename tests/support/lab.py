"""The whole app in AppTest, with a store of its own and a queue whose runs follow a script."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button

import da_core.networks.defaults  # noqa: F401  # it takes `load_pair` by name, before a test replaces that
from da_core.data.loading import cache
from da_core.events import Event, Finished
from da_core.experiment import Experiment
from da_core.jobs import queue as queue_module
from da_core.jobs.queue import Queue, queue
from da_core.jobs.scheduling.local_runs import LocalRuns
from da_core.jobs.store import new_run_id, store
from da_core.settings import settings
from pages.session import state
from tests.support import made_up_run

ROOT = Path(__file__).parents[2]
PATIENCE = 120.0  # for what a worker does between two lines of a test


class Lab:
    """What a test of a screen needs: pages, finished runs, and a run that waits for `go`."""

    def __init__(self) -> None:
        self.visitor = "one"
        """Who sits at the browser; AppTest has no cookies to tell."""
        self.go = threading.Event()
        self.end: BaseException | Finished = made_up_run.finished()

    def screen(
        self,
        name: str,
        run: str | None = None,
        *,
        section: str = "walk",
        fields: Any = None,
        **query: str,
    ) -> AppTest:
        """Open a screen, one of the walk unless told, as its link would, with ``fields`` of its own by name."""
        return visit(f"{section}/{name}.py", fields, **query, **({"run": run} if run else {}))

    def finish(self, finished: Finished | None = None, experiment: Experiment | None = None) -> str:
        """Put a finished run into the store."""
        experiment = experiment or Experiment()
        finished = made_up_run.made_by_this_version(finished or made_up_run.finished(), experiment)
        run = new_run_id(experiment)
        store().save(run, experiment, finished.result, finished.evidence, made_up_run.history(), [self.visitor])
        return run

    def may_go_on(self) -> None:
        """Where the script waits for `go`."""
        assert self.go.wait(PATIENCE)

    def wait_for(self, app: AppTest, run: str, state: str) -> AppTest:
        """Run the screen again once the run has reached ``state``."""
        queue().wait(run, lambda view: view.state == state, PATIENCE)
        return app.run()


def visit(page: str = "", fields: Any = None, **query: str) -> AppTest:
    """Follow a link as a new visitor, and go on to ``page``, whose own ``fields`` the first screen would drop."""
    app = AppTest.from_file(str(ROOT / "pages" / "frame.py"), default_timeout=120)
    for name, value in query.items():
        app.query_params[name.replace("__", ".")] = value
    app.run()
    if page:
        app.switch_page(page)
        for name, value in (fields or {}).items():
            app.query_params[name] = value
        app.run()
    assert not app.exception
    return app


def query_of(app: AppTest) -> dict[str, str]:
    """The address's query: AppTest tells lists of what the test gave, and texts of what the app wrote."""
    return {name: value if isinstance(value, str) else value[0] for name, value in app.query_params.items()}


def links(app: AppTest) -> dict[str, str]:
    """The label and the query of each link to another screen."""
    return {link.proto.label: link.proto.query_string for link in app.get("page_link")}


def end(lab: Lab, work: str) -> None:
    """Let every run go, and wait for the thread of a study, a search or a benchmark."""
    lab.go.set()
    for thread in threading.enumerate():
        if thread.name == work:
            thread.join(PATIENCE)


def button(app: AppTest, label: str) -> Button:
    """The button that says so."""
    return next(one for one in app.button if one.label == label)


def has(app: AppTest, label: str) -> bool:
    """Whether there is such a button."""
    return any(one.label == label for one in app.button)


def texts(app: AppTest) -> str:
    """All that a page says outside its widgets."""
    elements = (*app.markdown, *app.caption, *app.info, *app.warning, *app.error)
    return "\n".join(element.value for element in elements)


def drawn(app: AppTest) -> dict[str, Any]:
    """What the Features screen tells its element."""
    (element,) = app.get("bidi_component")
    payload: dict[str, Any] = json.loads(element.proto.json)
    return payload


@contextmanager
def opened(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    """A lab whose data folder is ``folder`` and whose only pair is the made-up one; its queue is closed at the end."""
    monkeypatch.setenv("DA_LAB_DATA_DIR", str(folder))
    settings.cache_clear()
    store.cache_clear()
    lab = Lab()

    def run(experiment: Experiment, *, should_stop: Callable[[], bool]) -> Iterator[Event]:
        return made_up_run.scripted(lambda: lab.may_go_on(), lab.end)(experiment, should_stop=should_stop)

    monkeypatch.setattr(queue_module, "_current", Queue(store(), LocalRuns(store(), run)))
    monkeypatch.setattr(state, "owner", lambda: lab.visitor)
    monkeypatch.setattr(cache, "load_pair", lambda spec, seed=0: made_up_run.pair())
    try:
        yield lab
    finally:
        lab.go.set()
        queue().close()
        settings.cache_clear()
        store.cache_clear()
