"""A pair whose samples are points in the plane, drawn as such: hue is the domain, the filling is the class."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from da_core import palette
from da_core.data.pair import UNKNOWN, DomainPair
from pages.session.words import _, number, word
from pages.shell import theme

MOST = 800
"""Points of each domain that are drawn: more would hide one another."""
_FILLINGS = ("", "-open", "-cross-open", "-x-open")
_SIZES = (7, 8)  # a diamond looks smaller than a circle of its size


def scatter(pair: DomainPair) -> go.Figure:
    """Both domains of a pair with two features, on axes of one scale; later classes repeat the fillings."""
    figure = go.Figure()
    looks = ((palette.SOURCE, palette.SOURCE_SYMBOL), (palette.TARGET, palette.TARGET_SYMBOL))
    for domain, (colour, symbol), size in zip((pair.source, pair.target), looks, _SIZES, strict=True):
        X, y = domain.X[:MOST], domain.y[:MOST]
        names = dict(enumerate(map(word, pair.classes))) | {UNKNOWN: _("unknown")}
        for label in np.unique(y):
            figure.add_trace(
                go.Scatter(
                    x=X[y == label, 0].astype(np.float64).round(3),
                    y=X[y == label, 1].astype(np.float64).round(3),
                    name=f"{word(domain.name)} · {names[label]}",
                    mode="markers",
                    marker={
                        "color": colour,
                        "symbol": symbol + _FILLINGS[label % len(_FILLINGS)],
                        "size": size,
                        "opacity": 0.75,
                        "line": {"width": 1.4 if label % 2 else 0, "color": colour},
                    },
                    hovertemplate="%{x:.2f}, %{y:.2f}",
                )
            )
    across, up = pair.columns or ("x1", "x2")
    axis = {"gridcolor": theme.faint(), "zerolinecolor": theme.faint(), "fixedrange": True, "automargin": True}
    figure.update_layout(
        height=430,
        margin={"l": 0, "r": 8, "t": 8, "b": 8},
        paper_bgcolor=palette.CLEAR,
        plot_bgcolor=palette.CLEAR,
        dragmode=False,
        modebar={"bgcolor": palette.CLEAR},
        legend={"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom", "title": None},
        xaxis={"title": {"text": word(across)}, "constrain": "domain", **axis},
        yaxis={"title": {"text": word(up)}, "scaleanchor": "x", **axis},
    )
    return figure


def alt(pair: DomainPair) -> str:
    """The scatter in one sentence."""
    return _(
        "Points of both domains in the plane: {source} of the source, {target} of the target, by class.",
        source=number(min(len(pair.source), MOST)),
        target=number(min(len(pair.target), MOST)),
    )
