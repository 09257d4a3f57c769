"""The held-out target samples that adapting changed: which it fixed and which it broke."""

from __future__ import annotations

from html import escape

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from da_core.jobs.store import Record
from da_core.teaching.picture_atlas import tiles
from pages.run import current_run, live
from pages.samples.shown_samples import ShownSamples
from pages.session.words import _, number, percent, word

_A_PAGE = 12


def section(record: Record) -> None:
    """Both, side by side; what shows them comes a moment later where it has to be read first."""
    ready = current_run.samples().of(record).done()
    st.fragment(_section, run_every=None if ready else live.POLL_SECONDS)(record, ready)


def _section(record: Record, was_ready: bool) -> None:
    prepared = current_run.samples().of(record, patience=0)
    if prepared.done() != was_ready:
        st.rerun()
    fixed, broken = changed(record)
    for column, key, title, rows in zip(
        st.columns(2, gap="large"),
        ("fixed", "broken"),
        (_("Fixed: wrong before, right now"), _("Broken: right before, wrong now")),
        (fixed, broken),
        strict=True,
    ):
        with column:
            st.markdown(f"**{title}** · {number(len(rows))}")
            if len(rows):
                _draw(record, rows, prepared.result() if was_ready else ShownSamples(), key)
            else:
                st.caption(_("None."))


def changed(record: Record) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Positions among the target samples of the evidence: those fixed and those broken, the surest first."""
    evidence = record.evidence
    right = {when: told == evidence.target_label for when, told in evidence.target_predicted.items()}
    sure = confidence(record)["after"]
    order = np.argsort(-sure, kind="stable")
    fixed, broken = ~right["before"] & right["after"], right["before"] & ~right["after"]
    return order[fixed[order]], order[broken[order]]


def confidence(record: Record) -> dict[str, NDArray[np.floating]]:
    """How sure both models are of each target sample; 0 in records from before this was kept."""
    evidence, count = record.evidence, len(record.evidence.target_label)
    kept = evidence.target_probabilities
    return {when: kept[when].max(axis=1) if when in kept else np.zeros(count) for when in ("before", "after")}


def _draw(record: Record, rows: NDArray[np.int64], shown: ShownSamples, key: str) -> None:
    pages = -(-len(rows) // _A_PAGE)
    page = st.pagination(pages, key=f"lab-{key}-page") if pages > 1 else 1
    rows = rows[(page - 1) * _A_PAGE : page * _A_PAGE]
    evidence = record.evidence
    names = [word(name) for name in record.result.classes]
    true, was, now = (
        [names[label] for label in of[rows]]
        for of in (evidence.target_label, evidence.target_predicted["before"], evidence.target_predicted["after"])
    )
    if shown.atlas is None:
        sure = confidence(record)
        tips = shown.said()
        said = tips and [tips[len(evidence.source_label) + row] for row in rows]
        st.dataframe(
            pd.DataFrame(
                {
                    **({_("Sample"): said} if said else {_("Row"): evidence.target_index[rows]}),
                    _("True"): true,
                    _("Was"): was,
                    _("Now"): now,
                    _("Sure before"): [percent(value, 0) for value in sure["before"][rows]],
                    _("Sure now"): [percent(value, 0) for value in sure["after"][rows]],
                }
            ),
            hide_index=True,
            # a text may be long, and the verdicts are to be seen too
            column_config={_("Sample"): st.column_config.TextColumn(width="medium")},
        )
        return
    cut = tiles(shown.atlas, rows + len(evidence.source_label))
    figures = "".join(
        f'<figure><img src="{uri}" alt="{escape(t)}"><figcaption><b>{escape(t)}</b>'
        f"<span>{escape(_('{was} → {now}', was=w, now=n))}</span></figcaption></figure>"
        for uri, t, w, n in zip(cut, true, was, now, strict=True)
    )
    st.html(f'<div class="lab-changed">{figures}</div>')
