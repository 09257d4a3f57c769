"""The findings of a run's diagnosis: for each what is wrong, the numbers that show it, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

from da_core.events import Finding
from da_core.jobs.store import Record
from pages.run import starting
from pages.session import keys, state
from pages.session.words import _, explaining, language


def section(findings: Sequence[Finding], record: Record) -> None:
    """Draw one card a finding, the gravest first; where there are none, one sentence."""
    st.subheader(_("What to look out for"), anchor=False)
    if not findings:
        st.markdown(_("No warning sign was found in this run's numbers."))
        return
    st.html(f'<div class="lab-findings">{"".join(card(finding) for finding in findings)}</div>')
    for finding in findings:
        if finding.changes:
            _changes(finding, record)
    if any(finding.uses_target_labels for finding in findings):
        st.caption(_("◆ This needs the target's labels; without them you would not know."))


def card(finding: Finding) -> str:
    """Write a finding as HTML. Class names among its values are the visitor's own, so all of it is escaped."""
    title, evidence, advice = (
        escape(language().translate_message(message, finding.values))
        for message in (finding.title, finding.evidence, finding.advice)
    )
    mark = ' <i aria-hidden="true">◆</i>' if finding.uses_target_labels else ""
    return f"<article><h4>{title}{mark}</h4><p>{evidence}</p><p>{advice}</p></article>"


def _changes(finding: Finding, record: Record) -> None:
    """Draw what may be the reasons for a finding, in their order, and what changes each."""
    with st.container(border=True):
        title = language().translate_message(finding.title, finding.values)
        st.markdown(f"**{title}** {_('Likely reasons, and what to change:')}")
        for place, change in enumerate(finding.changes):
            reason, label = (
                language().translate_message(text, change.values) for text in (change.reason, change.label)
            )
            st.markdown(f"{place + 1}. {reason}")
            if state.is_hidden("method") or not change.settings:
                continue
            if st.button(label, key=keys.finding_change(finding.name, place)):
                with explaining():
                    starting.start_beside(record.experiment.with_settings(change.settings), [record.run_id])
