"""The app as a test sees it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from lab import Lab, opened


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    """The app with an empty data folder, one made-up pair, and runs that follow a script."""
    with opened(tmp_path, monkeypatch) as one:
        yield one
