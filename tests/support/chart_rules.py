"""What every chart owes to who cannot see it, or sees no hues: Chartability's critical tests that code can make."""

from __future__ import annotations

import re
from itertools import combinations
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from pages.charts import chart_table

Json = dict[str, Any]


def faults_of_figure(figure: go.Figure, alt: str, table: pd.DataFrame | None, tabulated: bool) -> list[str]:
    """What is wrong with a Plotly figure, its sentence and its table."""
    found = [] if tabulated else _of_table(chart_table.of_figure(figure) if table is None else table)
    named = [trace for trace in figure.data if trace.name and trace.showlegend is not False]
    found += [
        f"“{one.name}” and “{other.name}” differ in hue alone"
        for one, other in combinations(named, 2)
        if _shape(one) == _shape(other)
    ]
    return found + _of_sentence(alt)


def faults_of_spec(rows: pd.DataFrame, spec: Json, alt: str, table: pd.DataFrame | None) -> list[str]:
    """What is wrong with a Vega-Lite chart, its sentence and its table; one without any data yet has none."""
    if rows.empty:
        return []
    found = [] if table is None else _of_table(table)
    encodings = [layer.get("encoding", {}) for layer in spec.get("layer", [spec])]
    hued = any("field" in each.get("color", {}) for each in encodings)
    besides = [each[by] for each in encodings for by in ("shape", "strokeDash", "text") if by in each]
    if hued and not besides:
        found.append("its marks differ in hue alone")
    for each in besides:
        names, looks = (each.get("scale", {}).get(part, []) for part in ("domain", "range"))
        if len({str(look) for look in looks[: len(names)]}) < min(len(names), 8):
            found.append(f"of {names} some have the same dash or mark")
    return found + _of_sentence(alt)


def _shape(trace: Any) -> tuple[Any, ...]:
    if trace.type != "scatter":
        return (trace.type,)
    return trace.type, trace.mode, trace.marker.symbol, trace.line.dash


def _of_table(table: pd.DataFrame) -> list[str]:
    if table.empty:
        return ["its table is empty"]
    if not table.columns.is_unique:
        return [f"columns of its table have the same name: {list(table.columns)}"]
    return [] if table.map(lambda cell: isinstance(cell, str)).all(axis=None) else ["its table is not of texts"]


def _of_sentence(alt: str) -> list[str]:
    return [] if re.search(r"\d", alt) else [f"its sentence has no number: {alt}"]
