"""Fixtures of the tests of data."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from da_core.settings import settings


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return an empty data folder."""
    monkeypatch.setenv("DA_LAB_DATA_DIR", str(tmp_path / "lab"))
    settings.cache_clear()
    yield tmp_path / "lab"
    monkeypatch.undo()
    settings.cache_clear()


@pytest.fixture
def limit(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, int], None]]:
    """Set one of the server's limits."""

    def set_limit(name: str, value: int) -> None:
        monkeypatch.setenv(f"DA_LAB_{name.upper()}", str(value))
        settings.cache_clear()

    yield set_limit
    monkeypatch.undo()
    settings.cache_clear()
