"""Work in the background, and how a screen waits for it: nothing else says how often a screen looks again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from threading import Lock
from typing import Any, Generic, ParamSpec, TypeVar

import streamlit as st

P = ParamSpec("P")
T = TypeVar("T")

POLL = 0.5
"""Seconds between two looks of a screen at something that goes on."""
_MOMENT = 0.5
"""Seconds that a screen waits for work that may be quick, rather than draw itself twice."""


class Background(Generic[P, T]):
    """A thread that makes one thing after another, each once, and remembers the ``keep`` that were asked for last.

    ``make`` runs outside any session: it must not touch Streamlit.
    """

    def __init__(self, make: Callable[P, T], *, keep: int) -> None:
        self._make = make
        self._keep = keep
        self._work: OrderedDict[Hashable, Future[T]] = OrderedDict()
        self._lock = Lock()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=make.__name__)

    def submit(self, key: Hashable, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Return the work that ``key`` names, begun with the arguments if it is not remembered."""
        with self._lock:
            if key not in self._work:
                self._work[key] = self._thread.submit(self._make, *args, **kwargs)
                while len(self._work) > self._keep:
                    self._work.popitem(last=False)
            self._work.move_to_end(key)
            return self._work[key]

    def forget(self, key: Hashable) -> None:
        """Make it anew the next time that it is asked for."""
        with self._lock:
            self._work.pop(key, None)

    def wait_idle(self, timeout: float | None = None) -> None:
        """Return once all that was submitted before has ended. Raises `TimeoutError` after so many seconds."""
        self._thread.submit(int).result(timeout)  # the thread comes to this last


def wait_a_moment(work: Future[Any]) -> None:
    """Return when the work has ended, or after a moment."""
    wait([work], timeout=_MOMENT)


def when_ready(work: Future[T], draw: Callable[[T], None], waiting: str) -> None:
    """Draw the result of ``work``; until there is one the line ``waiting``, after which the whole page runs again."""
    wait_a_moment(work)
    if work.done():
        draw(work.result())
        return

    def look() -> None:
        if work.done():
            st.rerun()
        st.caption(waiting)

    st.fragment(look, run_every=POLL)()


def follow(read: Callable[[], T], is_over: Callable[[T], bool], draw: Callable[[T], None], *, was_over: bool) -> None:
    """Draw what ``read`` returns, again and again until it is over; a widget in the drawing draws it alone again.

    ``was_over`` is what the page has seen. Once it is no longer so, the whole page runs again.
    """

    def look() -> None:
        now = read()
        if is_over(now) != was_over:
            st.rerun()
        draw(now)

    st.fragment(look, run_every=None if was_over else POLL)()
