"""Links to runs that are not there: who follows many different ones guesses, and is asked to wait."""

from __future__ import annotations

import streamlit as st

from da_core.errors import UserError
from da_core.jobs.guess_limiter import GuessLimiter
from da_core.jobs.queue import queue
from da_core.jobs.store import store
from pages.session import keys, state

MOST_UNKNOWN_LINKS = 300
UNKNOWN_LINK_SECONDS = 300.0
"""So many different dead links from one address in so many seconds, and none is followed for it until they are over.

A lecture hall of 300 behind one address may each have a dead link of their own; one that all were given counts once.
At one guess a second the 77 random bits of a run's id would take longer than the universe has been there.
"""

limiter = GuessLimiter(MOST_UNKNOWN_LINKS, UNKNOWN_LINK_SECONDS)


def address() -> str | None:
    """Return where this session's browser is; None where it is at the server's own machine."""
    return st.context.ip_address


def check() -> None:
    """Note the runs of this session's link that are not there; take them out of it once its address has missed many.

    A run that this session has found before stays open.
    """
    here = address()
    known: set[str] = st.session_state.setdefault(keys.KNOWN_RUNS, set())
    requested = {run for run in (state.run_id(), *state.row()) if run} - known
    if not requested or here is None:
        return
    if limiter.is_blocked(here):
        state.forget_runs()
        state.report(UserError("Your network opened too many links that do not exist; try again in a few minutes."))
        return
    for run in requested:
        if queue().view(run) is not None:
            known.add(run)
        elif not store().is_kept(run):  # else it is there, damaged or in a storage that is away
            limiter.record(here, run)
