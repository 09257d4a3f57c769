"""Draw the report on a pair: which kind of shift its samples suggest, and what to try first."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from da_core.data.pair import DomainPair
from da_core.experiment import MethodSpec
from pages.charts import plotly_figure
from pages.session import keys, state
from pages.session.background import Background
from pages.session.polling import when_ready
from pages.session.words import _, number, percent, translate_message
from pages.shell import navigation

if TYPE_CHECKING:
    from da_core.evaluation.shift.shift_permutations import Distance
    from da_core.evaluation.shift.shift_report import DataReport
    from da_core.evaluation.shift.shift_verdict import Verdict

VERDICTS: dict[Verdict, str] = {
    "none": "No shift is visible. Source only should do; a method that adapts has little to gain.",
    "label": "This looks like label shift: the class proportions differ.",
    "covariate": "This looks like covariate shift: other samples are common, but the same sample keeps its label.",
    "concept": "This looks like concept shift: the same samples have other labels. Only target labels help.",
    "appearance": "This looks like a change of appearance: the same things look different.",
}


def _report(pair: DomainPair) -> DataReport:
    from da_core.evaluation.shift.shift_report import data_report

    return data_report(pair)


reports = Background(_report, keep=64)


def section(pair: DomainPair, key: str) -> None:
    """Draw the question, a button, and the answer as soon as it is there; ``key`` names the pair."""
    st.subheader(_("What kind of shift is this?"), anchor=False)
    if st.session_state.get(keys.REPORTED_PAIR) != key:
        st.markdown(_("Compare the samples before any training."))
        if not st.button(_("Compare the domains")):
            return
        st.session_state[keys.REPORTED_PAIR] = key
    when_ready(reports.submit(key, pair), partial(_draw, pair), _("Comparing the domains…"))


def _draw(pair: DomainPair, report: DataReport) -> None:
    from pages.charts import shift_charts  # scikit-learn and the methods come with the report

    st.markdown(f"**{_(VERDICTS[report.verdict])}**")
    st.markdown("\n".join(f"- {translate_message(reason.message, reason.values)}" for reason in report.reasons))
    _recommendation(pair, report)
    _measures(report)
    st.markdown(f"**{_('What changed most')}**")
    plotly_figure.draw(
        shift_charts.drifts(report),
        "report-drifts",
        shift_charts.drifts_alt(report),
        shift_charts.drifts_table(report),
    )
    st.markdown(f"**{_('Shares of the classes')}**")
    plotly_figure.draw(shift_charts.shares(report), key="report-shares", alt=shift_charts.shares_alt(report))
    st.caption(_("The estimated shares are right under label shift only."))
    if report.counts[1].any():
        st.caption(_("The target's labels are used only to test whether their meaning changed."))


def _recommendation(pair: DomainPair, report: DataReport) -> None:
    """Draw the methods that suit the pair, the one to try first at the head, each with its reason and a way to it."""
    from da_core.evaluation.recommendation import recommend
    from da_core.methods import methods

    recommendation = recommend(report, pair, state.experiment().data)
    st.markdown(f"**{_('Try in this order')}**")
    for place, suggestion in enumerate(recommendation.suggestions, start=1):
        title = _(methods()[suggestion.method].title)
        with st.container(key=keys.suggestion(suggestion.method), horizontal=True, vertical_alignment="center"):
            st.markdown(
                f"{place}. **{title}** · {translate_message(suggestion.reason.message, suggestion.reason.values)}"
            )
            if st.button(
                _("Start with {method} →", method=title),
                key=keys.advised(suggestion.method),
                type="primary" if place == 1 else "secondary",
            ):
                _start_with(suggestion.method, report.verdict)
    for caution in recommendation.cautions:
        st.caption(translate_message(caution.message, caution.values))


def _start_with(method: str, verdict: Verdict) -> None:
    from da_core.methods.wanted_network import with_method

    st.session_state[keys.ADVICE] = (state.experiment().data, verdict, method)
    state.replace(with_method(state.experiment(), MethodSpec(name=method)))
    navigation.switch_to("method")


def _measures(report: DataReport) -> None:
    """Draw the distances, how often chance alone gives as much, and a line on how to read each."""
    test, (low, high) = report.test, report.interval
    rows = [
        (
            _("Proxy A-distance"),
            f"{number(report.proxy_a_distance, 2)} ({number(low, 2)} … {number(high, 2)})",
            "–",
            _("How well a line separates the domains: 2 means always, 0 means no better than chance."),
        )
    ]
    measures: tuple[tuple[Distance, str, str], ...] = (
        ("mmd", _("MMD²"), _("Distance between the means of the domains; 0 means that they are equal.")),
        (
            "coral",
            _("CORAL distance"),
            _("How much the covariances of the domains differ: 0 means not at all, 1 completely."),
        ),
        (
            "classwise",
            _("Class-wise distance"),
            _("MMD² between samples that one source classifier assigns to the same class."),
        ),
    )
    rows += [
        (title, number(test.distances[name], 3), _chance(test.p_values[name]), how)
        for name, title, how in measures
        if name in test.distances
    ]
    titles, measured, chances, hows = zip(*rows, strict=True)
    st.table(
        {"": titles, _("measured"): measured, _("Probability of such a distance without a shift"): chances},
        border="horizontal",
        hide_index=True,
    )
    st.caption("  \n".join(f"{title}: {how}" for title, how in zip(titles, hows, strict=True)))


def _chance(p_value: float) -> str:
    from da_core.evaluation.shift.shift_permutations import LEAST_CHANCE, SHUFFLES

    if p_value <= LEAST_CHANCE:
        return _("at most {share} ({count} shuffles)", share=percent(LEAST_CHANCE), count=SHUFFLES)
    return percent(p_value)
