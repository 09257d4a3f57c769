"""The lab by keyboard alone: from the first screen through the walk to its end."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

from tests.support.screen import SMALL, finished, heading, main, open_screen, settle, tab_to


def follow(page: Page, link: Locator, title: str, *, key: str = "Tab") -> None:
    tab_to(page, link, key=key)
    page.keyboard.press("Enter")
    expect(heading(page)).to_have_text(title)
    settle(page)


def test_the_walk_from_the_first_screen_to_results(page: Page) -> None:
    open_screen(page, "Start", **SMALL, seed="101")
    follow(page, main(page).get_by_role("link", name="I have data →"), "Data")
    kinds = main(page).get_by_role("radiogroup").first.get_by_role("radio")
    tab_to(page, kinds.first)
    own = page.get_by_role("radio", name="Your own", exact=True)
    tab_to(page, own, key="ArrowRight")
    page.keyboard.press("Space")
    expect(own).to_be_checked()
    settle(page)
    tab_to(page, page.get_by_test_id("stFileUploaderDropzone").first.locator("button"))
    follow(page, page.get_by_role("link", name="Network →"), "Network")
    follow(page, page.get_by_role("link", name="Method →"), "Method")
    dann = page.get_by_role("radio", name="DANN", exact=True)
    tab_to(page, dann)
    page.keyboard.press("ArrowDown")
    expect(dann).not_to_be_checked()
    settle(page)
    page.keyboard.press("ArrowUp")
    expect(dann).to_be_checked()
    expect(page).to_have_url(re.compile("data.count=200"))
    settle(page)
    follow(page, page.get_by_role("button", name="Train", exact=True), "Train")
    finished(page)
    on = page.get_by_role("link", name="See what moved")
    expect(on).to_be_focused()  # what has just become possible
    follow(page, on, "Features")
    panel = page.get_by_role("img", name=re.compile("source-only network"))
    tab_to(page, panel)
    page.keyboard.press("ArrowRight")
    expect(page.locator(".unseen")).to_contain_text(re.compile("source|target"))
    follow(page, page.get_by_role("link", name="Results →"), "Results")
    table = page.locator(".lab-chart-table summary").first
    tab_to(page, table)
    page.keyboard.press("Enter")
    expect(page.locator(".lab-chart-table[open] table").first).to_be_visible()
