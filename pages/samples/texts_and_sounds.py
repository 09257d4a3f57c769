"""Draw texts to read and sounds to hear: a few of every class of both domains."""

from __future__ import annotations

import base64
from html import escape
from typing import Any

import numpy as np
import streamlit as st

from da_core import palette
from da_core.data.pair import DomainPair
from da_core.data.readers.sounds import to_wav
from pages.samples import gallery, shown_samples
from pages.session import keys
from pages.session.words import _, word
from pages.shell.scripts import bundle, read_asset

_TEXTS, _SOUNDS = 4, 5
"""Samples that one row of the gallery shows of a class of each domain."""


def texts(pair: DomainPair) -> None:
    """Draw one row a class: its name, sentences of the source, sentences of the target."""
    gallery.by_class(pair, _sentences)


def sounds(pair: DomainPair) -> None:
    """Draw one row a class: its name, and marks that play sounds of the source and of the target."""
    st.caption(_("Press a mark to hear the sample."))
    gallery.by_class(pair, _players)


def _sentences(cell: gallery.Cell) -> None:
    items = "".join(f"<li>{escape(text)}</li>" for text in shown_samples.tips(cell.domain, cell.rows(_TEXTS)))
    cell.place.html(f'<ul class="lab-texts {cell.role}">{items}</ul>')


def _players(cell: gallery.Cell) -> None:
    domain, rows = cell.domain, cell.rows(_SOUNDS)
    assert domain.audio is not None
    captions = shown_samples.tips(domain, rows) or [str(row + 1) for row in rows]
    label = _("Play {name} of {domain}", name=cell.class_name, domain=word(domain.name))
    data = {
        "sounds": [_uri(domain.audio[row].tobytes()) for row in rows],
        "titles": [f"{label}: {caption}" for caption in captions],
        "colour": palette.SOURCE if cell.role == "source" else palette.TARGET,
        "shape": "circle" if cell.role == "source" else "diamond",
    }
    with cell.place:
        _element()(data=data, key=keys.players(cell.role, cell.label))


@st.cache_data(max_entries=2000, show_spinner=False)
def _uri(content: bytes) -> str:
    wav = to_wav(np.frombuffer(content, np.int16))
    return "data:audio/wav;base64," + base64.b64encode(wav).decode("ascii")


def _element() -> Any:
    css, js = read_asset("players.css"), bundle("players.js")
    return st.components.v2.component("da_lab_players", html='<div class="players"></div>', css=css, js=js)
