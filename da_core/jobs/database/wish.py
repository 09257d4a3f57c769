"""What a visitor asks of a run that is not over; where another server drives the run it waits in the database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from da_core.jobs.owners import OwnerDigest

Control = Literal["pause", "resume", "stop", "finish_early"]
"""What an owner may ask; “stop” takes that owner off the run, and ends it with the last one."""
Join = Literal["join", "join_behind", "join_ahead"]
"""To be one of its owners, in what place in the queue; see `Queue.submit`."""
Wish = Control | Join | Literal["renew"]
"""“renew” says that somebody is looking, and keeps the run alive."""


@dataclass(frozen=True)
class PlacedWish:
    """A wish that the server which drives the run has not fulfilled yet."""

    wish_id: str
    run_id: str
    owner: OwnerDigest
    wish: Wish
