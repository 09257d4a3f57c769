"""The report's pictures: what changed, and the shares of the classes; the two domains have their usual marks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from da_core import palette
from da_core.evaluation.shift.shift_report import DataReport
from pages.charts import plotly_figure
from pages.session.words import _, number, percent, word

_ROW = 30
_FARTHEST = 4.0
"""Standard deviations at which the axis ends; what changed more is drawn there, and its number says how much."""


def drifts(report: DataReport) -> go.Figure:
    """Draw how far the mean of each feature moved from source to target, in standard deviations: a row a feature."""
    names = plotly_figure.verbatim([word(drift.name) for drift in report.drifts])
    drawn = np.clip([drift.effect for drift in report.drifts], -_FARTHEST, _FARTHEST)
    means = [f"{_mean(drift.source)} → {_mean(drift.target)}" for drift in report.drifts]
    hover = [
        f"{name}: {text} ({drift.effect:+.2f})" for name, text, drift in zip(names, means, report.drifts, strict=True)
    ]
    figure = plotly_figure.class_rows(
        plotly_figure.links(np.zeros(len(names)), drawn, names, palette.TARGET, 0.4),
        _marks(np.zeros(len(names)), names, _("source"), palette.SOURCE, palette.SOURCE_SYMBOL, hover),
        _marks(drawn, names, _("target"), palette.TARGET, palette.TARGET_SYMBOL, hover),
        height=_ROW * len(names) + 100,
    )
    for name, x, text in zip(names, drawn, means, strict=True):
        figure.add_annotation(
            x=0,
            y=name,
            text=text,
            showarrow=False,
            xanchor="right" if x >= 0 else "left",  # the side that the line leaves free
            xshift=-12 if x >= 0 else 12,
            font={"size": 12},
        )
    reach = max(1.0, float(np.abs(drawn).max(initial=0))) * 1.15
    figure.update_xaxes(range=[-reach, reach], title={"text": _("change, in standard deviations")})
    return figure


def shares(report: DataReport) -> go.Figure:
    """Draw the share of each class in both domains, and what can be estimated of the target's without its labels."""
    names = plotly_figure.verbatim([word(name) for name in report.classes])
    known = report.counts / report.counts.sum(axis=1, keepdims=True).clip(min=1)
    traces = [_marks(known[0], names, _("source"), palette.SOURCE, palette.SOURCE_SYMBOL, _percents(names, known[0]))]
    if report.counts[1].any():
        hover = _percents(names, known[1])
        traces.append(_marks(known[1], names, _("target"), palette.TARGET, palette.TARGET_SYMBOL, hover))
    guess, hover = _("target, estimated without its labels"), _percents(names, report.proportions)
    traces.append(
        _marks(report.proportions, names, guess, palette.TARGET, palette.TARGET_SYMBOL + "-open", hover, size=15)
    )
    figure = plotly_figure.class_rows(*traces, height=_ROW * len(names) + 100)
    figure.update_xaxes(rangemode="tozero", tickformat=".0%")
    return figure


def drifts_alt(report: DataReport) -> str:
    """Describe the picture of drifts in one sentence."""
    first = report.drifts[0]
    return _(
        "{name} changed most, from {source} to {target}: {effect} standard deviations.",
        name=word(first.name),
        source=_mean(first.source),
        target=_mean(first.target),
        effect=f"{first.effect:+.2f}",
    )


def drifts_table(report: DataReport) -> pd.DataFrame:
    """Tabulate what changed, a row a feature."""
    rows = [[_mean(drift.source), _mean(drift.target), f"{drift.effect:+.2f}"] for drift in report.drifts]
    columns = [_("source"), _("target"), _("change, in standard deviations")]
    return pd.DataFrame(rows, pd.Index([word(drift.name) for drift in report.drifts]), columns)


def shares_alt(report: DataReport) -> str:
    """Describe the picture of shares in one sentence."""
    known = report.counts / report.counts.sum(axis=1, keepdims=True).clip(min=1)
    at = int(np.abs(report.proportions - known[0]).argmax())
    return _(
        "Shares of the classes: {name} has {source} in the source and an estimated {target} in the target.",
        name=word(report.classes[at]),
        source=percent(known[0][at]),
        target=percent(float(report.proportions[at])),
    )


def _mean(value: float) -> str:
    """Write a mean with about three digits."""
    return number(value, 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2)


def _percents(names: Sequence[str], values: Any) -> list[str]:
    return [f"{name}: {percent(float(value))}" for name, value in zip(names, values, strict=True)]


def _marks(
    x: Any, names: Sequence[str], title: str, colour: str, symbol: str, hover: Sequence[str], size: int = 11
) -> go.Scatter:
    return go.Scatter(
        x=np.asarray(x, dtype=float).round(4),
        y=list(names),
        name=title,
        mode="markers",
        marker={"color": colour, "symbol": symbol, "size": size, "line": {"width": 1.6, "color": colour}},
        customdata=list(hover),
        hovertemplate="%{customdata}<extra></extra>",
    )
