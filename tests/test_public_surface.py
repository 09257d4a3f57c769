"""Everything that a user may type, by name, stands in the reference and in a test that uses it."""

from __future__ import annotations

import argparse
import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from da_core import cli
from da_core.evaluation.diagnosis import CHECKS
from da_core.evaluation.validators import validators
from da_core.experiment import Experiment
from da_core.settings import Settings
from da_core.teaching import reference
from da_core.teaching.films import direction
from da_core.teaching.hall import exercise, lecture
from pages.session import state

ROOT = Path(__file__).parents[1]
SUFFIXES = {".py", ".js", ".ts", ".yaml", ".json"}


def commands(parser: argparse.ArgumentParser, above: str = "") -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """List the commands below a parser, with their own parsers."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, below in action.choices.items():
                yield f"{above}{name}", below
                yield from commands(below, f"{above}{name} ")


def flags() -> set[str]:
    """List the long options of all commands."""
    parsers = [cli.parser(), *(parser for _, parser in commands(cli.parser()))]
    return {
        flag for parser in parsers for action in parser._actions for flag in action.option_strings if flag[:2] == "--"
    }


def link_parameters() -> set[str]:
    """List an experiment's names in a link, and what the session and the server read from the address besides."""
    tree = Experiment.from_flat({"third": "moons"}).model_dump()
    names = {f"{group}.{name}" for group, fields in tree.items() if isinstance(fields, dict) for name in fields}
    names = {name.removesuffix(".name") for name in names if not name.endswith(".params")} | {*tree} - {"training"}
    for file in (ROOT / "pages" / "session" / "state.py", ROOT / "app.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and re.search(r"(fields\.pop|query_params\.get)$", ast.unparse(node.func)):
                names |= {str(node.args[0].value)} if isinstance(node.args[0], ast.Constant) else set()
    return names | {*state.OF_A_SCREEN, *exercise.FIELDS}


def lecture_keys() -> set[str]:
    """List the keys of a lecture file, also those that are replaced before it is checked."""
    parts = [kind for kind in vars(lecture).values() if isinstance(kind, type) and kind.__module__ == lecture.__name__]
    models = {name for kind in parts for name in getattr(kind, "model_fields", ())}
    source = Path(lecture.__file__).read_text(encoding="utf-8")
    return models | set(re.findall(r"(?:slide|sketch)\.get\(\"(\w+)\"\)", source))


SURFACE = {
    "setting": [f"DA_LAB_{name.upper()}" for name in Settings.model_fields],
    "command": [name for name, _ in commands(cli.parser())],
    "flag": flags(),
    "link parameter": link_parameters(),
    "hidden part": state.PARTS + state.FILM_PARTS,
    "lecture key": lecture_keys(),
    "film act": re.findall(r"(?<=[(|>])[a-z]+(?=[|) ])", direction._ACT.pattern),
    "finding": [check.__name__ for check in CHECKS],
    "validator": validators(),
}
PAGES = {
    "setting": "settings.md",
    "command": "command_line.md",
    "flag": "command_line.md",
    "finding": "findings.md",
    "validator": "validators.md",
}


def missing(kind: str, text: str) -> list[str]:
    """List the names of a kind that do not stand in a text as whole words."""
    return [name for name in sorted(SURFACE[kind]) if not re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text)]


@pytest.mark.parametrize("kind", SURFACE)
def test_every_name_that_a_user_may_type_stands_in_the_reference(kind: str) -> None:
    page = PAGES.get(kind, "links_and_lectures.md")
    code = re.findall(r"```.*?```|`[^`\n]+`", (reference.FOLDER / page).read_text(encoding="utf-8"), re.DOTALL)
    assert not (names := missing(kind, "\n".join(code))), (
        f"No {kind} may be undocumented: describe {', '.join(names)} in assets/reference/{page}."
    )


@pytest.mark.parametrize("kind", SURFACE)
def test_every_name_that_a_user_may_type_is_used_by_a_test(kind: str) -> None:
    files = [file for file in (ROOT / "tests").rglob("*") if file.suffix in SUFFIXES and file != Path(__file__)]
    tests = "\n".join(file.read_text(encoding="utf-8") for file in files)
    if kind == "setting":  # tests of data set limits by the settings' own names
        tests += "\n".join(f"DA_LAB_{name.upper()}" for name in re.findall(r"\blimit\(\"(\w+)\"", tests))
    if kind == "command":
        tests = re.sub(r"\",? \"|\", *\n\s*\"", " ", tests)  # words of a list
    assert not (names := missing(kind, tests)), (
        f"No {kind} may be untested: add a test below tests/ that uses {', '.join(names)}."
    )


def test_the_examples_of_the_reference_can_be_used() -> None:
    page = (reference.FOLDER / "links_and_lectures.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert len(lecture.read_lecture(example).slides) == 2
    (acts,) = re.findall(r"`(critic@.*?)`", page)
    assert len(direction.read(acts)) == 5
    (link,) = re.findall(r"`/results\?(.*?)&lang", page)
    assert Experiment.from_flat(dict(part.split("=") for part in link.split("&"))).training.epochs == 20
