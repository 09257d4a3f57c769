"""The map of methods: one picture of family, what it needs, and when it fails; each method leads to its lesson."""

from __future__ import annotations

from html import escape
from urllib.parse import urlencode

import streamlit as st

from da_core.methods import methods
from da_core.methods.base import Method
from da_core.teaching.lessons.families import FAMILIES, KINDS, group_methods
from da_core.teaching.lessons.method_map import method_map
from pages.session import origin, state
from pages.session.words import _, language


def draw() -> None:
    """Draw the map as a table that scrolls sideways on a narrow screen."""
    here, the_map = language().code, method_map()
    head = "".join(f'<th scope="col">{escape(fails.title.text(here))}</th>' for fails in the_map.fails.values())
    rows = ""
    for family, kinds in group_methods(methods().values()).items():
        for kind, of_kind in kinds.items():
            if kind not in the_map.needs:
                continue
            names = f"<b>{escape(_(FAMILIES[family].title))}</b> {escape(_(KINDS[kind]))}"
            needs = f"<small>{escape(the_map.needs[kind].text(here))}</small>"
            cells = "".join(f"<td>{_links(of_kind, fails.methods)}</td>" for fails in the_map.fails.values())
            rows += f'<tr class="{family}"><th scope="row">{names}{needs}</th>{cells}</tr>'
    corner = escape(_("Needs ↓ · fails first when →"))
    head = f'<thead><tr><th scope="col">{corner}</th>{head}</tr></thead>'
    table = f'<table class="lab-map">{head}<tbody>{rows}</tbody></table>'
    label = escape(_("Map of methods"))
    st.html(f'<div class="lab-map-frame" role="region" aria-label="{label}" tabindex="0">{table}</div>')
    st.caption(
        _(
            "Each method is listed where it fails first, according to its lesson; it may be listed twice and may "
            "fail elsewhere too."
        )
    )


def _links(of_kind: list[type[Method]], failing: tuple[str, ...]) -> str:
    address = f"{origin.base_path()}/lesson?{urlencode(state.link() | {'lesson': ''})}"
    return " ".join(
        f'<a href="{escape(address + method.name())}" target="_self">{escape(_(method.title))}</a>'
        for method in of_kind
        if method.name() in failing
    )
