"""Every message that a person may meet, collected from the code and the registries: what has to be translated."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from jinja2.ext import extract_from_ast

from da_core.data.sources import sources
from da_core.evaluation.validators import validators
from da_core.evaluation.validators.validator import Validator
from da_core.experiment import TrainingSpec
from da_core.i18n import translations
from da_core.methods import methods
from da_core.networks import networks, preparation
from da_core.networks.head_kinds import heads
from da_core.params import Params, describe
from da_core.templates import TEMPLATES, environment

ROOT = Path(__file__).parents[1]
ENGLISH_ONLY = ROOT / "da_core" / "cli"
"""The command line speaks English."""
CALLS = {
    "_",
    "translate",
    "translate_message",
    "StorageError",
    "UserError",
    "AwayError",
    "UnknownNameError",
    "Notice",
    "UnusableError",
    "UnreachableError",
    "ClosedRoomError",
}
"""Calls whose first argument is a message."""
FIELDS = {"title", "summary", "help", "origin", "licence", "evidence", "advice", "reason", "label"}
"""Keywords and class attributes that are shown to people."""
TABLES = {"TEXTS", "COLOURS", "PANELS", "TERMS", "GROUPS", "DEVICES", "MODEL_TITLES", "METRICS", "DOMAINS", "BASES"}
"""Dictionaries whose values are shown to people."""
SENTENCE_WITH_FIELD = re.compile(r"^(?=.*\{\w+\})[A-Z“{][^\n]*\s[^\n]*\s[^\n]*[.?!]$")
"""It is a message wherever it stands: as a constant, or as an argument that is handed on."""


def collect() -> dict[str, str]:
    """Collect every message, with a file where it is used."""
    places = dict.fromkeys(of_params(TrainingSpec), "da_core/experiment.py")
    kinds = (sources(), networks(), preparation.kinds(), heads(), methods(), validators())
    for thing in itertools.chain.from_iterable(registry.values() for registry in kinds):
        places |= dict.fromkeys(of_thing(thing), f"{thing.__module__.replace('.', '/')}.py")
    for path, tree in syntax_trees():
        places |= dict.fromkeys(of_code(tree), str(path.relative_to(ROOT)))
    places |= of_templates()
    return {message: place for message, place in places.items() if _has_words(message)}


def untranslated(messages: Iterable[str], language: str) -> list[str]:
    """List the messages without a translation, each once, in their order; numbers and symbols need none."""
    known = translations(language)
    return [message for message in dict.fromkeys(messages) if message not in known and _has_words(message)]


def syntax_trees() -> Iterator[tuple[Path, ast.Module]]:
    """Parse all of the code that speaks to people in their own language."""
    for path in sorted([*(ROOT / "da_core").rglob("*.py"), *(ROOT / "pages").rglob("*.py"), ROOT / "app.py"]):
        if ENGLISH_ONLY not in path.parents:
            yield path, parse(path)


def parse(path: Path) -> ast.Module:
    """Parse one file."""
    code = path.read_text(encoding="utf-8")
    try:
        return ast.parse(code)
    except SystemError:  # before Python 3.11.8, two threads that parse at once can confuse each other (gh-106905)
        return ast.parse(code)


def of_templates() -> dict[str, str]:
    """Collect the messages of exported pages, with the template of each."""
    return {
        str(message[0] if isinstance(message, tuple) else message): f"assets/export/{path.name}"
        for path in TEMPLATES.glob("*.jinja")
        for _line, _function, message in extract_from_ast(environment().parse(path.read_text(encoding="utf-8")))
    }


def of_thing(thing: Any) -> Iterator[str]:
    """List the texts of a data source, a network, a head, a method or a validator."""
    yield from (thing.title, thing.summary, *getattr(thing, "keywords", ()))
    if isinstance(thing, type) and issubclass(thing, Validator):
        yield from filter(None, (thing.fails, thing.cost))
    yield from of_params(thing.Params)


def of_params(kind: type[Params]) -> Iterator[str]:
    """List the texts of hyperparameters in a form: titles and help, units, and the names of choices."""
    for hyper in describe(kind):
        yield from filter(None, (hyper.title, hyper.help, hyper.unit))
        of_field = {choice: f"{hyper.title}: {choice}" for choice in hyper.choices if isinstance(choice, str)}
        yield from (of_field[c] if of_field[c] in translations("zh") else c for c in of_field)


def of_code(tree: ast.Module) -> Iterator[str]:
    """List the messages of one file: in calls, under names and in tables that are shown, and sentences with fields."""
    nodes = list(ast.walk(tree))
    named = {
        target.id: list(_constants(node.value))
        for node in nodes
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    prose = {
        id(part) for node in nodes if isinstance(node, ast.Expr | ast.JoinedStr) for part in ast.iter_child_nodes(node)
    }
    for node in nodes:
        match node:
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=[message, *_]) if name in CALLS:
                yield from named.get(message.id, []) if isinstance(message, ast.Name) else _constants(message)
            case ast.keyword(arg=name, value=value) if name in FIELDS:
                yield from _constants(value)
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.AnnAssign(target=ast.Name(id=name), value=value)
            ):
                texts = value.values if name in TABLES and isinstance(value, ast.Dict) else []
                for text in [value] if name in FIELDS else texts:
                    yield from _constants(text)
            case ast.Constant(value=str(text)) if id(node) not in prose and SENTENCE_WITH_FIELD.match(text):
                yield text


def _constants(node: ast.AST | None) -> Iterator[str]:
    """The texts that an expression may be: a constant, or either side of a choice."""
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.IfExp(body=body, orelse=orelse):
            yield from _constants(body)
            yield from _constants(orelse)


def _has_words(message: str) -> bool:
    return re.search(r"[A-Za-z]{2}", message) is not None
