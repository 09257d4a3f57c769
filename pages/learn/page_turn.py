"""The links at the foot of a lesson, a chapter or a story to the one before it and the one after it."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from pages.session import keys
from pages.shell import navigation


def draw(
    step: navigation.Step, field: str, name: str, titles: Mapping[str, str], contents: tuple[navigation.Step, str]
) -> None:
    """Draw the links beside ``name`` in the order of ``titles``; before the first one stands the list of contents.

    The screen ``step`` shows each, by a ``field`` of its address.
    """
    names = list(titles)
    place = names.index(name)
    st.space("medium")
    with st.container(key=keys.LESSON_TURN, horizontal=True, horizontal_alignment="distribute"):
        if place:
            before = names[place - 1]
            navigation.link_to(step, "← " + titles[before], None, **{field: before})
        else:
            navigation.link_to(contents[0], "← " + contents[1])
        if place + 1 < len(names):
            after = names[place + 1]
            navigation.link_to(step, titles[after] + " →", None, **{field: after})
