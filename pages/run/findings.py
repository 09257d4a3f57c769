"""The findings of a run's diagnosis: for each what is wrong, the numbers that show it, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

from da_core.events import Finding
from pages.session.words import _, language


def section(findings: Sequence[Finding]) -> None:
    """Draw one card a finding, the gravest first; where there are none, one sentence."""
    st.subheader(_("What to look out for"), anchor=False)
    if not findings:
        st.markdown(_("No warning sign was found in this run's numbers."))
        return
    st.html(f'<div class="lab-findings">{"".join(card(finding) for finding in findings)}</div>')
    if any(finding.uses_target_labels for finding in findings):
        st.caption(_("◆ It took the target's labels to tell. Without them you would not know."))


def card(finding: Finding) -> str:
    """Write a finding as HTML. Class names among its values are the visitor's own, so all of it is escaped."""
    title, evidence, advice = (
        escape(language().translate_message(message, finding.values))
        for message in (finding.title, finding.evidence, finding.advice)
    )
    mark = ' <i aria-hidden="true">◆</i>' if finding.uses_target_labels else ""
    return f"<article><h4>{title}{mark}</h4><p>{evidence}</p><p>{advice}</p></article>"
