"""A set that is not here yet: offered, downloaded in the background with a bar, stopped, and gone on with."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

from da_core.data.download import MissingError, Remote, missing
from da_core.data.loading import cache
from da_core.data.pair import DomainPair
from pages.own_data import fetch_data_set
from tests.support import made_up_run
from tests.support.lab import Lab, button, has, texts
from tests.support.shelf import Shelf, opened

CONTENT = bytes(range(256)) * 4000


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch) -> Iterator[Shelf]:
    monkeypatch.setattr(fetch_data_set, "downloads", {})
    with opened() as one:
        yield one


@pytest.fixture
def needed(lab: Lab, shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> Remote:
    """A file without which there is no pair."""
    remote = shelf.remote("things.gz", CONTENT)

    def load_pair(spec: object, seed: int = 0) -> DomainPair:
        if missing([remote]):
            raise MissingError([remote])
        return made_up_run.pair()

    monkeypatch.setattr(cache, "load_pair", load_pair)
    return remote


def ended(app: AppTest, remote: Remote) -> AppTest:
    """The screen once the download's thread has ended."""
    found = fetch_data_set.downloads.get((remote,))
    assert found is not None
    found.wait(30)
    return app.run()


def test_it_is_offered_and_then_used(lab: Lab, needed: Remote) -> None:
    app = lab.screen("data")
    assert "This set is downloaded once" in texts(app)
    assert "put things\\.gz into" in texts(app)  # as Markdown, which would make a link of www.…
    button(app, "Download").click().run()
    ended(app, needed)
    assert not has(app, "Download")
    assert "Samples per class" in [heading.value for heading in app.subheader]
    assert needed.read() == CONTENT


def test_it_can_be_stopped_and_gone_on_with(lab: Lab, shelf: Shelf, needed: Remote) -> None:
    shelf.pause = threading.Event()
    app = lab.screen("data")
    button(app, "Download").click().run()
    assert not has(app, "Download")
    button(app, "Stop").click().run()
    shelf.pause.set()
    ended(app, needed)
    assert missing([needed])
    button(app, "Download").click().run()
    ended(app, needed)
    assert needed.read() == CONTENT
    assert shelf.asked[-1] is not None  # it went on where it was


def test_a_failure_is_told_in_a_sentence(lab: Lab, shelf: Shelf, needed: Remote) -> None:
    shelf.files["things.gz"] = CONTENT[::-1]
    app = lab.screen("data")
    button(app, "Download").click().run()
    ended(app, needed)
    assert "is not the one its authors describe" in texts(app)
    assert has(app, "Download")
