"""A server's limits, set for one test."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from da_core.settings import settings


@pytest.fixture
def limit(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, int], None]]:
    """Set one of the server's limits."""

    def set_limit(name: str, value: int) -> None:
        monkeypatch.setenv(f"DA_LAB_{name.upper()}", str(value))
        settings.cache_clear()

    yield set_limit
    monkeypatch.undo()
    settings.cache_clear()
