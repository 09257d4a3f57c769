"""``check``: is a method or a data set whole? Runs the common tests of it and lists what is missing."""

from __future__ import annotations

import argparse
import importlib.util
import subprocess
import sys
from pathlib import Path

from da_core.cli.options import Commands

ROOT = Path(__file__).parents[2]
TESTS = {
    "method": (
        "tests/methods/test_every_method.py",
        "tests/methods/test_losses_stay_on_the_device.py",
        "tests/methods/test_{name}.py",
        "tests/training/test_loop.py",
        "tests/test_run.py",
    ),
    "data set": ("tests/data/test_sources.py", "tests/app/test_catalogue.py", "tests/data/test_{name}.py"),
}
"""The tests of each kind of thing: the common ones, and those of its own where there are any."""


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    command = commands.add_parser("check", help="test one method or data set and list what it lacks")
    command.add_argument("name", metavar="NAME", help="name of a method or data set")
    command.set_defaults(do=check)


def check(options: argparse.Namespace) -> int:
    """Print the outcome of the tests, and each gap with its remedy. Returns 0 if nothing is left to do, else 1."""
    from da_core.data.sources import sources
    from da_core.methods import methods
    from da_core.registry import pick
    from da_core.teaching import completeness

    kinds = dict.fromkeys(methods(), "method") | dict.fromkeys(sources(), "data set")
    kind = pick(kinds, options.name, "method or data set")
    problem = run_tests(options.name, kind, among=list(kinds))
    gaps = (completeness.gaps_of_method if kind == "method" else completeness.gaps_of_data)(options.name)
    print(f"\n{problem or 'The tests pass.'}")
    for gap in gaps:
        print(f"- {gap}")
    if not gaps:
        print("Nothing is missing.")
    return int(bool(problem or gaps))


def run_tests(name: str, kind: str, among: list[str]) -> str:
    """Run the tests of one method or data set in a child process. Returns the problem in a sentence, or nothing."""
    files = [path for test in TESTS[kind] if (ROOT / (path := test.format(name=name))).exists()]
    if not files:
        return "The tests were not run: this copy of the project has none."
    if importlib.util.find_spec("pytest") is None:
        return "The tests were not run: pytest is missing; pip install -r tests/requirements.txt"
    # -k takes parts of names: “dan” would run DANN's tests as well
    chosen = " and not ".join([name, *(other for other in among if name in other and name != other)])
    command = [sys.executable, "-m", "pytest", *files, "-k", chosen]
    ended = subprocess.run(command, cwd=ROOT, check=False)
    match ended.returncode:
        case 0:
            return ""
        case 5:
            return f"There are no tests for {name}."
        case _:
            return "Some tests failed; they are named above."
