"""The glossary: each term in both languages, what it means, and where the course and the lessons have more of it."""

from __future__ import annotations

from html import escape

import streamlit as st

from da_core.i18n import LANGUAGES
from da_core.teaching.course.chapters import load_chapter
from da_core.teaching.course.terms import Term, search_terms
from da_core.teaching.lessons.method_search import search
from pages.session import keys
from pages.session.words import _, language, safe
from pages.shell import navigation

MOST_LESSONS = 5
"""Methods that a search finds beside the terms."""


def entry(name: str, term: Term) -> None:
    """Draw one term; the class of its heading is where links to it lead."""
    here = language().code
    translations = " · ".join(
        f'<span lang="{code}">{escape(term.term.text(code))}</span>' for code in LANGUAGES if code != here
    )
    with st.container(gap=None):
        st.html(
            f'<div class="lab-term" data-term="{name}" tabindex="-1">'
            f"<b>{escape(term.term.text(here))}</b> {translations}</div>"
        )
        st.markdown(term.means.text(here))
        with st.container(horizontal=True):
            if term.chapter:
                title = load_chapter(term.chapter, here).head.title
                navigation.link_to("course", _("Chapter: {title}", title=title), chapter=term.chapter)
            if term.lesson:
                navigation.link_to(
                    "lesson", _("Lesson: {method}", method=_(methods()[term.lesson].title)), lesson=term.lesson
                )


navigation.header("glossary")
with st.spinner(_("Loading the methods…")):
    from da_core.methods import methods
typed = st.text_input(
    _("Search for a term"),
    placeholder=_("Search for a term"),
    key=keys.GLOSSARY_SEARCH,
    label_visibility="collapsed",
    width=280,
)
terms = search_terms(typed, language().code)
if not terms:
    st.info(_("No term contains “{words}”.", words=safe(typed.strip())))
for method in search(methods().values(), typed)[:MOST_LESSONS] if typed.strip() else ():
    navigation.link_to("lesson", _("Lesson: {method}", method=_(method.title)), lesson=method.name())
for its_name, its_term in terms.items():
    entry(its_name, its_term)
