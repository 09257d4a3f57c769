"""A chapter or a story that the address asks for, else the list of all; at its foot links to the ones beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

import streamlit as st

from da_core.errors import UserError
from pages.session import keys, state
from pages.session.words import explain
from pages.shell import navigation

T = TypeVar("T")


def page(field: str, load: Callable[[str], T], show: Callable[[T], None], contents: Callable[[], None]) -> None:
    """Draw what a ``field`` of the address asks for; where that is nothing, or not there, the list."""
    if name := state.screen_fields().get(field):
        try:
            found = load(name)
        except UserError as error:
            st.warning(explain(error))
        else:
            show(found)
            return
    contents()


def draw(
    step: navigation.Step, field: str, name: str, titles: Mapping[str, str], contents: tuple[navigation.Step, str]
) -> None:
    """Draw the links beside ``name`` in the order of ``titles``; before the first one stands the list of contents."""
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
