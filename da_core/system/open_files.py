"""Raise the limit of this process's open files and connections."""

from __future__ import annotations

import logging
import sys

log = logging.getLogger(__name__)

_MOST = 10_240
"""What is asked for where nothing is forbidden: macOS gives no more, and it is enough for 2,500 visitors."""


def allow_many() -> None:
    """Raise the process's limit of open files to what the machine allows it.

    A visitor takes four: a connection, and the three of the event loop that Streamlit keeps for each session, also for
    the 128 that left last. The usual limit of 1024 refuses the 253rd.
    """
    if sys.platform == "win32":  # has no such limit
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = _MOST if hard == resource.RLIM_INFINITY else hard
    if soft == resource.RLIM_INFINITY or soft >= limit:
        return
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
    except (ValueError, OSError):
        log.warning("the limit of open files remains %d", soft, exc_info=True)
