"""Work in the background, in a thread of its own; `pages.session.polling` has how a screen waits for it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import Generic, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


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
