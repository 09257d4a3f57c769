"""The visitor's own uploads on the Data screen: who wants everything sees them, and removes their own."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from da_core.data.readers.uploads import keep_upload, resolve_place
from da_core.experiment import DataSpec
from da_core.jobs.upload_list import upload_list
from pages.session import keys
from tests.support.lab import Lab, button, has, texts


def keep(owner: str, name: str, data: bytes) -> str:
    return upload_list().keep(owner, name, len(data), lambda: keep_upload(name, data))


def at_own_data(lab: Lab, **query: str) -> AppTest:
    app = lab.screen("data", **query)
    app.session_state[keys.BROWSED_AREA] = (DataSpec().name, "own")
    return app.run()


def test_ones_own_uploads_are_listed_with_their_sizes_and_can_be_removed(lab: Lab) -> None:
    mine = keep("one", "Nächte *.zip", bytes(2**20))
    keep("two", "another's.zip", b"abc")
    app = at_own_data(lab, view="everything")
    assert not app.exception
    assert r"Nächte \*\.zip :gray[1 MB" in texts(app)
    assert "They take 1 of your 1,000 MB." in texts(app)
    assert "another" not in texts(app)
    path = resolve_place(mine)
    button(app, "Remove").click().run()
    assert not path.exists()
    assert not has(app, "Remove")


def test_a_first_visit_does_not_need_the_list(lab: Lab) -> None:
    keep("one", "a.zip", b"abc")
    assert not has(at_own_data(lab), "Remove")
