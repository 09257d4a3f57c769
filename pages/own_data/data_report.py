"""Draw the report on a pair: which kind of shift its samples suggest, and what to try first."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from da_core.data.pair import DomainPair
from da_core.experiment import DataSpec
from pages.charts import plotly_figure
from pages.session import keys, state
from pages.session.background import Background
from pages.session.polling import when_ready
from pages.session.words import _, number, percent, translate_message
from pages.shell import navigation

if TYPE_CHECKING:
    from da_core.evaluation.recommendation import Certainty, Recommendation
    from da_core.evaluation.shift.shift_permutations import Distance
    from da_core.evaluation.shift.shift_report import DataReport
    from da_core.evaluation.shift.shift_verdict import Verdict

VERDICTS: dict[Verdict, str] = {
    "none": "No shift is visible. Source only should do; a method that adapts has little to gain.",
    "label": "This looks like label shift: the class proportions differ.",
    "covariate": "This looks like covariate shift: other samples are common, but the same sample keeps its label.",
    "concept": "This looks like concept shift: the same samples have other labels. Only target labels help.",
    "appearance": "This looks like a change of appearance: the same things look different.",
    "few": "Too few samples to tell which kind of shift this is.",
}
CERTAINTY: dict[Certainty, str] = {
    "clear": "The evidence is clear.",
    "likely": "The evidence is fairly clear.",
    "unclear": "The evidence is not clear, so source only stays first.",
}


def _report(pair: DomainPair) -> DataReport:
    from da_core.evaluation.shift.shift_report import data_report

    return data_report(pair)


def _recommend(report: DataReport, pair: DomainPair, data: DataSpec) -> Recommendation:
    from da_core.evaluation.recommendation import recommend

    return recommend(report, pair, data)


reports = Background(_report, keep=64)
recommendations = Background(_recommend, keep=64)


def section(pair: DomainPair, key: str) -> None:
    """Draw the question, a button, and the answer as soon as it is there; ``key`` names the pair."""
    st.subheader(_("What kind of shift is this?"), anchor=False)
    if st.session_state.get(keys.REPORTED_PAIR) != key:
        st.markdown(_("Compare the samples before any training."))
        if not st.button(_("Compare the domains")):
            return
        st.session_state[keys.REPORTED_PAIR] = key
    when_ready(reports.submit(key, pair), partial(_draw, pair, key), _("Comparing the domains…"))


def _draw(pair: DomainPair, key: str, report: DataReport) -> None:
    from pages.charts import shift_charts  # scikit-learn and the methods come with the report

    st.markdown(f"**{_(VERDICTS[report.verdict])}**")
    st.markdown("\n".join(f"- {translate_message(reason.message, reason.values)}" for reason in report.reasons))
    recommended = recommendations.submit(key, report, pair, state.experiment().data)
    when_ready(recommended, partial(_recommendation, report.verdict), _("Comparing methods on a part of the samples…"))
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


def _recommendation(verdict: Verdict, found: Recommendation) -> None:
    """Draw the methods to try, the first at the head, each with its reason and a way to it, and what that rests on."""
    from da_core.methods import methods

    st.markdown(f"**{_('Try in this order')}**")
    for place, suggestion in enumerate(found.suggestions, start=1):
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
                _start_with(suggestion.method, verdict, found)
    unless = translate_message(found.unless.message, found.unless.values)
    st.caption(f"{_(CERTAINTY[found.certainty])} {_('What would change it:')} {unless}")
    for caution in found.cautions:
        st.caption(translate_message(caution.message, caution.values))
    if found.comparison.candidates:
        _compared(found)


def _compared(found: Recommendation) -> None:
    """Draw what each candidate changes against source only, as far as it shows without target labels."""
    from da_core.evaluation.quick_comparison import MOST_ROWS
    from da_core.methods import methods

    with st.expander(_("The methods compared")):
        candidates = found.comparison.candidates
        st.table(
            {
                _("Method"): [_(methods()[each.method].title) for each in candidates],
                _("Certainty"): [number(100 * each.certainty, 1) for each in candidates],
                _("Circular validation"): [number(100 * each.circular, 1) for each in candidates],
                _("Weighted source accuracy"): [number(100 * each.weighted, 1) for each in candidates],
                _("Other predictions"): [percent(each.moved) for each in candidates],
            },
            border="horizontal",
            hide_index=True,
        )
        st.caption(
            _(
                "Changes against source only in percentage points, on at most {count} samples of each domain, without "
                "target labels. Certainty: information maximisation, as a share of its maximum. Circular validation: "
                "how well a classifier of the target's predictions names the source's classes. Weighted source "
                "accuracy: right source samples, those like the target counting more. Other predictions: target "
                "samples that get another class.",
                count=MOST_ROWS,
            )
        )


def _start_with(method: str, verdict: Verdict, found: Recommendation) -> None:
    st.session_state[keys.ADVICE] = (state.experiment().data, verdict, method)
    state.replace(found.put_on(state.experiment(), method))
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
