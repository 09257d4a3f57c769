"""A table of a `Params` class to read: symbol, name, default, range and help of each hyperparameter."""

from __future__ import annotations

import re
from html import escape
from typing import Any

import streamlit as st

from da_core.params import Hyper, Params, describe
from pages.session.words import _, choice, listing, word
from pages.shell.params_form import plain


def draw(kind: type[Params]) -> None:
    """Draw one row a hyperparameter. On a phone each row becomes a block of its own."""
    names = (_("Symbol"), _("Name"), _("Default"), _("Range"), _("What it does"))
    head = "".join(f'<th scope="col">{name}</th>' for name in names)
    body = "".join(
        "<tr>"
        + "".join(f'<td data-name="{name}">{escape(cell)}</td>' for name, cell in zip(names, row, strict=True))
        + "</tr>"
        for row in rows(kind)
    )
    st.html(f'<table class="lab-params"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>')


def rows(kind: type[Params]) -> list[tuple[str, str, str, str, str]]:
    """Write the cells, in the reader's language."""
    cells = []
    for hyper in describe(kind):
        unit = f" {word(hyper.unit)}" if hyper.unit else ""
        default, within = written(hyper.default, hyper.title) + unit, _range(hyper) + unit
        cells.append((hyper.symbol, _(hyper.title), default, within, _(hyper.help)))
    return cells


SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def figure(value: float) -> str:
    """Write a number to read: powers of ten that are far from 1 as 10⁻⁶, not as 1e-06."""
    far = re.fullmatch(r"1e\+?(-?)0*(\d+)", plain(value))
    return "10" + (far[1] + far[2]).translate(SUPERSCRIPT) if far else plain(value)


def written(value: Any, title: str) -> str:
    """Write the value of a hyperparameter of this title to read."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return choice(title, value) if isinstance(value, str) else figure(value)


def _range(hyper: Hyper) -> str:
    if hyper.type == "boolean":
        return listing([_("yes"), _("no")])
    if hyper.choices:
        return listing(written(option, hyper.title) for option in hyper.choices)
    low, high = hyper.low, hyper.high
    if low is None or high is None:
        return f"≥ {figure(low)}" if low is not None else f"≤ {figure(high)}" if high is not None else ""
    return f"{'> ' if hyper.low_open else ''}{figure(low)} – {figure(high)}"
