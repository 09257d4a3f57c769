"""The app as a test sees it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.lab import ROOT, Lab, opened

# AppTest puts the script's folder into sys.path for each run and takes it out again, unless it is there: what another
# thread imports at that moment may not be found. `streamlit run` leaves the folder where it is, and so do we.
sys.path.append(str(ROOT / "pages"))


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    """The app with an empty data folder, one made-up pair, and runs that follow a script."""
    with opened(tmp_path, monkeypatch) as one:
        yield one
