"""Each screen in both languages, and that what one does on it becomes the experiment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pages.parts import showcase, words
from streamlit.testing.v1 import AppTest

FRAME = str(Path(__file__).parents[2] / "pages" / "frame.py")
SMALL = {"data.count": "100"}


@pytest.fixture(autouse=True)
def _own_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Data and runs of a server of its own; nothing trains."""
    from da_core.settings import settings

    monkeypatch.setenv("DA_LAB_DATA_DIR", str(tmp_path / "data"))
    settings.cache_clear()
    words.missing.clear()
    yield
    settings.cache_clear()


def opened(page: str = "", **query: str) -> AppTest:
    """A new visitor's session on ``page``, having followed a link with this query."""
    at = AppTest.from_file(FRAME, default_timeout=120)
    for name, value in (SMALL | query).items():
        at.query_params[name.replace("__", ".")] = value
    at.run()
    if page:
        at.switch_page(f"walk/{page}.py").run()
    assert not at.exception, at.exception
    return at


def shown(at: AppTest) -> str:
    """All text on the screen."""
    parts: list[Any] = [*at.title, *at.subheader, *at.markdown, *at.caption, *at.warning, *at.error, *at.info]
    return "\n".join(str(part.value) for part in parts)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("page", ["", "data", "network", "method"])
def test_every_word_of_a_screen_is_in_the_readers_language(page: str, language: str) -> None:
    at = opened(page, lang=language)
    assert at.title
    assert not words.missing
