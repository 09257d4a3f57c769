"""The glossary leads to chapters and lessons that are there, and no form is two terms'."""

from __future__ import annotations

from collections import Counter

import pytest

from da_core.i18n import LANGUAGES
from da_core.methods import methods
from da_core.teaching.course.chapters import chapter_names
from da_core.teaching.course.terms import glossary, search_terms


def test_every_term_leads_to_what_is_there() -> None:
    terms = glossary().values()
    assert {term.lesson for term in terms} - {""} <= set(methods())
    assert {term.chapter for term in terms} - {""} <= set(chapter_names())


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_form_is_two_terms(language: str) -> None:
    forms = Counter(form.casefold() for term in glossary().values() for form in term.forms(language))
    assert [form for form, times in forms.items() if times > 1] == []


def test_a_term_is_found_by_either_language_and_by_its_meaning() -> None:
    assert list(search_terms("负迁移", "en")) == ["negative_transfer"]
    assert list(search_terms("negative transfer", "zh")) == ["negative_transfer"]
    assert "oracle" in search_terms("ceiling", "en")
    assert search_terms("no such word", "en") == {}
    titles = [term.term.en.casefold() for term in search_terms("", "en").values()]
    assert titles == sorted(titles)
    assert len(titles) == len(glossary())
