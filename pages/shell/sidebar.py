"""The sidebar of every screen: the steps of the walk, lab and lessons, the language, and the link to share."""

from __future__ import annotations

from typing import Any

import streamlit as st

from da_core.i18n import LANGUAGES
from pages.session import account, keys, state, words
from pages.session.words import _
from pages.shell import cards, class_link
from pages.shell.navigation import SCREENS, Step, link_to, walk

_SECTIONS: dict[str, tuple[Step, ...]] = {
    "Lab": ("runs", "what_if", "stability", "search", "which_run", "own_benchmark"),
    "Learn": ("playground", "course", "stories"),
    "Practise": ("which_shift", "bug_hunt"),
    "Look up": ("methods", "lesson", "glossary"),
    "Teach": ("lecture_hall", "teaching"),
}
"""What the sidebar has below the walk: screens by the title of their section."""


def draw(here: Step) -> None:
    """Draw the app's name, links to all screens with ``here`` marked, and the tools that every screen has."""
    st.html(
        '<div class="lab-brand"><span class="lab-mark" aria-hidden="true"></span>'
        + _("Domain Adaptation Lab")
        + "</div>"
    )
    query = state.link()
    with st.container(key=keys.SIDEBAR, gap=None):
        link_to("home", _(SCREENS["home"].title), query)
        st.html(f'<div class="lab-sidebar-title">{_("Step by step")}</div>')
        for place, step in enumerate(walk(), start=1):
            key = keys.step_here if step == here else keys.step
            with st.container(key=key(place), gap=None):
                link_to(step, _(SCREENS[step].title), query)
        for title, steps in _SECTIONS.items():
            st.html(f'<div class="lab-sidebar-title">{_(title)}</div>')
            for step in steps:
                link_to(step, _(SCREENS[step].title), query)
    _close_on_a_phone(here)
    with st.container(key=keys.TOOLS):
        cards.segments(_("Language"), LANGUAGES, **_kept(keys.LANGUAGE_SWITCH, keys.LANGUAGE, words.language().code))
        st.toggle(
            _("Everything"),
            help=_("Opens the advanced parts of every screen: all tables, calibration, downloads."),
            **_kept(keys.EVERYTHING_SWITCH, keys.EVERYTHING, state.shows_everything()),
        )
        st.html(f'<button class="lab-hints-again" hidden>{_("Show the hints again")}</button>')
        with class_link.opening(_("Share this link"), keys.SHARED_LINK, 13) as is_open:
            if is_open:
                st.caption(_("Anyone who opens it sees the same experiment, including its seed."))
                class_link.show(state.shared(words.language().code))
        if not state.hidden():  # a class that was given such a link has no need to hand on another
            class_link.draw()
        if account.is_offered():
            _account()


def _close_on_a_phone(here: Step) -> None:
    """Shut the menu once a choice has led to another screen: on a phone it would cover two thirds of it."""
    shut = "document.querySelector('[data-testid=stSidebarCollapseButton] button')?.click()"
    opened = "document.querySelector('[data-testid=stSidebar]')?.dataset.collapsed === 'false'"
    script = f"if (innerWidth < 640 && {opened}) {shut}"
    st.html(f'<script data-screen="{here}">{script}</script>', unsafe_allow_javascript=True)


def _kept(switch: str, key: str, now: object) -> dict[str, Any]:
    """Set a switch, and return the arguments that have it keep what is chosen under ``key``."""
    return state.bound(switch, now, lambda value: st.session_state.update({key: value}))


def _account() -> None:
    """Draw who is signed in and the way out, or the ways in."""
    name = account.signed_in_as()
    if name is None:
        for provider in account.providers():
            label = _("Sign in with {provider}", provider=provider) if provider else _("Sign in")
            if st.button(label, key=keys.sign_in(provider), type="tertiary"):
                st.login(provider or None)
        return
    st.caption(_("Signed in as {name}.", name=words.safe(name)) if name else _("You are signed in."))
    if st.button(_("Sign out"), type="tertiary"):
        st.logout()
