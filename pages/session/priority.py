"""Give an instructor's runs priority, and recognise an instructor."""

from __future__ import annotations

from da_core.errors import UserError
from da_core.settings import settings
from da_core.teaching.hall.followers import followers
from da_core.teaching.hall.rooms import rooms


def is_instructor(visitor: str, email: str | None = None) -> bool:
    """Tell whether a visitor teaches here: by their e-mail address in the settings, or before a class that follows.

    To open a room makes nobody an instructor; a room that is followed by as many as the settings say does. One person
    with many browsers can pretend that, and gains every second turn at most (see `da_core.jobs.scheduling.fair_queue`).
    """
    if email is not None and email in settings().instructors:
        return True
    least = settings().priority_followers
    return least > 0 and any(_leads(visitor, room_id) for room_id in followers().rooms(least))


def _leads(visitor: str, room_id: str) -> bool:
    try:
        return rooms().get(room_id).is_owned_by(visitor)
    except UserError:  # closed meanwhile, or the database does not answer
        return False
