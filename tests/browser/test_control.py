"""What a visitor can do to a run that goes on: pause, find it again, resume and cut it short."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.support.screen import LONG, curves, finished, go, heading, main, start


def test_a_run_can_be_paused_resumed_and_cut_short(page: Page) -> None:
    adapting = {"method": "mean_teacher", "method.epochs": "200", "method.batch_size": "8", "training.epochs": "2"}
    start(page, **LONG | adapting, seed="1")
    expect(curves(page).first).to_be_visible()
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Resume")).to_be_enabled()
    expect(main(page)).to_contain_text("paused")
    go(page, "Data")
    expect(main(page)).to_contain_text(re.compile(r"Your run is paused at \d+%"))
    page.get_by_role("link", name="Watch it").click()
    expect(heading(page)).to_have_text("Train")
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_role("button", name="Pause")).to_be_enabled()
    expect(main(page)).to_contain_text(re.compile(r"about \S+ (sec|min) left"))

    page.get_by_role("button", name="Keep what it has learned so far").click()
    finished(page)
    expect(main(page)).to_contain_text("This run was stopped early and keeps what it had learned")
    expect(page.get_by_role("button", name="Start again")).to_be_enabled()
    expect(page.get_by_test_id("stMetricValue")).to_have_count(2)
    go(page, "Results")
    expect(page.get_by_role("heading", name="Confusion matrix")).to_be_visible()
