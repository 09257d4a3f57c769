"""Searches in the background: the next settings depend on the scores of all before, so they go one at a time."""

from __future__ import annotations

import functools

from da_core.jobs.background_work import BackgroundWork, WorkView
from da_core.several_runs.search import Search
from da_core.several_runs.tried import SearchRun, Tried

SearchView = WorkView[Search, SearchRun, Tried]


class Searches(BackgroundWork[Search, SearchRun, Tried]):
    """The visitors' searches."""

    kind = "search"
    plan_type = Search
    outcome_type = Tried


@functools.cache
def searches() -> Searches:
    """Return the searches of this process."""
    return Searches()
