"""Limit guesses at links and codes: how many different wrong ones an address may try in a while."""

from __future__ import annotations

import ipaddress
import threading
import time
from collections.abc import Callable

from cachetools import LRUCache

_ADDRESSES = 1000
"""Addresses that are remembered: those with the latest wrong guesses."""
_LONGEST = 64


class GuessLimiter:
    """Block addresses with ``most`` different wrong guesses within ``seconds`` of ``clock``.

    Only different guesses count: when a whole class behind one address opens the same dead link, that is one.
    Safe to use from many threads.
    """

    def __init__(self, most: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._seconds, self._clock = most, seconds, clock
        self._lock = threading.Lock()
        self._missed: LRUCache[str, dict[str, float]] = LRUCache(_ADDRESSES)

    def is_blocked(self, address: str) -> bool:
        """Tell whether this address has guessed too often, so that nothing is looked up for it now."""
        since = self._clock() - self._seconds
        with self._lock:
            return sum(when > since for when in self._missed.get(_network(address), {}).values()) >= self._most

    def record(self, address: str, guess: str) -> None:
        """Record that a guess of this address was wrong."""
        now, network = self._clock(), _network(address)
        with self._lock:
            missed = {one: when for one, when in self._missed.pop(network, {}).items() if when > now - self._seconds}
            if len(missed) < self._most:
                missed[guess[:_LONGEST]] = now
            self._missed[network] = missed


def _network(address: str) -> str:
    """Return what one connection has: an address, or of IPv6 the first half, whose second half it may choose."""
    try:
        read = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((read, 64), strict=False)) if read.version == 6 else str(read)
