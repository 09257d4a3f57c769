"""Poll from a screen, for background work or a run; all intervals are defined here."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import Any, TypeVar

import streamlit as st

from pages.session import state
from pages.session.pace import SharedPace, is_another
from pages.session.words import language, speaking

T = TypeVar("T")

POLL = 0.5
"""Seconds between two looks of a screen at something that goes on: live curves, downloads, studies."""
_PACE = SharedPace(most=10.0, least=POLL)
"""Of the screens that follow something: up to five look each `POLL`, a class of 250 each 25 seconds."""
_MOMENT = 0.5
"""Seconds that a screen waits for work that may be quick, rather than draw itself twice."""


def wait_a_moment(work: Future[Any]) -> None:
    """Return when the work has ended, or after a moment."""
    wait([work], timeout=_MOMENT)


def when_ready(work: Future[T], draw: Callable[[T], None], waiting: str | Callable[[], None]) -> None:
    """Draw the result of ``work``; until there is one ``waiting``, a line or a function that draws."""
    wait_a_moment(work)
    if work.done():
        draw(work.result())
        return

    def look() -> None:
        if work.done():
            st.rerun()
        if isinstance(waiting, str):
            st.caption(waiting)
        else:
            waiting()

    st.fragment(look, run_every=POLL)()


def follow(read: Callable[[], T], is_over: Callable[[T], bool], draw: Callable[[T], None], *, was_over: bool) -> None:
    """Draw what ``read`` returns, again and again until it is over; a widget in the drawing draws it alone again.

    ``was_over`` is what the page has seen. Once it is no longer so, the whole page runs again; so it does once many
    more or fewer follow something, at another pace then.
    """
    who = state.session_name()
    pace = None if was_over else _PACE.seconds(who)

    def look() -> None:
        now = read()
        if is_over(now) != was_over or (pace is not None and is_another(_PACE.seconds(who), pace)):
            st.rerun()
        with speaking(language()):  # asked once a look
            draw(now)

    st.fragment(look, run_every=pace)()
