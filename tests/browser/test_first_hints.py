"""A newcomer's hints: each is put away once, all can be turned off and on again, and the browser remembers it."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.support.screen import go, open_screen

HINT = "There are three families"


def test_hints_are_put_away_one_by_one_or_all_and_come_back(page: Page) -> None:
    open_screen(page, "Method", **{"data.count": "100"})
    expect(page.get_by_role("note")).to_contain_text(HINT)
    page.get_by_role("button", name="Got it").press("Enter")
    expect(page.get_by_role("note")).to_have_count(0)

    go(page, "Network")
    expect(page.get_by_role("note")).to_contain_text("The network turns a sample into features")
    page.get_by_role("button", name="No more hints").click()
    expect(page.get_by_role("note")).to_have_count(0)
    page.reload()
    open_screen(page, "Method", **{"data.count": "100"})
    expect(page.get_by_role("note")).to_have_count(0)

    page.get_by_role("button", name="Show the hints again").click()
    expect(page.get_by_role("note")).to_contain_text(HINT)
    expect(page.get_by_role("button", name="Show the hints again")).to_have_count(0)
