"""Every sentence that a person may meet has a Chinese translation, and it fills the same fields."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from da_core.data.sources import sources
from da_core.experiment import TrainingSpec
from da_core.methods import methods
from da_core.networks import networks
from da_core.params import describe
from pages.session.words import translations

ROOT = Path(__file__).parents[2]
SAYING = {
    "_": 0,
    "translate": 0,
    "translate_message": 0,
    "UserError": 0,
    "UnknownNameError": 0,
    "Notice": 0,
    "UnusableError": 0,
    "UnreachableError": 0,
}
"""Calls whose argument at this place is a message."""
SHOWN_FIELDS = {"title", "summary", "help", "origin", "licence", "evidence", "advice"}
"""Keywords and class attributes that are shown to people."""
SENTENCE = re.compile(r"^[A-Z“{][^\n]*\s[^\n]*\s[^\n]*[.?!]$")


def trees() -> Iterator[tuple[Path, ast.Module]]:
    """All of the code but the command line's, which speaks English."""
    for path in sorted([*(ROOT / "da_core").rglob("*.py"), *(ROOT / "pages").rglob("*.py"), ROOT / "app.py"]):
        if path.name == "__main__.py":
            continue
        yield path, ast.parse(path.read_text(encoding="utf-8"))


def constants(node: ast.AST | None) -> Iterator[str]:
    """The texts that an expression may be: a constant, or either side of a choice."""
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.IfExp(body=body, orelse=orelse):
            yield from constants(body)
            yield from constants(orelse)


def spoken(tree: ast.Module) -> Iterator[str]:
    """What the code of one file says: messages in calls, under names, and shown attributes."""
    named = {
        target.id: list(constants(node.value))
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            if name in SAYING and len(node.args) > SAYING[name]:
                said = node.args[SAYING[name]]
                yield from named.get(said.id, []) if isinstance(said, ast.Name) else constants(said)
            for keyword in node.keywords:
                if keyword.arg in SHOWN_FIELDS:
                    yield from constants(keyword.value)
        if isinstance(node, ast.ClassDef):
            for line in node.body:
                if isinstance(line, ast.Assign) and line.targets[0].id in SHOWN_FIELDS:
                    yield from constants(line.value)


def sentences(tree: ast.Module) -> Iterator[str]:
    """Texts with fields that read like a message, wherever they stand: constants, arguments handed on."""
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and node.body
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


def of_registries() -> Iterator[str]:
    """What the forms show: titles and help of every field, units, and the names of choices."""
    kinds: list[Any] = [*sources().values(), *networks().values(), *methods().values()]
    for one in kinds:
        yield from (one.title, one.summary)
    for params in [*(one.Params for one in kinds), TrainingSpec]:
        for hyper in describe(params):
            yield from filter(None, (hyper.title, hyper.help, hyper.unit))
            by_field = {choice: f"{hyper.title}: {choice}" for choice in hyper.choices if isinstance(choice, str)}
            yield from (by_field[c] if by_field[c] in translations("zh") else c for c in by_field)


def wanted() -> dict[str, str]:
    """Every message, and a place where it is said."""
    found = dict.fromkeys(of_registries(), "a registry")
    for path, tree in trees():
        found |= {m: str(path.relative_to(ROOT)) for m in (*spoken(tree), *sentences(tree))}
    return {message: place for message, place in found.items() if re.search(r"[A-Za-z]{2}", message)}


def test_every_message_is_translated() -> None:
    known = translations("zh")
    missing = {message: place for message, place in wanted().items() if message not in known}
    assert not missing, "\n".join(f"{place}: {message}" for message, place in missing.items())


@pytest.mark.parametrize("language", ["zh"])
def test_translations_fill_the_same_fields(language: str) -> None:
    def fields(text: str) -> set[str]:
        return set(re.findall(r"\{(\w*)\}", text))

    different = {m: t for m, t in translations(language).items() if fields(m) != fields(t)}
    assert not different


def test_no_translation_is_of_something_that_nobody_says() -> None:
    said = {
        node.value
        for _path, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert not set(translations("zh")) - said - set(of_registries())
