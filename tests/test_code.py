"""The code's own hygiene, as `pyproject.toml` asks for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from da_core.data.sources import sources
from da_core.evaluation.validators import validators
from da_core.methods import methods
from da_core.methods.reweighting.kmm import KMM
from da_core.networks import networks, preparation
from da_core.networks.head_kinds import Ridge, heads

ROOT = Path(__file__).parents[1]


CHECKS = [["ruff", "check"], ["ruff", "format", "--check"], pytest.param(["mypy"], marks=pytest.mark.slow)]


@pytest.mark.parametrize("check", CHECKS, ids=" ".join)
def test_the_code_is_clean(check: list[str]) -> None:
    checked = subprocess.run([sys.executable, "-m", *check], cwd=ROOT, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def misspelt(method: KMM, head: Ridge) -> float:
    """What mypy must refuse: in this file it also refuses an "ignore" that has nothing to ignore."""
    clip = method.params.clipp  # type: ignore[attr-defined]
    return clip * head.params.alhpa  # type: ignore[attr-defined]


def test_every_kind_types_its_own_hyperparameters() -> None:
    kinds = [*methods().values(), *networks().values(), *sources().values(), *validators().values()]
    for kind in (*kinds, *heads().values(), *preparation.kinds().values()):
        typed = next(base for base in kind.__mro__ if "params" in base.__annotations__)
        declared = next(base for base in kind.__mro__ if "Params" in vars(base))
        assert typed is declared, f"{declared.__name__} declares Params and no “params: Params”"


def test_the_readme_says_what_ci_runs() -> None:
    *_, command = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert command.endswith("-m pytest")
    assert command in (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
