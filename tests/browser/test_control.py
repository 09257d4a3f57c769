"""What a visitor can do to a run that goes on: pause, resume, cut short, stop, wait; and not to another's."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.support.screen import LONG, Visitor, curves, finished, go, main, start, stop
from tests.support.server import Server


def test_a_run_can_be_paused_resumed_and_cut_short(page: Page) -> None:
    adapting = {"method": "mean_teacher", "method.epochs": "200", "method.batch_size": "8", "training.epochs": "2"}
    start(page, **LONG | adapting, seed="1")
    expect(curves(page).first).to_be_visible()
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Resume")).to_be_enabled()
    expect(main(page)).to_contain_text("paused")
    go(page, "Data")
    expect(main(page)).to_contain_text(re.compile(r"Your run is paused at \d+%"))
    go(page, "Train")
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


def test_a_second_visitor_waits_in_the_queue_and_cannot_touch_the_first_run(server: Server, visitor: Visitor) -> None:
    first, second = visitor(server), visitor(server)
    start(first, **LONG, seed="3")
    expect(curves(first).first).to_be_visible()
    start(second, **LONG, seed="4")
    expect(main(second)).to_contain_text("Waiting: number 1 in the queue")
    go(second, "Method")
    expect(main(second)).to_contain_text("Waiting: number 1 in the queue")
    go(second, "Train")
    waiting = second.url

    second.goto(first.url)
    expect(main(second)).to_contain_text("This run belongs to another visitor; start your own to change it.")
    for name in ("Pause", "Stop", "Keep what it has learned so far"):
        expect(second.get_by_role("button", name=name, exact=True)).to_be_disabled()

    second.goto(waiting)
    expect(main(second)).to_contain_text("Waiting: number 1 in the queue")
    stop(first)
    expect(main(first)).to_contain_text("You stopped this run.")
    expect(curves(second).first).to_be_visible()  # now it is the second's turn
    stop(second)
    expect(main(second)).to_contain_text("You stopped this run.")
