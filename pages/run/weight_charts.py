"""What a reweighting method did: how its weights are spread, how many samples still count, and the truth beside it."""

from __future__ import annotations

import logging

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from numpy.typing import NDArray

from da_core import palette
from da_core.errors import UserError
from da_core.jobs.store import Record
from pages.charts import score_charts
from pages.session.words import _, number, percent
from pages.shell import theme

log = logging.getLogger(__name__)

_BINS = 32
_SMALLEST = 1e-3
"""Weights below are drawn in the first bar: on a logarithmic axis there is no zero."""
_FEW = 0.1
"""Share of the samples that still count, below which the picture hangs on a handful."""


def introduction() -> None:
    """A reweighting method moves no point; its picture is the weights."""
    st.info(
        _(
            "This method moves no point: it gives every source sample a weight. Before and after differ in how much "
            "each source sample counts, so the larger a source point, the more it weighs."
        )
    )


def section(record: Record) -> None:
    """The weights of the held-out source samples: two numbers, their histogram, and the true density ratio if known."""
    told, weights = record.result.weights or {}, record.evidence.weights
    st.subheader(_("The weights"), anchor=False)
    size, samples = told.get("effective_sample_size"), told.get("samples")
    with st.container(horizontal=True, key="lab-weights"):
        if size is not None and samples:
            st.metric(
                _("Effective sample size"),
                _("{size} of {samples}", size=number(size), samples=number(samples)),
                help=_("So many equally weighted samples would give as steady an average."),
            )
        if "largest_share" in told:
            st.metric(
                _("Largest share"),
                percent(told["largest_share"]),
                help=_("Of the whole weight, the heaviest sample's."),
            )
    if size is not None and samples and size < _FEW * samples:
        st.warning(
            _(
                "Only {share} of the source samples still count: what is learned hangs on a handful. Choose a method "
                "that bounds its weights, or bound them more.",
                share=percent(size / samples),
            )
        )
    if weights is None:
        return
    truth = true_weights(record)
    alt = _("Histogram of the weights of the held-out source samples, on a logarithmic axis")
    score_charts.draw(histogram(weights, truth), key="weights", alt=alt)
    if truth is not None:
        st.caption(
            _(
                "The data are drawn from known distributions, so the true density ratio is known too. Rank correlation "
                "of weights and truth: {correlation}.",
                correlation=number(rank_correlation(weights, truth), 2),
            )
        )


def true_weights(record: Record) -> NDArray[np.float64] | None:
    """The density ratio at the shown source samples, mean 1 as the weights' is; None where nobody knows it."""
    from da_core.data.loading.cache import load_pair
    from da_core.data.source import DataSource
    from da_core.data.sources import sources
    from da_core.params import validated

    spec, evidence = record.experiment.data, record.evidence
    source = sources().get(spec.name)
    if source is None or type(source).true_weights is DataSource.true_weights:  # spare the loading
        return None
    try:
        pair = load_pair(spec)
    except (UserError, OSError):
        log.info("run %s is shown without the true density ratio", record.run_id, exc_info=True)
        return None
    params = validated(source.Params, spec.params, spec.name)
    found = source.true_weights(params, pair.source.X[evidence.source_index], pair.source.y[evidence.source_index])
    return None if found is None else found / found.mean()


def histogram(weights: NDArray[np.float32], truth: NDArray[np.float64] | None) -> go.Figure:
    """Bars: how many samples have which weight; a line: the same for the true density ratio."""
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
    figure = score_charts.plain(*traces, height=260)
    figure.add_vline(x=1, line={"color": theme.ink(), "dash": "dot", "width": 1})
    figure.update_xaxes(type="log", title_text=_("weight of a source sample (mean 1)"), dtick=1)
    figure.update_yaxes(title_text=_("samples"))
    figure.update_layout(showlegend=truth is not None, legend={"orientation": "h", "y": 1.15})
    return figure


def rank_correlation(weights: NDArray[np.float32], truth: NDArray[np.float64]) -> float:
    """Spearman's, in [-1, 1]; 0 where all of either are alike."""
    from scipy.stats import spearmanr

    if np.ptp(weights) == 0 or np.ptp(truth) == 0:
        return 0.0
    return float(spearmanr(weights, truth).statistic)
