"""Work in the background, in threads of its own; `pages.session.polling` has how a screen waits for it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial
from threading import Lock
from typing import Generic, ParamSpec, TypeVar
from weakref import WeakKeyDictionary

from cachetools import LRUCache

P = ParamSpec("P")
T = TypeVar("T")


class Background(Generic[P, T]):
    """Makes one thing after another in ``threads`` threads, each once, and remembers the ``keep`` asked for last.

    ``make`` runs outside any session: it must not touch Streamlit.
    """

    def __init__(self, make: Callable[P, T], *, keep: int, threads: int = 1) -> None:
        self._make = make
        self._work: LRUCache[Hashable, Future[T]] = LRUCache(keep)
        self._lanes: dict[Hashable, deque[tuple[Future[T], Callable[[], T]]]] = {}
        self._began: WeakKeyDictionary[Future[T], float] = WeakKeyDictionary()
        self._lock = Lock()
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix=make.__name__)

    def submit(self, key: Hashable, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Return the work that ``key`` names, begun with the arguments if it is not remembered."""
        return self.submit_in_lane(key, key, *args, **kwargs)

    def submit_in_lane(self, lane: Hashable, key: Hashable, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Do `submit`; of one ``lane`` one thing is made at a time, so that it leaves threads to others."""
        with self._lock:
            if key not in self._work:
                work = self._work[key] = Future[T]()
                waiting = self._lanes.setdefault(lane, deque())
                waiting.append((work, partial(self._make, *args, **kwargs)))
                if len(waiting) == 1:
                    self._threads.submit(self._make_next, lane)
            return self._work[key]

    def seconds(self, work: Future[T]) -> float | None:
        """Return for how long work has been under way; None while it waits."""
        began = self._began.get(work)
        return None if began is None else time.monotonic() - began

    def forget(self, key: Hashable) -> None:
        """Recompute it at the next request."""
        with self._lock:
            self._work.pop(key, None)

    def wait_idle(self, timeout: float | None = None) -> None:
        """Wait until all that was submitted before has ended. Raises `TimeoutError` after ``timeout`` seconds."""
        with self._lock:
            waiting = [work for lane in self._lanes.values() for work, _ in lane]
        if wait(waiting, timeout).not_done:
            raise TimeoutError

    def _make_next(self, lane: Hashable) -> None:
        waiting = self._lanes[lane]
        work, make = waiting[0]
        self._began[work] = time.monotonic()
        try:
            work.set_result(make())
        except BaseException as error:
            work.set_exception(error)
        with self._lock:
            waiting.popleft()
            if waiting:
                self._threads.submit(self._make_next, lane)  # behind those of other lanes
            else:
                del self._lanes[lane]
