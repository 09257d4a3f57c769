"""The switch “Everything”: the browser remembers it, and an address that says nothing of it begins as one left it."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.support.screen import open_screen, settle

EVERYTHING = re.compile("[?&]view=everything")


def test_the_browser_remembers_whether_everything_is_wanted(page: Page) -> None:
    open_screen(page, "Network")
    expect(page).not_to_have_url(EVERYTHING)
    switch(page)
    expect(page).to_have_url(EVERYTHING)

    open_screen(page, "Method", lang="en")
    expect(page).to_have_url(EVERYTHING)
    expect(page.get_by_role("switch", name="Everything")).to_be_checked()

    switch(page)
    expect(page).not_to_have_url(EVERYTHING)
    open_screen(page, "Network")
    expect(page.get_by_role("switch", name="Everything")).not_to_be_checked()
    expect(page).not_to_have_url(EVERYTHING)


def switch(page: Page) -> None:
    """Press the switch in the sidebar."""
    page.get_by_test_id("stSidebar").get_by_text("Everything").click()
    settle(page)
