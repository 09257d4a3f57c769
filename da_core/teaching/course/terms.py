"""The words of the field in both languages, each with what it means and where to learn more.

They stand in ``assets/course/glossary.yaml``, by name.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping

from da_core.teaching.course.bilingual import COURSE, Bilingual, Entry, read_file

FILE = COURSE / "glossary.yaml"


class OtherForms(Entry):
    """Other forms under which a text may have a term."""

    en: tuple[str, ...] = ()
    zh: tuple[str, ...] = ()


class Term(Entry):
    """A term, what it means, and the chapter and the method's lesson that have more of it."""

    term: Bilingual
    means: Bilingual
    also: OtherForms = OtherForms()
    chapter: str = ""
    lesson: str = ""

    def forms(self, language: str) -> tuple[str, ...]:
        """List all forms of the term in a language."""
        return (self.term.text(language), *(self.also.zh if language == "zh" else self.also.en))


@functools.cache
def glossary() -> Mapping[str, Term]:
    """Read all terms by name. Raises `UserError` for a file that is not as it should be."""
    return read_file(FILE, dict[str, Term])


def search_terms(words: str, language: str) -> dict[str, Term]:
    """Find the terms that have these words in either language or in their meaning, in the language's order."""
    query = words.strip().casefold()
    matches = {
        name: term
        for name, term in glossary().items()
        if query in " ".join((*term.forms("en"), *term.forms("zh"), term.means.text(language))).casefold()
    }
    if language == "zh":  # no order of the alphabet is expected; related terms stand together in the file
        return matches
    return dict(sorted(matches.items(), key=lambda item: item[1].term.en.casefold()))
