"""Draw validators' scores of a run, and an explanation of each."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from da_core.evaluation.validators import validators
from da_core.evaluation.validators.target_accuracy import TargetAccuracy
from da_core.evaluation.validators.validator import Validator
from da_core.events import Result
from da_core.export.validator_rows import validator_rows, verdict_words
from pages.session import keys
from pages.session.words import _, language, listing, number, paragraph, safe
from pages.shell import navigation


def section(result: Result) -> None:
    """Draw each validator's scores and pick; whether it is right only once that is asked for."""
    from da_core.evaluation.validation import MOST

    st.markdown(
        _(
            "With no labels of the target, which of the two models would you keep? Each validator gives both a score, "
            "the higher the better, and would keep the one that it scores higher."
        )
    )
    truth = result.target_scored and st.toggle(
        _("Show who is right"), key=keys.VALIDATORS_TRUTH, help=_("This reads the target’s labels.")
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
        table[_("Is it right?")] = [verdict_words(result, row.name, language()) for row in rows]
    with st.container(key=keys.scores("validators")):
        st.table(pd.DataFrame(table).set_index(_("Validator")), border="horizontal")
    st.caption(
        _(
            "◆ It needs labels of the target. Scores of different validators cannot be compared. They look at up to "
            "{count} held-out samples of each domain, so an accuracy may differ a little from the one above.",
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
    with st.expander(_("What each validator looks at, and where it fails")):
        for kind in validators().values():
            paper = f"[{safe(kind.paper)}]({kind.link})" if kind.link else safe(kind.paper)
            st.markdown(
                f"**{safe(_(kind.title))}** · {_(kind.summary)}  \n`{kind.formula}`  \n"
                f"{paragraph(_('What it sees:'), _sees(kind))}  \n"
                f"{paragraph(_('Where it fails:'), _(kind.fails))}  \n:gray[{paper}]"
            )


def _sees(kind: type[Validator]) -> str:
    """Say how many of the target's labels a validator is given."""
    match kind.labels:
        case "none":
            return _("None: it never receives target labels.")
        case "few":
            return _("A few labelled target samples, which you have to label.")
        case "all":
            return _("Every label of the target, so it stays locked until it is asked for.")
