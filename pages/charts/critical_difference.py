"""Draw the critical-difference diagram: methods by mean rank, with brackets around those that do not differ."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from da_core import palette
from da_core.evaluation.benchmark_table import Ranks
from pages.charts import plotly_figure
from pages.session.words import _, listing, number

_ROW = 34  # pixels


def critical_difference_diagram(ranks: Ranks) -> go.Figure:
    """Draw one row a method, the best on top, its dot at its mean rank.

    A bar on top is as long as the critical difference; each bracket on the right holds methods among which no two are
    told apart (Demšar 2006, figure 1, turned so that names have room on a phone).
    """
    names, values = list(ranks.mean), list(ranks.mean.values())
    end = max(float(len(names)), 1 + ranks.critical_difference)
    gap = 0.05 * (end - 1)
    bar = go.Scatter(
        x=[1, 1 + ranks.critical_difference],
        y=[-1, -1],
        mode="lines+markers",
        line={"color": palette.GREY, "width": 2},
        marker={"symbol": "line-ns-open", "size": 10, "color": palette.GREY},
        hoverinfo="skip",
    )
    dots = go.Scatter(
        x=values,
        y=list(range(len(names))),
        mode="markers+text",
        marker={"size": 12, "color": palette.ACCENT},
        text=[number(value, 2) for value in values],
        textposition="top center",
        hoverinfo="skip",
        cliponaxis=False,
    )
    brackets = [
        go.Scatter(
            x=[end + gap * place] * 2,
            y=[names.index(group[0]) - 0.15, names.index(group[-1]) + 0.15],
            mode="lines",
            line={"color": palette.GREY, "width": 5},
            hoverinfo="skip",
        )
        for place, group in enumerate(ranks.groups, start=1)
    ]
    figure = plotly_figure.base_figure(
        bar, dots, *brackets, height=_ROW * (len(names) + 1) + 80, margin=plotly_figure.NARROW
    )
    figure.update_layout(showlegend=False)
    figure.update_xaxes(
        range=[1 - gap, end + gap * (len(ranks.groups) + 1)],
        tickvals=list(range(1, len(names) + 1)),
        title=_("Mean rank"),
        showgrid=True,
    )
    length = _("Critical difference {length}", length=number(ranks.critical_difference, 2))
    figure.update_yaxes(
        range=[len(names) - 0.4, -1.6],
        tickvals=list(range(-1, len(names))),
        ticktext=[length, *plotly_figure.verbatim(names)],
        ticklabelstandoff=8,
        showgrid=False,
    )
    return figure


def ranks_table(ranks: Ranks) -> pd.DataFrame:
    """Tabulate the mean ranks, the best first, with the methods from which each does not differ."""
    alike = {
        name: [other for other in ranks.mean if other != name and any({name, other} <= set(g) for g in ranks.groups)]
        for name in ranks.mean
    }
    rows = [[number(rank, 2), listing(alike[name]) or "–"] for name, rank in ranks.mean.items()]
    return pd.DataFrame(
        rows, pd.Index(list(ranks.mean), name=_("Method")), [_("Mean rank"), _("Not significantly different from")]
    )
