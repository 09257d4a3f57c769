"""The bug hunt and “Which shift is it?”: nothing is told before the reader has committed, and the score counts."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from da_core.teaching.course.bugs import bugs, code
from da_core.teaching.course.shift_quiz import KIND_TITLES, KINDS, plant
from pages.session import keys
from tests.support.lab import Lab, button, texts

BUG = "averaged_away"


@pytest.fixture
def hunt(lab: Lab) -> AppTest:
    app = lab.screen("bug_hunt", section="learn")
    return app.selectbox(key=keys.BUG).set_value(BUG).run()


def mark(app: AppTest, line: str) -> AppTest:
    place = [each.strip() for each in code(BUG, "wrong").splitlines()].index(line)
    app.radio(key=keys.bug_line(BUG)).set_value(place).run()
    return app.button(key=keys.bug_commit(BUG)).click().run()


def scripts(app: AppTest) -> str:
    """What stands on the page as code: scripts, and what they print."""
    return "\n".join(block.value for block in app.code)


def test_a_line_that_is_right_gives_nothing_away(hunt: AppTest) -> None:
    app = mark(hunt, 'print(f"precision {precision:.3f}, recall {recall:.3f}: ready for the road")')
    assert "This line is correct" in texts(app)
    assert bugs()[BUG].happens.en not in texts(app)


def test_the_wrong_line_runs_and_only_the_right_remedy_shows_the_right_version(hunt: AppTest) -> None:
    app = mark(hunt, bugs()[BUG].line)
    assert "precision 0.961, recall 0.960: ready for the road" in scripts(app)
    remedies = bugs()[BUG].remedies
    wrong = next(place for place, remedy in enumerate(remedies) if remedy.because is not None)
    right = next(place for place, remedy in enumerate(remedies) if remedy.because is None)

    app.radio(key=keys.bug_remedy(BUG)).set_value(wrong).run()
    assert remedies[wrong].because.en in texts(app)
    assert not app.success

    app.radio(key=keys.bug_remedy(BUG)).set_value(right).run()
    assert "bus      precision 0.00, recall 0.00" in scripts(app)
    assert [each.value for each in app.success] == [bugs()[BUG].after.en]


def test_the_quiz_tells_after_the_answer_and_counts_by_kind(lab: Lab) -> None:
    app = lab.screen("which_shift", section="learn")
    truth = plant(app.session_state[keys.QUIZ_SEED]).kind
    wrong = next(kind for kind in KINDS if kind != truth)
    assert "How it was made" not in texts(app)
    assert "Your score" not in texts(app)

    app.radio(key=keys.quiz_choice(app.session_state[keys.QUIZ_SEED])).set_value(wrong).run()
    app.button(key=keys.QUIZ_COMMIT).click().run()
    assert KIND_TITLES[truth] in texts(app)
    assert "0 of 1 right" in texts(app)

    button(app, "Next pair").click().run()
    truth = plant(app.session_state[keys.QUIZ_SEED]).kind
    app.radio(key=keys.quiz_choice(app.session_state[keys.QUIZ_SEED])).set_value(truth).run()
    app.button(key=keys.QUIZ_COMMIT).click().run()
    assert "1 of 2 right" in texts(app)
