"""Find methods by what a person types: a name, a paper, or an idea, in either language."""

from __future__ import annotations

import operator
from collections.abc import Iterable

from da_core.errors import UserError
from da_core.i18n import LANGUAGES, Language
from da_core.methods.base import Method
from da_core.teaching.lessons import lesson_file
from da_core.teaching.lessons.families import KINDS, kind_of


def search(methods: Iterable[type[Method]], query: str) -> list[type[Method]]:
    """List the methods whose name, paper or summary has every word of ``query``; if there are none, whose lesson has.

    An empty query finds all. Chinese is written without spaces: a word that is found nowhere as a whole is looked for
    by its pairs of characters.
    """
    words, known = query.casefold().split(), list(methods)
    for has in (operator.contains, _has_mostly):
        for text in (_names, _lessons):
            matches = [method for method in known if all(has(text(method), word) for word in words)]
            if matches:
                return matches
    return []


def _has_mostly(text: str, word: str) -> bool:
    """Tell whether a text has half of a Chinese word's pairs of characters: pairs across two words may be missing."""
    if not all("\u4e00" <= character <= "\u9fff" for character in word):
        return word in text
    pairs = [word[at : at + 2] for at in range(len(word) - 1)] or [word]
    return 2 * sum(pair in text for pair in pairs) >= len(pairs)


def _names(method: type[Method]) -> str:
    names = [method.title, method.summary, *method.keywords, KINDS.get(kind_of(method), "")]
    translated = [Language(code).word(text) for code in LANGUAGES for text in names]
    return "\n".join([method.name(), method.paper, *translated]).casefold()


def _lessons(method: type[Method]) -> str:
    """Read what the lessons say of a method; one that has none is found by its name alone."""
    parts = []
    for code in LANGUAGES:
        try:
            lesson = lesson_file.load(method.name(), code)
        except UserError:
            continue
        parts += [lesson.idea, *lesson.helps]
    return "\n".join(parts).casefold()
