"""A guess on a screen: the reader commits one, or asks to be shown without, before anything tells the outcome."""

from __future__ import annotations

from typing import Any

import streamlit as st

from da_core.teaching.course_numbers import filled
from da_core.teaching.guess import (
    Answer,
    BarGuess,
    BoundaryGuess,
    CurveGuess,
    Given,
    PickGuess,
    Points,
    distance,
    read_guess,
    read_line,
)
from pages.learn import own_progress, sketch_element
from pages.session import keys
from pages.session.words import _, language, number


def ask_guess(guess: str, where: str, points: Points = ()) -> Given | None:
    """Ask for the guess of this name, ``where`` being the place on the screens that remembers it; None until then.

    ``points`` lie behind a boundary that is to be sketched.
    """
    key = keys.guess_given(where, guess)
    given: Given | None = st.session_state.get(key)
    if given is not None:
        return given
    asked, code = read_guess(guess), language().code

    def commit(answer: Answer | None) -> None:
        st.session_state[key] = Given(answer)
        own_progress.note("guess", guess, "skipped" if answer is None else "made")

    with st.container(border=True, key=keys.guess_box(where, guess)):
        st.caption(_("Guess first"))
        st.markdown(f"**{filled(asked.question.text(code), language())}**")
        widget = keys.guess_widget(where, guess)
        if isinstance(asked, BarGuess | PickGuess):
            answer: Answer | None = _bar(asked, widget) if isinstance(asked, BarGuess) else _pick(asked, widget)
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
        else:
            sketch_element.draw(asked, key=widget, points=points, on_commit=lambda line: _committed(line, commit))
            _skip(commit, where, guess)
    return None


def show_outcome(guess: str, where: str, given: Given, outcome: Answer | None, points: Points = ()) -> None:
    """Show the question again, and what came out beside what was guessed, and how far off that was.

    For a boundary ``points`` may be all that came out.
    """
    asked, code = read_guess(guess), language().code
    st.markdown(f"**{filled(asked.question.text(code), language())}**")
    if isinstance(asked, BarGuess):
        _compare(_in_unit(asked, given.answer), _in_unit(asked, outcome))
    elif isinstance(asked, PickGuess):
        options = {name: text.text(code) for name, text in asked.options.items()}
        _compare(options.get(str(given.answer), ""), options[str(outcome)])
    else:
        line = given.answer if isinstance(given.answer, tuple) else None
        came = outcome if isinstance(outcome, tuple) else None
        sketch_element.draw(asked, key=keys.guess_outcome(where, guess), points=points, given=line, outcome=came)
    if given.answer is None or outcome is None:
        return
    off = distance(given.answer, outcome)
    if isinstance(asked, PickGuess):
        st.markdown(_("You guessed right.") if off == 0 else _("It came out otherwise than you guessed."))
    elif not isinstance(asked, BoundaryGuess):
        missed = _("{points} points", points=number(off, 1)) if asked.unit == "%" else _in_unit(asked, off)
        st.markdown(_("Your guess was {off} off.", off=missed))


def _bar(asked: BarGuess, widget: str) -> float:
    middle = asked.low + asked.step * round((asked.high - asked.low) / 2 / asked.step)
    found: float = st.slider(
        asked.question.text(language().code),
        asked.low,
        asked.high,
        middle,
        asked.step,
        format=f"%g{asked.unit.replace('%', '%%')}",
        key=widget,
        label_visibility="collapsed",
    )
    return found


def _pick(asked: PickGuess, widget: str) -> str | None:
    code = language().code
    found: str | None = st.radio(
        asked.question.text(code),
        list(asked.options),
        format_func=lambda name: asked.options[name].text(code),
        index=None,
        key=widget,
        label_visibility="collapsed",
    )
    return found


def _skip(commit: Any, where: str, guess: str) -> None:
    label = _("Show me without a guess")
    st.button(label, key=keys.guess_skip(where, guess), on_click=commit, args=(None,), type="tertiary")


def _committed(line: Any, commit: Any) -> None:
    """Take over a line that the browser sends."""
    if (heights := read_line(line)) is not None:
        commit(heights)


def _compare(guessed: str, came: str) -> None:
    lines = [_("What came out: **{outcome}**", outcome=came)]
    if guessed:
        lines.insert(0, _("Your guess: **{guess}**", guess=guessed))
    st.markdown("  \n".join(lines))


def _in_unit(asked: BarGuess | CurveGuess, value: object) -> str:
    """Write a value as finely as it could be guessed, and a little finer."""
    if not isinstance(value, int | float):
        return ""
    digits = 2 if isinstance(asked, BarGuess) and asked.step < 0.1 else 1
    return number(value, 0 if float(round(value, digits)).is_integer() else digits) + asked.unit
