"""The links at the foot of a lesson, a chapter or a story to the one before it and the one after it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import streamlit as st

from pages.session import keys
from pages.shell import navigation


def draw(
    titles: Mapping[str, str], name: str, link_to: Callable[[str, str], None], contents: tuple[navigation.Step, str]
) -> None:
    """Draw the links beside ``name`` in the order of ``titles``; before the first one stands the list of contents."""
    names = list(titles)
    place = names.index(name)
    st.space("medium")
    with st.container(key=keys.LESSON_TURN, horizontal=True, horizontal_alignment="distribute"):
        if place:
            link_to(names[place - 1], "← " + titles[names[place - 1]])
        else:
            navigation.link_to(contents[0], "← " + contents[1])
        if place + 1 < len(names):
            link_to(names[place + 1], titles[names[place + 1]] + " →")
