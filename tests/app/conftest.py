"""The app as a test sees it."""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.components.v2 import manifest_scanner

from tests.support.lab import ROOT, Lab, opened

# AppTest puts the script's folder into sys.path for each run and takes it out again, unless it is there: what another
# thread imports at that moment may not be found. `streamlit run` leaves the folder where it is, and so do we.
sys.path.append(str(ROOT / "pages"))


@pytest.fixture(scope="package", autouse=True)
def installed_components() -> Iterator[None]:
    """Each new AppTest looks for components in all installed packages, a quarter of a second: once will do."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            manifest_scanner,
            "scan_component_manifests",
            functools.cache(manifest_scanner.scan_component_manifests),
        )
        yield


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    """The app with an empty data folder, one made-up pair, and runs that follow a script."""
    with opened(tmp_path, monkeypatch) as one:
        yield one
