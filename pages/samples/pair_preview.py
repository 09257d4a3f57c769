"""Draw a pair at a glance: a line of facts, and samples of every class of both domains."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import numpy as np
import streamlit as st

from da_core.data.pair import SOUND_RATE, DomainPair
from da_core.data.text_units import are_unspaced, count_units
from pages.charts import plotly_figure, points
from pages.samples import gallery, texts_and_sounds
from pages.session.words import _, number, word


def facts(pair: DomainPair, more: Mapping[str, str] | None = None) -> None:
    """Draw the pair's sizes in one line, and ``more`` facts by their titles."""
    target = number(len(pair.target))
    line: dict[str, str] = {
        word(pair.source.name): _("{count} samples", count=number(len(pair.source))),
        word(pair.target.name): _("{count} samples", count=target)
        if pair.target_labelled
        else _("{count} samples without labels", count=target),
        _("Classes"): number(len(pair.classes)),
        _("A sample"): shape(pair),
        **(more or {}),
    }
    cells = "".join(f"<div>{escape(name)} <b>{escape(fact)}</b></div>" for name, fact in line.items())
    st.html(f'<div class="lab-facts">{cells}</div>')


def shape(pair: DomainPair) -> str:
    """Say in a few words what one sample is."""
    if pair.kind == "pictures":
        height, width = pair.sample_shape[:2]
        return _("{width} × {height} pixels", width=width, height=height)
    if pair.kind == "texts":
        texts = [str(text) for domain in (pair.source, pair.target) for text in domain.X[:500]]
        count = number(float(np.median([count_units(text) for text in texts])))
        if are_unspaced(texts):
            return _("a text of about {count} characters", count=count)
        return _("a text of about {count} words", count=count)
    if pair.kind == "sounds":
        return _("{seconds} s of sound", seconds=number(pair.sample_shape[0] / SOUND_RATE, 1))
    return _("{count} features", count=number(pair.sample_shape[0]))


def samples(pair: DomainPair) -> None:
    """Draw some samples, each as a person sees or hears it."""
    if pair.kind == "pictures":
        gallery.by_class(pair)
    elif pair.kind == "texts":
        texts_and_sounds.texts(pair)
    elif pair.source.audio is not None:
        texts_and_sounds.sounds(pair)
    elif pair.sample_shape == (2,):
        plotly_figure.draw(points.scatter(pair), "points", points.alt(pair), points.table(pair))
    else:
        for domain, mark in ((pair.source, ""), (pair.target, "target")):
            st.html(gallery.heading(domain.name, mark))
            gallery.table(pair, domain)
