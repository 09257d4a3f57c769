"""A check on a screen: a question, and after an answer why it is right, or what is wrong with it and what to try."""

from __future__ import annotations

import streamlit as st

from da_core.teaching.course.check_questions import check as read_check
from da_core.teaching.course.misconceptions import TryIt
from pages.learn import own_progress
from pages.session import keys
from pages.session.words import _, bold_first, language, paragraph
from pages.shell import navigation


def show_check(check: str, where: str) -> bool | None:
    """Ask the check of this name, ``where`` being the place on the screens that remembers the answer.

    Return whether the last committed answer was right; None before there is one.
    """
    question, code = read_check(check), language().code
    chosen_key, answer_key = keys.check_choice(where, check), keys.check_answer(where, check)
    with st.container(border=True, key=keys.check_box(where, check)):
        st.markdown(f"**{question.question.text(code)}**")
        chosen = st.radio(
            question.question.text(code),
            range(len(question.options)),
            format_func=lambda place: question.options[place].text.text(code),
            index=None,
            key=chosen_key,
            label_visibility="collapsed",
        )
        if st.button(_("Answer"), key=keys.check_commit(where, check), disabled=chosen is None):
            st.session_state[answer_key] = chosen
            right = chosen is not None and question.options[chosen].is_right
            own_progress.note("check", check, "right" if right else "wrong")
        answer: int | None = st.session_state.get(answer_key)
        if answer is None:
            return None
        option = question.options[answer]
        if option.is_right:
            st.success(bold_first(_("Right."), question.why.text(code)))
        else:
            belief = option.refuted()
            opinion = _("Many think: “{belief}”", belief=belief.says.text(code))
            st.warning(bold_first(_("Not so."), paragraph(opinion, belief.refutation.text(code))))
            in_this_lesson = belief.try_it.query() == {"lesson": check}
            try_it(belief.try_it, keys.check_try(where, check), leads_away=not in_this_lesson)
        return option.is_right


def try_it(trial: TryIt, key: str, leads_away: bool = True) -> None:
    """Draw something to try: what to do and look at, and the button that goes there, unless one is there."""
    st.markdown(trial.does.text(language().code))
    if leads_away and st.button(_("Try it") + " →", key=key):
        navigation.follow(trial.screen, trial.query())
