"""Work in the background: made once, remembered for a while, and a screen that waits for it."""

from __future__ import annotations

import threading

import pytest
from streamlit.testing.v1 import AppTest

from pages.session.background import Background

PATIENCE = 120.0


def test_each_is_made_once_and_those_asked_for_last_are_remembered() -> None:
    made: list[str] = []
    background = Background(made.append, keep=2)
    for key in ("a", "b", "a", "c", "a", "b"):
        background.submit(key, key)
    background.wait_idle(PATIENCE)
    assert made == ["a", "b", "c", "b"], "b was the one that nobody had asked for longest"
    background.forget("a")
    background.submit("a", "a").result(PATIENCE)
    assert made[-1] == "a"


def test_what_fails_says_so_and_stops_nothing_else() -> None:
    background = Background(int, keep=4)
    bad, good = background.submit("bad", "x"), background.submit("good", "7")
    assert good.result(PATIENCE) == 7
    with pytest.raises(ValueError, match="x"):
        bad.result(PATIENCE)


def _waiting_page(background) -> None:  # type: ignore[no-untyped-def]  # AppTest runs its text alone
    import streamlit as st

    from pages.session.polling import when_ready

    when_ready(background.submit("key"), lambda text: st.markdown(text), "Not yet…")  # type: ignore[arg-type, return-value]


def test_a_screen_says_that_it_waits_and_then_draws_the_result() -> None:
    may_end = threading.Event()

    def make() -> str:
        assert may_end.wait(PATIENCE)
        return "Here it is."

    background = Background(make, keep=1)
    app = AppTest.from_function(_waiting_page, args=(background,), default_timeout=60).run()
    assert [caption.value for caption in app.caption] == ["Not yet…"]
    may_end.set()
    background.wait_idle(PATIENCE)
    app.run()
    assert [text.value for text in app.markdown] == ["Here it is."]
    assert not app.caption


def _following_page(values: list[int]) -> None:
    import streamlit as st

    from pages.session.polling import follow

    st.caption("over" if values[0] == 0 else "going")
    follow(lambda: values.pop(0), lambda value: value == 0, lambda value: st.markdown(str(value)), was_over=False)  # type: ignore[arg-type, return-value]


def test_the_whole_page_runs_again_at_the_end_of_what_it_follows() -> None:
    app = AppTest.from_function(_following_page, args=([2, 1],), default_timeout=60).run()
    assert [text.value for text in app.markdown] == ["2"]
    app = AppTest.from_function(_following_page, args=([0, 0, 5],), default_timeout=60).run()
    assert [text.value for text in app.markdown] == ["5"], "what was over at once made the page look again"
