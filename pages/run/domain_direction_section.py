"""The direction on which the domains part: both domains along it, before and after, and the samples at its ends."""

from __future__ import annotations

from functools import partial

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from numpy.typing import NDArray

from da_core import palette
from da_core.evaluation.shift import domain_direction
from da_core.events import Evidence, When
from da_core.jobs.store import Record
from pages.charts import chart_table, plotly_figure
from pages.run.changed_samples import draw_samples, follow_samples
from pages.samples.shown_samples import ShownSamples
from pages.session.words import _, percent, translate_message, word
from pages.shell import fold, theme

_AT_AN_END = 6
_BINS = 40
_OUTERMOST = 0.01
"""Share of the samples at either side that the axis leaves out: few lie far off, and the rest would be crowded."""


def section(record: Record) -> None:
    """Draw the direction, where the run knows it."""
    evidence = record.evidence
    if not evidence.target_odds:
        return
    with fold.section(_("The direction that best separates the domains")):
        st.markdown(
            _(
                "A newly trained domain classifier, like the one behind the proxy A-distance, finds the direction in "
                "feature space that best separates the domains. Each held-out sample is placed along it: the further "
                "left, the more certainly it is classified as source, the further right as target; at 0 it could be "
                "either."
            )
        )
        notice = domain_direction.interpret_direction(evidence)
        st.markdown(f"**{translate_message(notice.message, notice.values)}**")
        edges = _edges(evidence)
        titles: dict[When, str] = {"before": _("Before: source only"), "after": _("After: adapted")}
        for column, (when, title) in zip(st.columns(2, gap="medium"), titles.items(), strict=True):
            with column:
                side = _("{share} on the correct side", share=percent(domain_direction.own_side(evidence, when), 0))
                st.markdown(f"**{title}** · {side}")
                alt = _("Both domains along the direction that separates them: {title}", title=title)
                alt = chart_table.sentence(alt, side)
                plotly_figure.draw(histogram(evidence, when, edges), f"direction-{when}", alt)
        follow_samples(record, partial(_ends, record))


def _edges(evidence: Evidence) -> NDArray[np.float64]:
    """Cut the axis into bins, the same before and after, so that what came closer is seen to."""
    odds = np.concatenate([domain_direction.joined_odds(evidence, when) for when in ("before", "after")])
    low, high = np.nanquantile(odds, [_OUTERMOST, 1 - _OUTERMOST])
    reach = max(abs(low), abs(high), 1.0)
    return np.linspace(-reach, reach, _BINS + 1)


def histogram(evidence: Evidence, when: When, edges: NDArray[np.float64]) -> go.Figure:
    """Draw which share of each domain lies where: the source a filled step line, the target a dashed one."""
    middles = (edges[1:] + edges[:-1]) / 2
    weights = evidence.weights if when == "after" else None
    traces = []
    for name, odds, counted, colour, dash in (
        (_("source"), evidence.source_odds[when], weights, palette.SOURCE, "solid"),
        (_("target"), evidence.target_odds[when], None, palette.TARGET, "dot"),
    ):
        known = ~np.isnan(odds)
        counts, _far = np.histogram(
            odds[known].clip(edges[0], edges[-1]), edges, weights=None if counted is None else counted[known]
        )
        traces.append(
            go.Scatter(
                x=middles.round(3),
                y=(counts / max(counts.sum(), 1e-9)).round(4),
                name=name,
                mode="lines",
                line={"shape": "hvh", "color": colour, "width": 2, "dash": dash},
                fill="tozeroy",
                fillcolor=palette.translucent(colour, 0.25),
                hovertemplate="%{y:.1%}<extra>" + name + "</extra>",
            )
        )
    figure = plotly_figure.base_figure(*traces, height=230, legend=True)
    figure.add_vline(x=0, line={"color": theme.ink(), "dash": "dot", "width": 1})
    figure.update_xaxes(title_text=_("classified as source ← log-odds → classified as target"))
    figure.update_yaxes(tickformat=".0%", rangemode="tozero")
    return figure


def _ends(record: Record, samples: ShownSamples) -> None:
    """Draw the outermost samples after adapting, which show what the classifier goes by."""
    titles = (_("At the source's end"), _("At the target's end"))
    caption = _(
        "The outermost samples after adapting. What the samples at one end have in common is what the classifier "
        "relies on."
    )
    st.markdown(caption)
    for column, title, rows in zip(
        st.columns(2, gap="medium"),
        titles,
        domain_direction.ends(record.evidence, "after", _AT_AN_END),
        strict=True,
    ):
        with column:
            st.markdown(f"**{title}**")
            _samples(record, samples, rows)


def _samples(record: Record, samples: ShownSamples, rows: NDArray[np.int64]) -> None:
    evidence, names = record.evidence, [word(name) for name in record.result.classes]
    count = len(evidence.source_label)
    labels = np.concatenate([evidence.source_label, evidence.target_label])[rows]
    classes = [names[label] if label >= 0 else _("unknown") for label in labels]
    domains = [_("source") if row < count else _("target") for row in rows]
    captions = list(zip(classes, domains, strict=True))
    draw_samples(record, samples, rows, captions, {_("Domain"): domains, _("Class"): classes})
