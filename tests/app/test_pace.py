"""How often each of many screens looks."""

from __future__ import annotations

import pytest

from pages.session.polling import SharedPace


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_few_look_often_and_many_share_what_the_server_can_do() -> None:
    pace = SharedPace(most=20, least=0.5, clock=Clock())
    assert [pace.seconds(str(who)) for who in range(10)] == [0.5] * 10
    last = [pace.seconds(str(who)) for who in range(250)][-1]
    assert last == pytest.approx(12.5)
    assert pace.seconds("0") == last, "whoever looked before is told as well"


def test_who_has_left_counts_no_more() -> None:
    clock = Clock()
    pace = SharedPace(most=20, least=0.5, clock=clock)
    for who in range(250):
        pace.seconds(str(who))
    clock.now += 60
    assert pace.seconds("one") == 0.5


def test_a_page_takes_over_the_pace_of_a_crowd(monkeypatch: pytest.MonkeyPatch) -> None:
    from streamlit.testing.v1 import AppTest

    from pages.session import polling

    pace = SharedPace(most=20, least=0.5)
    monkeypatch.setattr(polling, "_PACE", pace)

    def page() -> None:
        import streamlit as st

        from pages.session.polling import follow

        every: list[object] = []
        st.fragment, fragment = (lambda look, run_every: every.append(run_every) or fragment(look)), st.fragment  # type: ignore
        try:
            follow(lambda: 1, lambda _: False, lambda _: st.markdown(str(every)), was_over=False)  # type: ignore[arg-type, return-value]
        finally:
            st.fragment = fragment

    app = AppTest.from_function(page, default_timeout=60).run()
    assert [text.value for text in app.markdown] == ["[0.5]"]
    for who in range(99):
        pace.seconds(str(who))
    app.run()
    assert [text.value for text in app.markdown] == ["[5.0]"]
