"""Follow the visitor's light or dark theme, and add the style sheet; the colours are in `da_core.palette`."""

from __future__ import annotations

import functools
from pathlib import Path

import streamlit as st

from da_core import palette
from pages.session.words import _, language

_DASHES = ((1, 0), (8, 4), (2, 3), (10, 3, 2, 3), (16, 4), (5, 2, 2, 2, 2, 2), (1, 5), (4, 8))
_STYLE = Path(__file__).parents[2] / "assets" / "style.css"


def colours() -> palette.Theme:
    """Look up the colours of this visitor's theme."""
    return palette.DARK if st.context.theme.type == "dark" else palette.LIGHT


def ink() -> str:
    """Look up the colour of text, for charts."""
    return colours().ink


def faint() -> str:
    """Look up the colour of grid lines and axes."""
    return palette.translucent(colours().ink, colours().grid)


def class_colour(index: int) -> str:
    """Choose the hue of class ``index``."""
    return palette.CLASSES[index % len(palette.CLASSES)]


def dash(place: int) -> tuple[int, ...]:
    """Choose strokes and gaps, in pixels, of a chart's line ``place``: they tell lines apart where hues do not."""
    return _DASHES[place % len(_DASHES)]


def tint(index: int) -> str:
    """Shade a class's hue to lie behind points, on either theme."""
    return palette.translucent(class_colour(index), colours().tint)


def apply() -> None:
    """Put the words of the style sheet on the page, in the reader's language; the frame does it once a run."""
    words = {
        "--lab-language": language().code,
        "--lab-choose": _("Choose a file"),
        "--lab-start-here": _("Start here"),
    }
    named = " ".join(f'{name}: "{text}";' for name, text in words.items())
    st.html(f"<style>.stApp {{ {named} }}</style>")


@functools.cache
def style_sheet() -> str:
    """Read the style sheet, with the colours of both themes. The document has it, so that no screen sends it again."""
    return f".stApp {{ {palette.style_properties()} }}\n{_STYLE.read_text(encoding='utf-8')}"
