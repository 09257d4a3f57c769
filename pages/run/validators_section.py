"""Draw validators' scores of a run, and an explanation of each."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from da_core.evaluation.validators import validators
from da_core.evaluation.validators.target_accuracy import TargetAccuracy
from da_core.evaluation.validators.validator import Validator
from da_core.events import Result
from da_core.export.validator_rows import validator_rows, verdict_words
from pages.charts import chart_table
from pages.session import keys
from pages.session.words import _, language, linked, listing, number, paragraph, safe
from pages.shell import navigation


def section(result: Result) -> None:
    """Draw each validator's scores and pick; whether it is right only once that is asked for."""
    from da_core.evaluation.validation import MOST

    st.markdown(
        _(
            "Without target labels, which of the two models would you keep? Each validator scores both, higher being "
            "better, and keeps the one with the higher score."
        )
    )
    truth = result.target_scored and st.toggle(
        _("Show which are right"), key=keys.VALIDATORS_TRUTH, help=_("This needs the target's labels.")
    )
    unlocked = unlock() if result.target_scored else False
    rows = validator_rows(result, language(), unlocked=unlocked)
    table = {
        _("Validator"): [f"{safe(row.title)} ◆" if row.uses_labels else safe(row.title) for row in rows],
        _("Before"): [row.before for row in rows],
        _("After"): [row.after for row in rows],
        _("It would keep"): [row.pick for row in rows],
    }
    if truth:
        table[_("Correct?")] = [verdict_words(result, row.name, language()) for row in rows]
    chart_table.scores(pd.DataFrame(table).set_index(_("Validator")), "validators")
    st.caption(
        _(
            "◆ Needs target labels. Scores of different validators cannot be compared. They use up to {count} "
            "held-out samples of each domain, so an accuracy may differ slightly from the one above.",
            count=number(MOST),
        )
    )
    for reason in dict.fromkeys(row.reason for row in rows if row.reason):
        titles = listing(row.title for row in rows if row.reason == reason)
        st.caption(f"{safe(titles)}: {safe(reason)}")
    explained()
    navigation.link_to("which_run", _("Which of many runs would they pick?") + " →")


def unlock() -> bool:
    """Ask whether the oracle may be shown, saying what that costs."""
    return st.toggle(_("Unlock the oracle"), key=keys.ORACLE_UNLOCKED, help=_(TargetAccuracy.cost))


def explained() -> None:
    """Draw what each validator looks at, what it sees, its formula, its paper and where it fails, folded away."""
    with st.expander(_("What each validator measures, and where it fails")):
        for kind in validators().values():
            st.markdown(
                f"**{safe(_(kind.title))}** · {_(kind.summary)}  \n`{kind.formula}`  \n"
                f"{paragraph(_('What it sees:'), _sees(kind))}  \n"
                f"{paragraph(_('Where it fails:'), _(kind.fails))}  \n:gray[{linked(kind.paper, kind.link)}]"
            )


def _sees(kind: type[Validator]) -> str:
    """Say how many of the target's labels a validator is given."""
    match kind.labels:
        case "none":
            return _("None: it never receives target labels.")
        case "few":
            return _("A few labelled target samples, which you have to label.")
        case "all":
            return _("All target labels, so it stays locked until you unlock it.")
