"""What depends on the visitor's light or dark theme, and the style sheet; the colours themselves: `da_core.palette`."""

from __future__ import annotations

import functools
from pathlib import Path

import streamlit as st

from da_core import palette
from pages.session.words import _

_STYLE = Path(__file__).parents[2] / "assets" / "style.css"


def is_dark() -> bool:
    """Tell whether this visitor sees the dark theme."""
    return st.context.theme.type == "dark"


def ink() -> str:
    """The colour of text on this visitor's theme, for charts."""
    return "#E8E6E1" if is_dark() else "#23272E"


def faint() -> str:
    """The colour of grid lines and axes on this visitor's theme."""
    return "rgba(232,230,225,0.14)" if is_dark() else "rgba(35,39,46,0.12)"


def heat(dark: bool) -> tuple[str, str]:
    """The two ends of a heat map: the paper's colour for nothing, the accent for all: white text reads on it."""
    return ("#171A20", "#6355CE") if dark else ("#FFFFFF", "#5B4BC4")


def class_colour(index: int) -> str:
    """The hue of class ``index``."""
    return palette.CLASSES[index % len(palette.CLASSES)]


def tint(index: int) -> str:
    """A shade of a class's hue to lie behind points, on either theme."""
    hue = class_colour(index)
    red, green, blue = (int(hue[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red},{green},{blue},{0.17 if is_dark() else 0.22})"


def apply() -> None:
    """Put the style sheet on the page, with the words in it translated; the frame does it once a run."""
    st.html(f'<style>{_style()}\n.stApp {{ --lab-choose: "{_("Choose a file")}"; }}</style>')


@functools.cache
def _style() -> str:
    return _STYLE.read_text(encoding="utf-8")
