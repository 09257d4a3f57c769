"""A check and a guess on a screen: nothing is told before a commitment, and what came of it is noted."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from da_core.jobs.store import store
from da_core.teaching.course.check_questions import checks
from da_core.teaching.course.misconceptions import misconception
from pages.session import keys
from tests.support.lab import Lab, button, texts

CHECK, GUESS, HERE = "night_why", "same_points", "here"


def one_check() -> None:
    from pages.learn.check_form import show_check

    show_check("night_why", "here")


def one_guess() -> None:
    import streamlit as st

    from pages.learn.guess_form import ask_guess, show_outcome

    given = ask_guess("same_points", "here")
    if given is not None:
        st.markdown("revealed")
        show_outcome("same_points", "here", given, 51.7)


def answer(at: AppTest, place: int) -> AppTest:
    at.radio(key=keys.check_choice(HERE, CHECK)).set_value(place).run()
    return at.button(key=keys.check_commit(HERE, CHECK)).click().run()


def test_a_wrong_answer_is_met_by_the_refutation_and_a_right_one_by_the_reason(lab: Lab) -> None:
    check = checks()[CHECK]
    at = AppTest.from_function(one_check, default_timeout=60).run()
    assert button(at, "Answer").disabled
    assert check.why.en not in texts(at)
    wrong = (check.right + 1) % len(check.options)

    answer(at, wrong)
    assert misconception(check.options[wrong].misconception).refutation.en in at.warning[0].value
    assert button(at, "Try it →")

    answer(at, check.right)
    assert check.why.en in at.success[0].value
    progress = store().database.progress(lab.visitor)
    assert [progress.times("check", CHECK, outcome) for outcome in ("right", "wrong")] == [1, 1]


def test_the_outcome_waits_for_the_guess_and_stands_beside_it(lab: Lab) -> None:
    at = AppTest.from_function(one_guess, default_timeout=60).run()
    assert "revealed" not in texts(at)
    at.slider(key=keys.guess_widget(HERE, GUESS)).set_value(60.0).run()
    at.button(key=keys.guess_commit(HERE, GUESS)).click().run()
    assert "60%" in texts(at)
    assert "51.7%" in texts(at)
    assert "8.3 points off" in texts(at)
    assert store().database.progress(lab.visitor).total("guess", "made") == 1


def test_one_may_be_shown_without_a_guess_and_that_is_counted(lab: Lab) -> None:
    at = AppTest.from_function(one_guess, default_timeout=60).run()
    button(at, "Skip the guess").click().run()
    assert "revealed" in texts(at)
    assert "off" not in texts(at)
    assert store().database.progress(lab.visitor).total("guess", "skipped") == 1
