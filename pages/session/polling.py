"""Poll from a screen, for background work or a run; all intervals are defined here."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import Any, TypeVar

import streamlit as st

from pages.session import state
from pages.session.words import language, speaking

T = TypeVar("T")

_UNSEEN = 5.0
"""Seconds beyond two of its looks after which a screen that has not looked is gone."""


class SharedPace:
    """Shares ``most`` looks a second among all screens that look; none looks more often than each ``least`` seconds.

    A look costs the server a part of a page, the same for every visitor. Safe to use from many threads.
    """

    def __init__(self, most: float, least: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._least, self._clock = most, least, clock
        self._gone_at: dict[str, float] = {}
        self._swept = clock()
        self._lock = threading.Lock()

    def seconds(self, who: str) -> float:
        """Note that ``who`` looks, and return the seconds that it should leave between two looks."""
        now = self._clock()
        with self._lock:
            if now - self._swept > self._least:
                self._gone_at = {name: gone_at for name, gone_at in self._gone_at.items() if gone_at > now}
                self._swept = now
            watchers = len(self._gone_at.keys() | {who})
            seconds = max(self._least, watchers / self._most)
            self._gone_at[who] = now + 2 * seconds + _UNSEEN
            return seconds


def is_another(now: float, agreed: float) -> bool:
    """Tell whether a pace differs so much from the agreed one that it is worth another run of the page."""
    return now > 2 * agreed or now < agreed / 4


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


def follow(
    read: Callable[[], T | None], is_over: Callable[[T], bool], draw: Callable[[T], None], *, was_over: bool
) -> None:
    """Draw what ``read`` returns, again and again until it is over; a widget in the drawing draws it alone again.

    ``was_over`` is what the page has seen. Once it is no longer so, or ``read`` returns None because it has been
    removed, the whole page runs again; so it does once many more or fewer follow something, at another pace then.
    """
    who = state.session_name()
    pace = None if was_over else _PACE.seconds(who)

    def look() -> None:
        now = read()
        if now is None or is_over(now) != was_over or (pace is not None and is_another(_PACE.seconds(who), pace)):
            st.rerun()
        with speaking(language()):  # asked once a look
            draw(now)

    st.fragment(look, run_every=pace)()
