"""A chapter of the course by keyboard alone: a question, a line that is sketched, what came of it, the check."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

from da_core.teaching.course.check_questions import check
from tests.support.accessibility import violations
from tests.support.screen import heading, settle, tab_to


def answered(page: Page, name: str, box: Locator) -> None:
    """Choose the right answer with the arrow keys, and commit it."""
    tab_to(page, box.get_by_role("radio").first)
    page.keyboard.press("Space")
    for _down in range(check(name).right):
        page.keyboard.press("ArrowDown")
    expect(box.get_by_role("radio").nth(check(name).right)).to_be_checked()
    commit = box.get_by_role("button", name="Answer")
    expect(commit).to_be_enabled()
    tab_to(page, commit)
    page.keyboard.press("Enter")
    expect(box.get_by_text("Right.", exact=True)).to_be_visible()


def test_a_chapter_is_gone_through_by_keyboard(page: Page) -> None:
    page.goto("/course")
    settle(page)
    tab_to(page, page.get_by_role("link", name="2 · Domains"))
    page.keyboard.press("Enter")
    expect(heading(page)).to_have_text("Domains, and the two distributions")
    expect(page).to_have_url(re.compile("chapter=domains"))

    answered(page, "night_hospital", page.locator(".st-key-lab-check-domains-night_hospital"))

    handles = page.get_by_role("slider")
    expect(handles).to_have_count(9, timeout=60_000)
    expect(page.get_by_text("What a domain is")).to_have_count(0)
    assert violations(page) == []
    tab_to(page, handles.first)
    page.keyboard.press("ArrowRight")
    for _up in range(3):
        page.keyboard.press("ArrowUp")
    expect(handles.nth(1)).to_have_attribute("aria-valuenow", "0.45")
    expect(handles.first).to_have_attribute("aria-valuenow", "0")
    tab_to(page, page.get_by_role("button", name="This is my guess"))
    page.keyboard.press("Enter")

    expect(page.get_by_text("Your line separates")).to_be_visible()
    answered(page, "own_line", page.locator(".st-key-lab-check-domains-own_line"))
    expect(page.get_by_text("What a domain is")).to_be_visible()
    expect(page.locator(".playground[data-state=whole]")).to_be_visible(timeout=60_000)
    answered(page, "domain_what", page.locator(".st-key-lab-check-domains-domain_what"))

    tab_to(page, page.get_by_role("link", name="← All chapters").first)
    page.keyboard.press("Enter")
    expect(page.get_by_text("Read: 1 of 15 chapters")).to_be_visible()
    page.reload()
    expect(page.get_by_text("Read: 1 of 15 chapters")).to_be_visible()
