"""Guesses at what only a link or a code opens: how many different ones an address has tried in vain of late."""

from __future__ import annotations

import ipaddress
import threading
import time
from collections.abc import Callable

from cachetools import LRUCache

_ADDRESSES = 1000
"""Addresses that are remembered, those that missed last."""
_LONGEST = 64


class Misses:
    """What addresses have asked for and is not there. Safe to use from many threads.

    Only different misses count: when a whole class, behind one address, opens a link that is dead, that is one. Of
    ``most`` in ``seconds`` of ``clock`` one says that they are many.
    """

    def __init__(self, most: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._seconds, self._clock = most, seconds, clock
        self._lock = threading.Lock()
        self._missed: LRUCache[str, dict[str, float]] = LRUCache(_ADDRESSES)

    def are_many(self, address: str) -> bool:
        """Tell whether this address guesses, so that nothing shall be looked up for it now."""
        since = self._clock() - self._seconds
        with self._lock:
            return sum(when > since for when in self._missed.get(_network(address), {}).values()) >= self._most

    def note(self, address: str, what: str) -> None:
        """Remember that there is no such thing as this address has asked for."""
        now, network = self._clock(), _network(address)
        with self._lock:
            missed = {one: when for one, when in self._missed.pop(network, {}).items() if when > now - self._seconds}
            if len(missed) < self._most:
                missed[what[:_LONGEST]] = now
            self._missed[network] = missed


def _network(address: str) -> str:
    """Return what one connection has: an address, or of IPv6 the first half, whose second half it may choose."""
    try:
        read = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((read, 64), strict=False)) if read.version == 6 else str(read)
