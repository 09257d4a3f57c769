"""Choosing one of a few things that each need a line of explanation: a radio group that looks like cards."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st


@dataclass(frozen=True)
class Card:
    """One thing to choose: its name in the experiment, and what a person reads, already translated.

    Without summaries the cards are small; the screen then says elsewhere what the chosen one is.
    """

    name: str
    title: str
    summary: str = ""


def choose(label: str, cards: Sequence[Card], chosen: str, key: str, on_choose: Callable[[str], None]) -> None:
    """Draw ``cards`` with ``chosen`` marked; ``on_choose`` gets the name of another one."""
    names = [card.name for card in cards]
    titles = {card.name: card.title for card in cards}
    place = f"lab-cards-{key}"
    st.session_state[place] = chosen if chosen in names else None
    st.radio(
        label,
        names,
        index=None,
        format_func=titles.__getitem__,
        captions=[card.summary for card in cards] if any(card.summary for card in cards) else None,
        key=place,
        on_change=lambda: on_choose(st.session_state[place]),
        label_visibility="collapsed",
        horizontal=True,
        width="stretch",
    )
