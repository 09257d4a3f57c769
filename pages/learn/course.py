"""The course: the list of chapters with how far the visitor has come, or the chapter that the address asks for."""

from __future__ import annotations

import streamlit as st

from da_core.teaching.course.chapters import Chapter, chapter_names, load_chapter
from da_core.teaching.course.check_questions import check
from pages.learn import course_parts, own_progress, page_turn
from pages.learn.check_form import show_check
from pages.session import keys
from pages.session.words import _, language
from pages.shell import navigation


def contents() -> None:
    """Draw the chapters, those that were read marked, and what was answered and guessed."""
    navigation.header("course")
    done = own_progress.progress()
    read = done.names("chapter", "read")
    with st.container(key=keys.COURSE_LIST, gap=None):
        for place, name in enumerate(chapter_names(), start=1):
            head = load_chapter(name, language().code).head
            with st.container(key=keys.course_entry(name), gap=None):
                navigation.link_to("course", f"{place} · {head.title}", chapter=name)
                mark = f":green-badge[✓ {_('Read')}] " if name in read else ""
                st.markdown(f"{mark}:gray[{_('{minutes} minutes', minutes=head.minutes)}]")
    st.space("small")
    with st.container(horizontal=True, vertical_alignment="center"):
        line = _(
            "Read: {read} of {count} chapters. Checks: {right} right, {wrong} wrong answers. Guesses: {made} made, "
            "{skipped} skipped.",
            read=len(read & set(chapter_names())),
            count=len(chapter_names()),
            right=done.total("check", "right"),
            wrong=done.total("check", "wrong"),
            made=done.total("guess", "made"),
            skipped=done.total("guess", "skipped"),
        )
        st.markdown(f":gray[{line}]", width="content")
        st.button(
            _("Start over"),
            key=keys.COURSE_RESET,
            type="tertiary",
            help=_("Deletes your record of chapters, answers and guesses. Only you can see it."),
            on_click=own_progress.reset,
            disabled=not done.counts,
        )


def draw_chapter(chapter: Chapter) -> None:
    """Draw a chapter: a question on an earlier one, its parts as far as they may be shown, and its check."""
    names = chapter_names()
    place = names.index(chapter.name)
    navigation.begin_at_the_top(chapter.name)
    navigation.link_to("course", "← " + _("All chapters"))
    where = _("Chapter {place} of {count}", place=place + 1, count=len(names))
    minutes = _("{minutes} minutes", minutes=chapter.head.minutes)
    st.html(f'<div class="lab-place">{where} · {minutes}</div>')
    st.title(chapter.head.title, anchor=False)
    if chapter.head.review:
        earlier = load_chapter(check(chapter.head.review).chapter, language().code).head.title
        st.caption(_("First, a question about “{chapter}”", chapter=earlier))
        show_check(chapter.head.review, chapter.name)
    if course_parts.draw(chapter):
        st.subheader(_("Check yourself"), anchor=False)
        if show_check(chapter.head.check, chapter.name) is not None:
            own_progress.note_once("chapter", chapter.name, "read")
    titles = {name: load_chapter(name, language().code).head.title for name in names}
    page_turn.draw("course", "chapter", chapter.name, titles, ("course", _("All chapters")))


page_turn.page("chapter", lambda name: load_chapter(name, language().code), draw_chapter, contents)
