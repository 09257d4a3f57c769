"""Parts of a screen that a first visit does not need: behind a door, or open where the visitor wants everything."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from pages.session import state


@contextmanager
def section(title: str) -> Iterator[None]:
    """Draw what follows under the heading ``title``, which is a door that is shut until everything is wanted."""
    if state.shows_everything():
        st.subheader(title, anchor=False)
        yield
    else:
        with st.expander(title):
            yield
