"""Chart the weights of a reweighting method: their spread, the effective sample size, and the true weights."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from numpy.typing import NDArray

from da_core import palette
from da_core.jobs.store import Record
from pages.charts import chart_table, plotly_figure
from pages.session.words import _, number, percent
from pages.shell import theme

_BINS = 32
_SMALLEST = 1e-3
"""Weights below are drawn in the first bar: on a logarithmic axis there is no zero."""
_FEW = 0.1
"""Share of the samples that still count, below which the picture hangs on a handful."""


def section(record: Record) -> None:
    """Draw the weights of the held-out source samples: two numbers, a histogram, and the true ones where known."""
    from da_core.evaluation.density_ratio import true_density_ratio
    from da_core.evaluation.regret import rank_correlation_with_interval

    spread, weights = record.result.weights or {}, record.evidence.weights
    st.subheader(_("The weights"), anchor=False)
    size, samples = spread.get("effective_sample_size"), spread.get("samples")
    with st.container(horizontal=True):
        if size is not None and samples:
            st.metric(
                _("Effective sample size"),
                _("{size} of {samples}", size=number(size), samples=number(samples)),
                help=_("An average over this many equally weighted samples would be as precise."),
            )
        if "largest_share" in spread:
            st.metric(
                _("Largest share"),
                percent(spread["largest_share"]),
                help=_("Share of the total weight held by the heaviest sample."),
            )
    if size is not None and samples and size < _FEW * samples:
        st.warning(
            _(
                "Only {share} of the source samples still count: the result depends on a handful of them. Choose a "
                "method that limits its weights, or limit them further.",
                share=percent(size / samples),
            )
        )
    if weights is None:
        return
    truth = true_density_ratio(record)
    alt = _("Histogram of the weights of the held-out source samples, on a logarithmic axis")
    alt = chart_table.sentence(alt, f"{number(float(weights.min()), 2)} … {number(float(weights.max()), 2)}")
    plotly_figure.draw(histogram(weights, truth), key="weights", alt=alt)
    st.caption(
        _(
            "The numbers describe the weights that the classifier was trained with; the bars show the {count} "
            "samples saved for display.",
            count=number(len(weights)),
        )
    )
    if truth is not None:
        st.caption(
            _(
                "The data are drawn from known distributions, so the true density ratio is known too. Rank correlation "
                "of weights and truth: {correlation}.",
                correlation=number(rank_correlation_with_interval(weights, truth)[0] or 0.0, 2),
            )
        )


def histogram(weights: NDArray[np.float32], truth: NDArray[np.float64] | None) -> go.Figure:
    """Draw how many samples have which weight, as bars, and the same for the true density ratio, as a line."""
    values = [np.maximum(each, _SMALLEST) for each in (weights, truth) if each is not None]
    low, high = (
        np.floor(np.log10(min(each.min() for each in values))),
        np.ceil(np.log10(max(each.max() for each in values))),
    )
    edges = np.logspace(low, max(high, low + 1), _BINS + 1)
    middles = np.sqrt(edges[1:] * edges[:-1])
    bars = go.Bar(
        x=middles,
        y=np.histogram(values[0], edges)[0],
        width=np.diff(edges),
        name=_("weights"),
        marker={"color": palette.SOURCE, "opacity": 0.75, "line": {"width": 0}},
        hovertemplate="%{x:.3g}: %{y}<extra></extra>",
    )
    traces: list[go.Bar | go.Scatter] = [bars]
    if truth is not None:
        traces.append(
            go.Scatter(
                x=middles,
                y=np.histogram(values[1], edges)[0],
                name=_("true density ratio"),
                mode="lines",
                line={"shape": "hvh", "color": theme.ink(), "width": 2},
                hovertemplate="%{x:.3g}: %{y}<extra></extra>",
            )
        )
    figure = plotly_figure.base_figure(*traces, height=260, legend=True)
    figure.add_vline(x=1, line={"color": theme.ink(), "dash": "dot", "width": 1})
    figure.update_xaxes(type="log", title_text=_("weight of a source sample (mean 1)"), dtick=1)
    figure.update_yaxes(title_text=_("samples"))
    return figure
