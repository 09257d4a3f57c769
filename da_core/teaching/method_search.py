"""Find methods by what a person types: a name, a paper, or an idea, in either language."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from da_core.errors import UserError
from da_core.i18n import LANGUAGES, Language
from da_core.methods.base import Method
from da_core.teaching import lesson_file
from da_core.teaching.families import KINDS, kind_of


def search(methods: Iterable[type[Method]], query: str) -> list[type[Method]]:
    """List the methods whose name, paper or summary has every word of ``query``; if there are none, whose lesson has.

    An empty query finds all.
    """
    words, known = query.casefold().split(), list(methods)
    named = [method for method in known if all(word in _names(method) for word in words)]
    return named or [method for method in known if all(word in _lessons(method.name()) for word in words)]


def _names(method: type[Method]) -> str:
    said = [method.title, method.summary, *method.keywords, KINDS.get(kind_of(method), "")]
    translated = [Language(code).word(text) for code in LANGUAGES for text in said]
    return "\n".join([method.name(), method.paper, *translated]).casefold()


@cache
def _lessons(name: str) -> str:
    """Read what the lessons say of a method; one that has none is found by its name alone."""
    found = []
    for code in LANGUAGES:
        try:
            lesson = lesson_file.load(name, code)
        except UserError:
            continue
        found += [lesson.idea, *lesson.helps]
    return "\n".join(found).casefold()
