"""Share the parts of all Plotly figures: the page's paper, a legend, rows of classes, plain names, a toolbar."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from da_core import palette
from pages.charts import chart_table
from pages.shell import theme

NARROW = {"l": 0, "r": 8, "t": 8, "b": 8}
"""Margins in pixels of a figure whose labels bring their own room."""


ROWS: dict[str, object] = {"autorange": "reversed", "ticklabelstandoff": 8, "showgrid": False}
"""An upright axis with names, the first on top."""
SHARES: dict[str, object] = {"range": [-0.02, 1.02], "tickformat": ".0%", "dtick": 0.25}
"""An axis of shares, from 0 to 100%."""


def base_figure(
    *traces: go.Scatter | go.Heatmap | go.Bar | go.Parcoords,
    height: int,
    legend: bool = False,
    margin: Mapping[str, int] | None = None,
) -> go.Figure:
    """Make a figure on the page's own paper that neither zooms nor pans; its legend, if any, stands on top."""
    axis = {"automargin": True, "fixedrange": True, "zeroline": False, "gridcolor": theme.faint()}
    layout: dict[str, object] = {  # in one go: to update a figure part by part takes Plotly seven times as long
        "height": height,
        "margin": margin or {"l": 8, "r": 24, "t": 32, "b": 8},
        "paper_bgcolor": palette.CLEAR,
        "plot_bgcolor": palette.CLEAR,
        "dragmode": False,
        "modebar": {"bgcolor": palette.CLEAR},
        "xaxis": axis,
        "yaxis": axis,
    }
    if legend:
        layout["legend"] = {"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom"}
    return go.Figure(traces, layout)


def class_rows(*traces: go.Scatter | go.Bar, height: int) -> go.Figure:
    """Make a figure with one row a class, the first on top."""
    figure = base_figure(*traces, height=height, legend=True, margin=NARROW)
    figure.update_yaxes(type="category", **ROWS)  # else classes called 0 … 9 are taken for numbers
    return figure


def links(
    starts: Iterable[float], ends: Iterable[float], rows: Sequence[str], colour: str, opacity: float
) -> go.Scatter:
    """Draw a line in each row, from where it starts to where it ends."""
    return go.Scatter(
        x=[x for start, end in zip(starts, ends, strict=True) for x in (start, end, None)],
        y=[row for row in rows for _end in range(3)],
        mode="lines",
        line={"color": colour, "width": 3},
        opacity=opacity,
        hoverinfo="skip",
        showlegend=False,
    )


def verbatim(names: Sequence[str]) -> list[str]:
    """Escape names so that Plotly, which reads some HTML, shows them as they are."""
    return [html.escape(name, quote=False) for name in names]


def draw(figure: go.Figure, key: str, alt: str, table: pd.DataFrame | None = None, *, tabulated: bool = False) -> None:
    """Put a finished figure on the page, with a toolbar of one button: save as a picture (made in the browser).

    ``alt`` is a sentence with the numbers that matter. All numbers stand in ``table`` below, which is read off the
    figure where it is left out; where the screen has them in a table beside the figure, it is ``tabulated``.
    """
    st.plotly_chart(
        figure,
        key=key,
        alt=alt,
        config={
            "displaylogo": False,
            "displayModeBar": True,
            "modeBarButtons": [["toImage"]],
            "toImageButtonOptions": {"format": "svg", "filename": key},
            "scrollZoom": False,
        },
    )
    if not tabulated:
        chart_table.draw(chart_table.of_figure(figure) if table is None else table, key)
