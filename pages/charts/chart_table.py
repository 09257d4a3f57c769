"""A chart's numbers as a table below it, shut until asked for: for who cannot see the chart, or wants them exactly."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from pages.session import keys
from pages.session.words import _, listing, number, percent

MOST = 200
"""Rows of a table: of more, the last are shown."""
_LIVE_HEIGHT = 300
"""Of the box in which a table that grows can be scrolled, in pixels."""


def scores(table: pd.DataFrame, name: str) -> None:
    """Draw a table of scores, which scrolls in its own box where it is wide; ``name`` names the box."""
    with st.container(key=keys.scores(name)):
        st.table(table, border="horizontal")


def sentence(title: str, *numbers: str) -> str:
    """Say in a sentence what a chart shows, with the numbers that matter, if there are any yet."""
    return _("{chart}: {numbers}.", chart=title, numbers=listing(numbers)) if numbers else title


def draw(table: pd.DataFrame, key: str) -> None:
    """Put a table of texts, its rows named by its index, on the page, as plain HTML.

    ``key`` names its chart: who has opened a table finds it open when it is drawn anew (``assets/live_page.js``), and
    when its chart has come to its end.
    """
    label = html.escape(_("The numbers as a table"))
    was_open = " open" if st.session_state.get(keys.live_table(key)) else ""
    st.html(
        f'<details class="lab-chart-table" data-chart="{html.escape(key)}"{was_open}><summary>{label}</summary>'
        f'<div role="region" tabindex="0" aria-label="{label}">{_as_html(table)}</div></details>'
    )


def draw_live(make: Callable[[], pd.DataFrame], key: str) -> None:
    """Offer the table of a chart that grows: it is made, and made again, only while it is open."""
    label = _("The numbers as a table")
    shut = st.expander(label, key=keys.live_table(key), type="compact", on_change="rerun")
    if shut.open:
        with shut, st.container(height=_LIVE_HEIGHT, border=False):
            st.html(f'<div class="lab-chart-table">{_as_html(make())}</div>')


def _as_html(table: pd.DataFrame) -> str:
    corner, rows = html.escape(str(table.index.name or "")), table.tail(MOST)
    head = "".join(f'<th scope="col">{html.escape(str(name))}</th>' for name in table.columns)
    body = "".join(
        f'<tr><th scope="row">{html.escape(str(name))}</th>'
        + "".join(f"<td>{html.escape(str(cell))}</td>" for cell in cells)
        + "</tr>"
        for name, cells in zip(rows.index, rows.to_numpy(), strict=True)
    )
    return f'<table><thead><tr><th scope="col">{corner}</th>{head}</tr></thead><tbody>{body}</tbody></table>'


def of_figure(figure: go.Figure) -> pd.DataFrame:
    """Read the table off a figure: a heat map's cells, or a row a place on the axis and a column a named trace.

    What has no name, or none in the legend, is a guide and no data.
    """
    if isinstance(figure.data[0], go.Heatmap):
        heat = figure.data[0]
        rows = pd.Index(_plain(heat.y), name=figure.layout.yaxis.title.text)
        return pd.DataFrame([list(row) for row in heat.text], index=rows, columns=_plain(heat.x))
    cells: dict[tuple[str, str], str] = {}
    titles: set[str] = set()
    for trace in figure.data:
        if not trace.name or trace.showlegend is False:
            continue
        axes = ((trace.y, figure.layout.yaxis), (trace.x, figure.layout.xaxis))
        (places, across), (values, up) = axes if any(isinstance(each, str) for each in trace.y) else axes[::-1]
        titles.add(across.title.text or "")
        for place, value in zip(places, values, strict=True):
            row = html.unescape(place) if isinstance(place, str) else _written(place, across)
            at = (row, html.unescape(trace.name))
            cells[at] = ", ".join(filter(None, [cells.get(at), _written(value, up)]))
    return pivot(((row, column, cell) for (row, column), cell in cells.items()), ", ".join(titles))


def pivot(rows: Iterable[tuple[Any, str, str]], corner: str) -> pd.DataFrame:
    """Make a table of (row, column, cell), rows and columns in the order in which they come."""
    columns: dict[str, dict[Any, str]] = {}
    order: dict[Any, None] = {}
    for row, column, cell in rows:
        order[row] = None
        columns.setdefault(column, {})[row] = cell
    index = pd.Index(list(order), name=corner)
    return pd.DataFrame({name: [cells.get(row, "") for row in order] for name, cells in columns.items()}, index=index)


def _plain(names: Iterable[str]) -> list[str]:
    return [html.unescape(name) for name in names]


def _written(value: float, axis: Any) -> str:
    if axis.tickformat and axis.tickformat.endswith("%"):
        return percent(float(value))
    return number(float(value), 0 if float(value).is_integer() else 3)
