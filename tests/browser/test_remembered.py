"""What the browser remembers: which hints were put away, and whether everything is wanted."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.support.screen import go, open_screen, settle

HINT = "There are three families"
EVERYTHING = re.compile("[?&]view=everything")


def test_the_browser_remembers_hints_and_whether_everything_is_wanted(page: Page) -> None:
    everything = page.get_by_test_id("stSidebar").get_by_text("Everything")
    open_screen(page, "Method", **{"data.count": "100"})
    expect(page).not_to_have_url(EVERYTHING)
    expect(page.get_by_role("note")).to_contain_text(HINT)
    page.get_by_role("button", name="Got it").press("Enter")
    expect(page.get_by_role("note")).to_have_count(0)
    go(page, "Network")
    expect(page.get_by_role("note")).to_contain_text("The network turns a sample into features")
    page.get_by_role("button", name="No more hints").click()
    expect(page.get_by_role("note")).to_have_count(0)
    everything.click()
    expect(page).to_have_url(EVERYTHING)

    open_screen(page, "Method", lang="en", **{"data.count": "100"})
    expect(page.get_by_role("note")).to_have_count(0)
    expect(page).to_have_url(EVERYTHING)
    expect(page.get_by_role("switch", name="Everything")).to_be_checked()
    page.get_by_role("button", name="Show the hints again").click()
    expect(page.get_by_role("note")).to_contain_text(HINT)
    expect(page.get_by_role("button", name="Show the hints again")).to_have_count(0)
    everything.click()
    expect(page).not_to_have_url(EVERYTHING)
    settle(page)
    page.goto("/network")
    settle(page)
    expect(page.get_by_role("switch", name="Everything")).not_to_be_checked()
    expect(page).not_to_have_url(EVERYTHING)
