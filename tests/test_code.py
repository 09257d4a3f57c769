"""The code's own hygiene, as `pyproject.toml` asks for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


CHECKS = [["ruff", "check"], ["ruff", "format", "--check"], pytest.param(["mypy"], marks=pytest.mark.slow)]


@pytest.mark.parametrize("check", CHECKS, ids=" ".join)
def test_the_code_is_clean(check: list[str]) -> None:
    checked = subprocess.run([sys.executable, "-m", *check], cwd=ROOT, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr
