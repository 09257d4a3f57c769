"""The Runs screen as a browser shows it: a run is named, found, put away and brought back, also on a phone."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

from pages.session import keys
from tests.support.looks import PHONE, assert_all_chinese, out_of_sight
from tests.support.screen import Visitor, heading, main, open_screen, settle, shoot
from tests.support.server import Server

NAME = "Thursday's example 周四"
"""A person's own words, which stay as they are on a Chinese screen too."""


def row(page: Page, run: str) -> Locator:
    """The line of a run."""
    return page.locator(f"[class*='st-key-{keys.run_row(run)}']")


def tick(page: Page, run: str) -> None:
    page.locator(f".st-key-{keys.tick(run)} label").click()
    settle(page)


def test_a_run_is_named_found_put_away_and_brought_back(page: Page, finished_run: dict[str, str]) -> None:
    run = finished_run["run"]
    open_screen(page, "Runs")
    tick(page, run)
    page.get_by_role("button", name="Name and tags").click()
    page.get_by_role("textbox", name="Name").fill(NAME)
    page.get_by_role("button", name="Save").click()
    expect(row(page, run)).to_contain_text(NAME)

    page.get_by_role("textbox", name="Search runs").fill("周四")
    page.keyboard.press("Enter")
    expect(page.locator(f"[class*='st-key-{keys.open_run('')}']")).to_have_count(1)
    shoot(page, "runs-light-wide")

    page.get_by_role("button", name="Move to bin").click()
    expect(row(page, run)).to_have_count(0)
    page.get_by_role("radio", name=re.compile("Bin")).click()
    row(page, run).get_by_role("button", name="Restore").click()
    expect(main(page)).to_contain_text("The bin is empty.")

    page.get_by_role("radio", name=re.compile("All runs")).click()
    row(page, run).get_by_role("button", name=NAME).click()
    expect(heading(page)).to_have_text("Results")
    expect(page).to_have_url(re.compile(f"run={run}"))
    expect(page.get_by_test_id("stMetricValue").first).to_be_visible()


def test_it_fits_a_phone_and_speaks_chinese(server: Server, visitor: Visitor, finished_run: dict[str, str]) -> None:
    page = visitor(server, locale="zh-CN", size=PHONE)
    open_screen(page, "Runs", **finished_run)
    tick(page, finished_run["run"])
    assert_all_chinese(page)
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= PHONE[0]
    assert out_of_sight(page) == []
    shoot(page, "runs-zh-phone")
