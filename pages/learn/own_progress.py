"""The visitor's own progress in the course: noted and read under their name or session cookie, shown to nobody else."""

from __future__ import annotations

import streamlit as st

from da_core.jobs.database.progress import CourseProgress, Kind, Outcome
from da_core.jobs.store import store
from pages.session import keys, state


def note(kind: Kind, name: str, outcome: Outcome) -> None:
    """Count something that the visitor did. Without the database the course goes on, and the frame says so."""
    with state.reporting():
        store().database.count_progress(state.owner(), kind, name, outcome)


def note_once(kind: Kind, name: str, outcome: Outcome) -> None:
    """Count something once a visit, however often the screen is drawn."""
    key = keys.noted(kind, name, outcome)
    if key not in st.session_state:
        st.session_state[key] = True
        note(kind, name, outcome)


def progress() -> CourseProgress:
    """Return what the visitor has done; nothing where the database does not answer."""
    with state.reporting():
        return store().database.progress(state.owner())
    return CourseProgress()


def reset() -> None:
    """Forget what the visitor has done."""
    with state.reporting():
        store().database.reset_progress(state.owner())
