"""Cards to choose one from, each with a title and a line of explanation: a radio group with another look."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import streamlit as st

from pages.session import keys, state


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
