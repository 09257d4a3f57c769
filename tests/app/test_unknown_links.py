"""Links to runs that are not there: followed in a sentence, and for who guesses not at all."""

from __future__ import annotations

import pytest
from starlette.requests import Request

from da_core.jobs.guess_limiter import GuessLimiter
from pages.samples.shown_samples import sound
from pages.session import unknown_links
from tests.support.lab import Lab, texts, visit


def dead(number: int) -> str:
    return f"0123456789abcdef-{number:015}"


def test_who_tries_many_links_is_asked_to_wait_and_keeps_what_is_open(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unknown_links, "limiter", GuessLimiter(2, 60))
    monkeypatch.setattr(unknown_links, "address", lambda: "192.0.2.7")
    run = lab.finish()
    mine = lab.screen("results", run)
    assert "not here any more" in texts(lab.screen("results", dead(1)))
    assert "not here any more" in texts(lab.screen("results", dead(1)))
    visit(run=dead(2))
    for run_too in (dead(4), run):
        refused = visit(run=run_too)
        assert "too many links that do not exist" in texts(refused)
        assert not refused.switch_page("walk/results.py").run().metric
        assert not refused.exception
    assert mine.run().metric


def test_the_address_of_a_sound_is_no_way_round(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unknown_links, "limiter", GuessLimiter(2, 60))

    def answer(run: str, peer: str = "192.0.2.7") -> int:
        path = {"run": run, "sample": 0}
        return sound(Request({"type": "http", "client": (peer, 1), "headers": [], "path_params": path})).status_code

    assert [answer(dead(number)) for number in range(3)] == [404, 404, 429]
    assert answer(dead(9), "192.0.2.8") == 404
