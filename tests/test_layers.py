"""The house's rules, as `pyproject.toml` states them."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("da_core", "pages")


def test_imports_run_one_way_and_the_core_knows_no_screen() -> None:
    checked = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as lint; lint()"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_a_file_name_occurs_once() -> None:
    """A name means one thing in the whole tree, tests among it, and can be searched for."""
    files = (path for folder in (*PACKAGES, "tests") for path in (ROOT / folder).rglob("*.py"))
    twice = repeated((path.stem, path) for path in files)
    assert {name: where for name, where in twice.items() if name not in ("__init__", "__main__", "conftest")} == {}


def test_a_class_name_occurs_once() -> None:
    """Only hyperparameters are called ``Params`` everywhere."""
    files = (path for folder in PACKAGES for path in (ROOT / folder).rglob("*.py"))
    trees = ((path, ast.parse(path.read_text(encoding="utf-8"))) for path in files)
    classes = ((node.name, path) for path, tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef))
    twice = repeated(classes)
    assert {name: where for name, where in twice.items() if name != "Params"} == {}


def repeated(names: Iterable[tuple[str, Path]]) -> dict[str, list[str]]:
    """Group the places of each name that has more than one."""
    places = defaultdict(list)
    for name, path in names:
        places[name].append(str(path.relative_to(ROOT)))
    return {name: where for name, where in places.items() if len(where) > 1}
