"""A table of a `Params` class to read: symbol, name, default, range and help of each hyperparameter."""

from __future__ import annotations

import re
from html import escape
from typing import Any, Literal, get_args, get_origin

import streamlit as st
from pydantic.fields import FieldInfo

from da_core.params import Params
from pages.session.words import _, word
from pages.shell.params_form import bounds, choice, plain


def draw(kind: type[Params]) -> None:
    """One row a field. On a phone each row becomes a block of its own."""
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
    """The cells, in the reader's language."""
    found = []
    for info in kind.model_fields.values():
        extra: dict[str, Any] = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
        unit = f" {word(extra['unit'])}" if extra.get("unit") else ""
        title = info.title or ""
        default, within = _value(info.default, title) + unit, _range(info) + unit
        found.append((str(extra.get("symbol") or ""), _(title), default, within, _(info.description or "")))
    return found


SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def figure(value: float) -> str:
    """A number to read: powers of ten that are far from 1 as 10⁻⁶, not as 1e-06."""
    far = re.fullmatch(r"1e\+?(-?)0*(\d+)", plain(value))
    return "10" + (far[1] + far[2]).translate(SUPERSCRIPT) if far else plain(value)


def _value(value: Any, title: str) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return choice(title, value) if isinstance(value, str) else figure(value)


def _range(info: FieldInfo) -> str:
    if info.annotation is bool:
        return f"{_('yes')}, {_('no')}"
    if get_origin(info.annotation) is Literal:
        return ", ".join(_value(one, info.title or "") for one in get_args(info.annotation))
    low, high = bounds(info)
    if low is None or high is None:
        return f"≥ {figure(low)}" if low is not None else f"≤ {figure(high)}" if high is not None else ""
    above = any(hasattr(part, "gt") for part in info.metadata)
    return f"{'> ' if above else ''}{figure(low)} – {figure(high)}"
