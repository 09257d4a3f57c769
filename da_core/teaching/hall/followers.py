"""Count the followers of each room: visitors that requested its state a moment ago. In memory only."""

from __future__ import annotations

import functools
import threading
import time
from collections import Counter
from collections.abc import Callable

from cachetools import TTLCache

from da_core.jobs.owners import digest

HERE_SECONDS = 60.0
"""Who has asked within so many seconds follows; a page that is open asks at least every twenty."""
_KEPT = 5000


class Followers:
    """The followers of all rooms of one server. Safe to use from many threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._seen: TTLCache[tuple[str, str], None] = TTLCache(_KEPT, HERE_SECONDS, timer=clock)
        self._lock = threading.Lock()

    def note(self, room_id: str, visitor: str) -> None:
        """Note that a visitor follows a room."""
        with self._lock:
            self._seen[room_id, digest(visitor)] = None

    def rooms(self, least: int) -> list[str]:
        """List the rooms that ``least`` visitors or more follow now."""
        with self._lock:
            counts = Counter(room_id for room_id, _visitor in self._seen)
        return [room_id for room_id, count in counts.items() if count >= least]


@functools.cache
def followers() -> Followers:
    """Return the followers of this process's rooms."""
    return Followers()
