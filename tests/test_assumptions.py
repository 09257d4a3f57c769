"""What the lab takes for granted of other projects' insides: each assumption, and the place that rests on it.

A new version of one of them may break it without a word. Then a test here fails, and says which file to look into;
`requirements.txt` bounds the versions.
"""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

STREAMLIT = "app.py changes Streamlit's page"


@pytest.fixture(scope="module")
def streamlit_files() -> Path:
    import streamlit

    return Path(streamlit.__file__).parent / "static"


@pytest.mark.parametrize("replaced", ["<title>Streamlit</title>", "</body>", '<html lang="en">'])
def test_streamlits_page_has_what_is_replaced_in_it_once(streamlit_files: Path, replaced: str) -> None:
    page = (streamlit_files / "index.html").read_text(encoding="utf-8")
    assert page.count(replaced) == 1, f"{STREAMLIT}: {replaced}"


def test_streamlits_page_asks_the_window_where_its_server_is(streamlit_files: Path) -> None:
    scripts = "".join(file.read_text(encoding="utf-8") for file in streamlit_files.rglob("*.js"))
    for name in ("__streamlit", "BACKEND_BASE_URL", "MAIN_PAGE_BASE_URL"):
        assert name in scripts, f"{STREAMLIT}: window.__streamlit.{name} sets the address of the server"


def test_streamlit_says_of_itself_what_is_translated(streamlit_files: Path) -> None:
    from app import STREAMLITS_OWN, TEXTS

    scripts = "".join(file.read_text(encoding="utf-8") for file in streamlit_files.rglob("*.js"))
    fixed = {phrase: phrase.replace("{name}", "{}").split("{}")[0].strip() for phrase in (*STREAMLITS_OWN, *TEXTS)}
    missing = [phrase for phrase, part in fixed.items() if part not in scripts]
    assert not missing, f"app.py translates what Streamlit does not say any more: {missing}"


def test_streamlit_takes_what_an_app_is_made_with() -> None:
    import streamlit as st

    given = {"lifespan", "on_script_error", "routes", "middleware"}
    assert given <= inspect.signature(st.App).parameters.keys(), "app.py: st.App(…)"
