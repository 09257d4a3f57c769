"""Slow down polling when many screens are open, so that a class does not keep the server busy."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

_UNSEEN = 5.0
"""Seconds beyond two of its looks after which a screen that has not looked is gone."""


class SharedPace:
    """Shares ``most`` looks a second among all screens that look; none looks more often than each ``least`` seconds.

    A look costs the server a part of a page, whoever looks. Safe to use from many threads.
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
