"""The report on a pair: what kind of shift its samples speak for, and what to try first. Made in the background."""

from __future__ import annotations

from collections import OrderedDict
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import TYPE_CHECKING

import streamlit as st

from da_core.data.pair import DomainPair
from pages.charts import score_charts
from pages.session.words import _, number, percent, translate_message
from pages.shell import navigation

if TYPE_CHECKING:
    from da_core.evaluation.shift_report import DataReport, Verdict

_KEPT = 64
_POLL_SECONDS = 0.5
_ASKED = "lab.report"
"""Session state: the pair whose report was asked for."""
VERDICTS: dict[Verdict, str] = {
    "none": "No shift can be seen. Source only should do; whatever adapts has little to gain.",
    "label": "This looks like label shift. Try sample reweighting first, by class: BBSE or EM.",
    "covariate": "This looks like covariate shift. Try sample reweighting first.",
    "concept": "This looks like concept shift: the same samples mean something else. Only labels of the target help; "
    "try model adaptation by fine-tuning first.",
    "appearance": "This looks like a change of appearance. Try feature alignment first.",
}


class Reports:
    """This server's reports, each made once by a thread of its own."""

    def __init__(self) -> None:
        self._made: OrderedDict[str, Future[DataReport]] = OrderedDict()
        self._lock = Lock()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="report")

    def of(self, key: str, pair: DomainPair) -> Future[DataReport]:
        """The report on a pair that ``key`` names."""
        with self._lock:
            if key not in self._made:
                self._made[key] = self._thread.submit(_make, pair)
                while len(self._made) > _KEPT:
                    self._made.popitem(last=False)
            return self._made[key]


def _make(pair: DomainPair) -> DataReport:
    from da_core.evaluation.shift_report import data_report

    return data_report(pair)


@st.cache_resource
def reports() -> Reports:
    return Reports()


def section(pair: DomainPair, key: str) -> None:
    """The question, a button, and the answer as soon as it is there."""
    st.subheader(_("What kind of shift is this?"), anchor=False)
    if st.session_state.get(_ASKED) != key:
        st.markdown(_("Compare the samples as they are, before anything is trained."))
        if not st.button(_("Compare the domains")):
            return
        st.session_state[_ASKED] = key
    made = reports().of(key, pair)
    st.fragment(_answer, run_every=None if made.done() else _POLL_SECONDS)(made, made.done())


def _answer(made: Future[DataReport], was_done: bool) -> None:
    if not made.done():
        st.caption(_("Comparing the domains…"))
    elif not was_done:
        st.rerun()
    else:
        _draw(made.result())


def _draw(report: DataReport) -> None:
    from pages.charts import shift_charts  # scikit-learn and the methods come with the report

    st.markdown(f"**{_(VERDICTS[report.verdict])}**")
    st.markdown("\n".join(f"- {translate_message(reason.message, reason.values)}" for reason in report.reasons))
    if report.family is not None:
        navigation.go("method", _("Choose a method") + " →")
    low, high = report.interval
    st.table(
        {
            "": [_("Proxy A-distance"), _("MMD²"), _("Chance of such a distance without a shift")],
            _("measured"): [
                f"{number(report.proxy_a_distance, 2)} ({number(low, 2)} … {number(high, 2)})",
                number(report.mmd, 3),
                percent(report.p_value),
            ],
        },
        border="horizontal",
        hide_index=True,
    )
    st.markdown(f"**{_('What changed most')}**")
    score_charts.draw(shift_charts.drifts(report), key="report-drifts", alt=shift_charts.drifts_alt(report))
    st.markdown(f"**{_('Shares of the classes')}**")
    score_charts.draw(shift_charts.shares(report), key="report-shares", alt=shift_charts.shares_alt(report))
    st.caption(_("The estimate reads changed mistakes as changed proportions: it is right under label shift alone."))
    if report.counts[1].any():
        st.caption(_("The target's labels are used to tell whether a label's meaning changed, and for nothing else."))
