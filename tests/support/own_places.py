"""Load a user's own files as a pair, or the sentence that says why not."""

from __future__ import annotations

from pathlib import Path

import pytest

from da_core.data.pair import DomainPair
from da_core.data.sources.own_files import Files
from da_core.errors import UserError


def load(source: Path, target: Path | None = None, **params: bool | float | str) -> DomainPair:
    """Load the pair that one place or two hold."""
    return Files(**params).load_places(source, target)


def complaint(source: Path, target: Path | None = None, **params: bool | float | str) -> UserError:
    """Return the error that loading them raises."""
    with pytest.raises(UserError) as raised:
        load(source, target, **params)
    return raised.value
