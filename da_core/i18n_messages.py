"""Every message that a person may meet, collected from the code and the registries: what has to be translated."""

from __future__ import annotations

import ast
import io
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from babel.messages.pofile import read_po, write_po
from jinja2.ext import extract_from_ast

from da_core.data.sources import sources
from da_core.evaluation.validators import validators
from da_core.evaluation.validators.validator import Validator
from da_core.experiment import TrainingSpec
from da_core.i18n import translations, translations_file
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
TABLES = {"TEXTS", "COLOURS", "PANELS", "TERMS", "GROUPS", "DEVICES", "MODEL_TITLES"}
"""Dictionaries whose values are shown to people."""
SENTENCE = re.compile(r"^[A-Z“{][^\n]*\s[^\n]*\s[^\n]*[.?!]$")


def collect() -> dict[str, str]:
    """Collect every message, with a file where it is used."""
    places = dict.fromkeys(of_params(TrainingSpec), "da_core/experiment.py")
    for thing in _registered():
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


def write_places(language: str) -> list[str]:
    """Write each message's source line into a language's file; return the messages that are no longer used.

    The comment at the file's head, on the words to use, and the order of the messages stay.
    """
    path, places = translations_file(language), collect()
    head, _blank, _rest = path.read_text(encoding="utf-8").partition("\n\n")
    with path.open("rb") as file:
        catalogue = read_po(file, locale=language, charset="utf-8")
    messages = [message for message in catalogue if message.id]
    for message in messages:
        message.locations = [(places[str(message.id)], 0)] if message.id in places else []
    written = io.BytesIO()
    write_po(written, catalogue, width=0, omit_header=True, include_lineno=False)
    path.write_text(f"{head}\n\n{written.getvalue().decode().strip()}\n", encoding="utf-8")
    return [str(message.id) for message in messages if not message.locations]


def of_templates() -> dict[str, str]:
    """Collect the messages of exported pages, with the template of each."""
    return {
        str(message[0] if isinstance(message, tuple) else message): f"assets/export/{path.name}"
        for path in TEMPLATES.glob("*.jinja")
        for _line, _function, message in extract_from_ast(environment().parse(path.read_text(encoding="utf-8")))
    }


def _registered() -> list[Any]:
    networks_and_heads = (*networks().values(), *preparation.kinds().values(), *heads().values())
    return [*sources().values(), *networks_and_heads, *methods().values(), *validators().values()]


def of_registries() -> Iterator[str]:
    """List the texts of data sources, networks, steps of preparation, heads, methods, validators and training."""
    for thing in _registered():
        yield from of_thing(thing)
    yield from of_params(TrainingSpec)


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
    """List the messages of one file: in calls, under names, in shown attributes, and what reads like a message."""
    yield from _in_calls_and_attributes(tree)
    yield from _with_fields(tree)


def _in_calls_and_attributes(tree: ast.Module) -> Iterator[str]:
    named = {
        target.id: list(_constants(node.value))
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            if name in CALLS and node.args:
                message = node.args[0]
                yield from named.get(message.id, []) if isinstance(message, ast.Name) else _constants(message)
            for keyword in node.keywords:
                if keyword.arg in FIELDS:
                    yield from _constants(keyword.value)
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Dict):
            names = [ast.unparse(name) for name in (node.targets if isinstance(node, ast.Assign) else [node.target])]
            for value in node.value.values if TABLES.intersection(names) else ():
                yield from _constants(value)
        if isinstance(node, ast.ClassDef):
            for line in node.body:
                if isinstance(line, ast.Assign) and getattr(line.targets[0], "id", None) in FIELDS:
                    yield from _constants(line.value)


def _with_fields(tree: ast.Module) -> Iterator[str]:
    """Sentences with ``{fields}``, wherever they stand: constants, arguments handed on."""
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and node.body
        if isinstance(node.body[0], ast.Expr)
    }
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in docstrings | inside
            and re.search(r"\{\w+\}", node.value)
            and SENTENCE.match(node.value)
        ):
            yield node.value


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
