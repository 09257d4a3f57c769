"""Cards to choose one from, each with a title and a line of explanation: a radio group with another look."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st

from pages.session import keys


@dataclass(frozen=True)
class Card:
    """A thing to choose: its name in the experiment, and what a person reads, already translated.

    Without summaries the cards are small; the screen then says elsewhere what the chosen one is.
    """

    name: str
    title: str
    summary: str = ""


def choose(label: str, cards: Sequence[Card], chosen: str, key: str, on_choose: Callable[[str], None]) -> None:
    """Draw ``cards`` with ``chosen`` marked; ``on_choose`` gets the name of another one."""
    names = [card.name for card in cards]
    titles = {card.name: card.title for card in cards}
    key = keys.cards(key)
    st.session_state[key] = chosen if chosen in names else None
    st.radio(
        label,
        names,
        index=None,
        format_func=titles.__getitem__,
        captions=[card.summary for card in cards] if any(card.summary for card in cards) else None,
        key=key,
        on_change=lambda: on_choose(st.session_state[key]),
        label_visibility="collapsed",
        horizontal=True,
        width="stretch",
    )
