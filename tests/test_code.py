"""The code's own hygiene, as `pyproject.toml` asks for it."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
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


@pytest.mark.parametrize("package", ["methods", "networks", "data", "evaluation/validators", "training"])
def test_no_hyperparameters_are_of_any_type(package: str) -> None:
    untyped = []
    for file in (ROOT / "da_core" / package).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            name = node.arg if isinstance(node, ast.arg) else None
            if isinstance(node, ast.AnnAssign):
                name = ast.unparse(node.target).removeprefix("self.")
            annotation = getattr(node, "annotation", None)
            if name in ("params", "network_params") and annotation is not None and ast.unparse(annotation) == "Any":
                untyped.append(f"{file.name}: {ast.unparse(node)}")
    assert untyped == []


BANNED_IN_NAMES = {"told", "anew", "whoever", "wish", "wished", "heard", "mine", "theirs"}
BANNED_FIRST_LINES = re.compile(
    r"^(What|Who|Whose|Which|How|Where|Whether)\b|\b(so many|anew|told|what came of)\b", re.I
)


def names_bound(node: ast.AST) -> Iterator[str]:
    """List the names that a statement or an argument gives."""
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name) | ast.arg(arg=name):
            yield name
        case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
            yield name
        case ast.alias(asname=str(name)):
            yield name


@pytest.mark.parametrize("package", ["app.py", "da_core", "pages"])
def test_names_and_first_lines_are_plain(package: str) -> None:
    jarring = []
    for file in [ROOT / package] if package.endswith(".py") else sorted((ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            where = f"{file.relative_to(ROOT)}:{getattr(node, 'lineno', 1)}"
            for name in names_bound(node):
                words = re.split(r"_|(?<=[a-z0-9])(?=[A-Z])", name)
                jarring += [f"{where} {name}"] if BANNED_IN_NAMES & {word.lower() for word in words} else []
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Module):
                first = (ast.get_docstring(node) or "").partition("\n")[0]
                jarring += [f"{where} “{first}”"] if BANNED_FIRST_LINES.search(first) else []
    assert not jarring, "Say it with a noun, or as verb and object:\n" + "\n".join(jarring)


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
