"""The rail beside every screen: where one is in the walk, the lessons, the language, and the link to share."""

from __future__ import annotations

from urllib.parse import urlencode

import streamlit as st

from pages.session import state, words
from pages.session.words import _
from pages.shell.navigation import SCREENS, WALK, Step, go

_LANGUAGE = "lab-language"


def draw(here: Step) -> None:
    """Name of the house, the steps, and what belongs to every screen."""
    st.html(
        '<div class="lab-brand"><span class="lab-mark" aria-hidden="true"></span>'
        + _("Domain Adaptation Lab")
        + "</div>"
    )
    with st.container(key="lab-rail", gap=None):
        go("home", _(SCREENS["home"].title))
        st.html(f'<div class="lab-rail-title">{_("The walk")}</div>')
        for place, step in enumerate(WALK, start=1):
            with st.container(key=f"lab-step-{place}" + ("-here" if step == here else ""), gap=None):
                go(step, _(SCREENS[step].title))
        st.html(f'<div class="lab-rail-title">{_("Lab")}</div>')
        go("runs", _(SCREENS["runs"].title))
        go("stability", _(SCREENS["stability"].title))
        st.html(f'<div class="lab-rail-title">{_("Learn")}</div>')
        go("methods", _(SCREENS["methods"].title))
        go("lesson", _(SCREENS["lesson"].title))
    with st.container(key="lab-tools"):
        _switch_language()
        _share()


def _switch_language() -> None:
    names = words.LANGUAGES
    if st.session_state.get(_LANGUAGE) != words.language():
        st.session_state[_LANGUAGE] = words.language()
    st.segmented_control(
        _("Language"),
        list(names),
        format_func=names.__getitem__,
        required=True,
        key=_LANGUAGE,
        on_change=_follow_language,
        label_visibility="collapsed",
    )


def _follow_language() -> None:
    st.session_state[words.CHOSEN] = st.session_state[_LANGUAGE]


def _share() -> None:
    with st.popover(_("Share this link"), type="tertiary"):
        st.caption(_("Whoever opens it sees the same experiment, with its seed."))
        query = urlencode(state.address())
        st.code(f"{st.context.url or ''}{'?' if query else ''}{query}", language=None, wrap_lines=True)
