"""Tell which servers live: each writes a changing number, and one that stands still for too long is gone."""

from __future__ import annotations

import os
import secrets
import socket
import time
from collections.abc import Callable

_KEPT = 10_000
"""Heartbeats that are remembered; the oldest go first."""
LEFT = 0.0
"""The heartbeat of what a server has left on purpose."""


def new_server_name() -> str:
    """Make a name for a server that tells its machine and process."""
    return f"{socket.gethostname()}/{os.getpid()}/{secrets.token_hex(8)}"


class Heartbeats:
    """The last heartbeats that one server has seen of the others.

    Two servers' clocks are never compared: one may be an hour off, or jump. What counts is for how long a heartbeat has
    not changed, by this server's ``stopwatch``.
    """

    def __init__(self, silent_seconds: float, stopwatch: Callable[[], float] = time.monotonic) -> None:
        self._silent_seconds = silent_seconds
        self._stopwatch = stopwatch
        self._last_seen: dict[tuple[str, float], float] = {}

    def is_silent(self, server: str, heartbeat: float) -> bool:
        """Tell whether a server is gone: it has left or died, or its heartbeat stands still."""
        if heartbeat == LEFT or has_died(server):
            return True
        now = self._stopwatch()
        since = self._last_seen.setdefault((server, heartbeat), now)
        while len(self._last_seen) > _KEPT:
            del self._last_seen[next(iter(self._last_seen))]
        return now - since >= self._silent_seconds


def has_died(server: str) -> bool:
    """Tell whether a server of this machine has ended; of another machine nobody here can say."""
    host, pid, _token = server.rsplit("/", 2)
    if host != socket.gethostname():
        return False
    if int(pid) == os.getpid():  # the number has come round: that server is not this one
        return True
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
