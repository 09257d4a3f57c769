"""The house's rules, as `pyproject.toml` states them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_imports_run_one_way_and_the_core_knows_no_screen() -> None:
    checked = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as lint; lint()"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_what_the_first_page_imports_is_light() -> None:
    """torch, umap and scikit-learn take seconds to import; a first visitor does not wait for them."""
    modules = "da_core.experiment, da_core.events, da_core.data.sources, da_core.data.loading.cache, da_core.jobs.queue"
    code = f"import sys, {modules}; da_core.data.sources.sources(); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert not {"torch", "torchvision", "umap", "numba", "sklearn", "scipy", "streamlit"} & set(loaded.split())
