"""A pair whose samples are points in the plane: hue is the domain, the filling is the class."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from da_core import palette
from da_core.data.pair import UNKNOWN, DomainPair
from pages.charts import plotly_figure
from pages.session.words import _, number, word

MOST = 800
"""Points of each domain that are drawn: more would hide one another."""
_FILLINGS = ("", "-open", "-cross-open", "-x-open")
_SIZES = (7, 8)  # a diamond looks smaller than a circle of its size


def scatter(pair: DomainPair) -> go.Figure:
    """Draw both domains of a pair with two features, on axes of one scale; later classes repeat the fillings."""
    figure = plotly_figure.base_figure(height=430, legend=True, margin=plotly_figure.NARROW)
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
    figure.update_xaxes(title_text=word(across), constrain="domain")
    figure.update_yaxes(title_text=word(up), scaleanchor="x")
    return figure


def alt(pair: DomainPair) -> str:
    """Describe the scatter in one sentence."""
    return _(
        "Points of both domains in the plane: {source} of the source, {target} of the target, by class.",
        source=number(min(len(pair.source), MOST)),
        target=number(min(len(pair.target), MOST)),
    )


def table(pair: DomainPair) -> pd.DataFrame:
    """Tabulate where the points lie: of each class of each domain how many, their middle and their spread."""
    names = dict(enumerate(map(word, pair.classes))) | {UNKNOWN: _("unknown")}
    axes = [word(axis) for axis in pair.columns or ("x1", "x2")]
    rows, index = [], []
    for domain in (pair.source, pair.target):
        for label in np.unique(domain.y):
            X = domain.X[domain.y == label].astype(np.float64)
            index.append(f"{word(domain.name)} · {names[label]}")
            spread = zip(X.mean(axis=0), X.std(axis=0), strict=True)
            rows.append([number(len(X)), *(f"{number(middle, 2)} ± {number(wide, 2)}" for middle, wide in spread)])
    return pd.DataFrame(rows, pd.Index(index), [_("Samples"), *axes])
