"""Ask for one of several: cards, each with a title and a line of explanation, or segments on one line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar, cast

import streamlit as st

from pages.session import keys, state

T = TypeVar("T")


def choose(
    label: str, cards: Mapping[str, tuple[str, str]], chosen: str, key: str, on_choose: Callable[[str], None]
) -> None:
    """Draw ``cards``, titles and summaries by name, with ``chosen`` marked; ``on_choose`` gets another one's name."""
    st.radio(
        label,
        list(cards),
        index=None,
        format_func=lambda name: cards[name][0],
        captions=[summary for _title, summary in cards.values()],
        label_visibility="collapsed",
        horizontal=True,
        width="stretch",
        **state.bound(keys.cards(key), chosen if chosen in cards else None, on_choose),
    )


def segments(
    label: str,
    options: Mapping[T, str],
    key: str,
    *,
    default: T | None = None,
    shown: bool = False,
    on_change: Callable[[], None] | None = None,
) -> T:
    """Draw ``options``, titles by value, one of which is always chosen, at first ``default`` or else the first."""
    chosen = st.session_state.get(key)
    if chosen not in options:
        chosen = next(iter(options)) if default is None else default
    st.session_state[key] = chosen  # also what is known: of another screen's widget it would else be lost
    return cast(
        T,
        st.segmented_control(
            label,
            list(options),
            format_func=options.__getitem__,
            required=True,
            key=key,
            on_change=on_change,
            label_visibility="visible" if shown else "collapsed",
        ),
    )
