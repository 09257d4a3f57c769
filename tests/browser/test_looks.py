"""What a language changes beside the words of a screen."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.support.looks import assert_all_chinese
from tests.support.screen import Visitor, open_screen
from tests.support.server import Server


def test_screen_readers_hear_streamlits_own_buttons_in_the_readers_language(page: Page) -> None:
    open_screen(page, "Network", lang="zh")
    skip = page.get_by_test_id("stSkipToContent")
    expect(skip).to_have_text("跳到正文")
    expect(page.locator("[aria-label^='Help for']")).to_have_count(0)
    expect(page.locator("[aria-label$='的说明']").first).to_be_attached()
    expect(page.get_by_role("navigation", name="本页的术语：").get_by_role("button", name="域").first).to_be_visible()
    page.get_by_role("radio", name="English").click()
    expect(skip).to_have_text("Skip to main content")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator("[aria-label$='的说明']")).to_have_count(0)


def test_an_address_without_a_page_is_answered_in_the_readers_language(server: Server, visitor: Visitor) -> None:
    page = visitor(server, locale="zh-CN")
    page.goto("/nowhere")
    expect(page.get_by_role("alert")).to_contain_text("“nowhere”")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert_all_chinese(page)
