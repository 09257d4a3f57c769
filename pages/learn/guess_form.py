"""A guess on a screen: the reader commits one, or asks to be shown without, before anything tells the outcome."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from da_core.teaching.course.course_numbers import fill_numbers
from da_core.teaching.course.guess import (
    Answer,
    BarGuess,
    BoundaryGuess,
    CurveGuess,
    PickGuess,
    Points,
    ReaderGuess,
    distance,
    read_guess,
    read_line,
)
from pages.learn import own_progress, sketch_element
from pages.session import keys
from pages.session.words import _, language, number


def ask_guess(guess: str, where: str, points: Points = ()) -> ReaderGuess | None:
    """Ask for the guess of this name, ``where`` being the place on the screens that remembers it; None until then."""
    key = keys.guess_answer(where, guess)
    committed: ReaderGuess | None = st.session_state.get(key)
    if committed is not None:
        return committed
    question, code = read_guess(guess), language().code

    def commit(answer: Answer | None) -> None:
        st.session_state[key] = ReaderGuess(answer)
        own_progress.note("guess", guess, "skipped" if answer is None else "made")

    with st.container(border=True, key=keys.guess_box(where, guess)):
        st.caption(_("Guess first"))
        st.markdown(f"**{fill_numbers(question.question.text(code), language())}**")
        widget = keys.guess_widget(where, guess)
        if isinstance(question, BarGuess | PickGuess):
            answer: Answer | None = (
                _bar(question, widget) if isinstance(question, BarGuess) else _pick(question, widget)
            )
            draw_buttons(where, guess, answer, commit)
        else:
            sketch_element.draw(question, key=widget, points=points, on_commit=lambda line: _committed(line, commit))
            _skip(commit, where, guess)
    return None


def show_outcome(guess: str, where: str, answer: ReaderGuess, outcome: Answer | None, points: Points = ()) -> None:
    """Show the question again, and what came out beside what was guessed, and how far off that was."""
    question, code = read_guess(guess), language().code
    st.markdown(f"**{fill_numbers(question.question.text(code), language())}**")
    if isinstance(question, BarGuess):
        compare(_in_unit(question, answer.answer), _in_unit(question, outcome))
    elif isinstance(question, PickGuess):
        options = {name: text.text(code) for name, text in question.options.items()}
        compare(options.get(str(answer.answer), ""), options[str(outcome)])
    else:
        line = answer.answer if isinstance(answer.answer, tuple) else None
        came = outcome if isinstance(outcome, tuple) else None
        sketch_element.draw(question, key=keys.guess_outcome(where, guess), points=points, answer=line, outcome=came)
    if answer.answer is None or outcome is None:
        return
    off = distance(answer.answer, outcome)
    if isinstance(question, PickGuess):
        st.markdown(_("You guessed right.") if off == 0 else _("Your guess was wrong."))
    elif not isinstance(question, BoundaryGuess):
        missed = _("{points} points", points=number(off, 1)) if question.unit == "%" else _in_unit(question, off)
        st.markdown(_("Your guess was {off} off.", off=missed))


def _bar(question: BarGuess, widget: str) -> float:
    middle = question.low + question.step * round((question.high - question.low) / 2 / question.step)
    value: float = st.slider(
        question.question.text(language().code),
        question.low,
        question.high,
        middle,
        question.step,
        format=f"%g{question.unit.replace('%', '%%')}",
        key=widget,
        label_visibility="collapsed",
    )
    return value


def _pick(question: PickGuess, widget: str) -> str | None:
    code = language().code
    value: str | None = st.radio(
        question.question.text(code),
        list(question.options),
        format_func=lambda name: question.options[name].text(code),
        index=None,
        key=widget,
        label_visibility="collapsed",
    )
    return value


def draw_buttons(where: str, guess: str, answer: Answer | None, commit: Callable[[Any], None]) -> None:
    """Draw the buttons that commit an answer and that skip the guess."""
    with st.container(horizontal=True):
        st.button(
            _("This is my guess"),
            key=keys.guess_commit(where, guess),
            disabled=answer is None,
            on_click=commit,
            args=(answer,),
            type="primary",
        )
        _skip(commit, where, guess)


def _skip(commit: Callable[[Any], None], where: str, guess: str) -> None:
    label = _("Skip the guess")
    st.button(label, key=keys.guess_skip(where, guess), on_click=commit, args=(None,), type="tertiary")


def _committed(line: Any, commit: Any) -> None:
    """Take over a line that the browser sends."""
    if (heights := read_line(line)) is not None:
        commit(heights)


def compare(guessed: str, came: str) -> None:
    """Write the outcome, below the guess where there is one."""
    lines = [_("Result: **{outcome}**", outcome=came)]
    if guessed:
        lines.insert(0, _("Your guess: **{guess}**", guess=guessed))
    st.markdown("  \n".join(lines))


def _in_unit(question: BarGuess | CurveGuess, value: object) -> str:
    """Write a value as finely as it could be guessed, and a little finer."""
    if not isinstance(value, int | float):
        return ""
    digits = 2 if isinstance(question, BarGuess) and question.step < 0.1 else 1
    return number(value, 0 if float(round(value, digits)).is_integer() else digits) + question.unit
