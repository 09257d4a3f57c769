"""Every screen on a phone, and what a language changes beside the words of a screen."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from da_core.jobs.store import EXAMPLE
from pages.shell.class_link import qr_code
from tests.support.looks import PHONE, assert_all_chinese, out_of_sight
from tests.support.screen import WALK, Visitor, heading, open_screen, settle, shoot
from tests.support.server import Server

ZH = ("数据", "网络", "方法", "训练", "特征", "结果")


def test_a_chinese_browser_is_spoken_to_in_chinese_on_its_way(server: Server, visitor: Visitor) -> None:
    """What stands on each screen is looked at in test_accessibility.py; here, that a click leads on in Chinese."""
    page = visitor(server, locale="zh-CN")
    open_screen(page, "Start")
    expect(page.locator("html")).to_have_attribute("lang", "zh")
    expect(heading(page)).to_have_text(re.compile("域适应"))
    for name in ZH:
        link = page.get_by_test_id("stSidebar").get_by_role("link", name=name, exact=True)
        expect(link).to_be_visible()
    link.click()
    expect(heading(page)).to_have_text(name)
    settle(page)
    assert_all_chinese(page)


def test_the_language_can_be_switched_and_stays(page: Page) -> None:
    open_screen(page, "Network")
    expect(heading(page)).to_have_text("Network")
    page.get_by_role("radio", name="中文").click()
    expect(heading(page)).to_have_text("网络")
    expect(page).to_have_url(re.compile("lang=zh"))
    page.reload()
    expect(heading(page)).to_have_text("网络")
    page.get_by_role("radio", name="English").click()
    expect(heading(page)).to_have_text("Network")


def test_screen_readers_hear_streamlits_own_buttons_in_the_readers_language(page: Page) -> None:
    open_screen(page, "Network", lang="zh")
    skip = page.get_by_test_id("stSkipToContent")
    expect(skip).to_have_text("跳到正文")
    expect(page.locator("[aria-label^='Help for']")).to_have_count(0)
    expect(page.locator("[aria-label$='的说明']").first).to_be_attached()
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


def test_the_qr_code_for_students_is_the_address_that_stands_above_it(page: Page) -> None:
    open_screen(page, "Method", seed="7")
    page.get_by_role("button", name="Link for students").click()
    picture = page.get_by_role("img", name="QR code of the link")
    expect(picture).to_be_visible()
    expect(page.get_by_test_id("stPopoverBody").get_by_test_id("stCode")).to_be_in_viewport()
    address = page.get_by_test_id("stPopoverBody").get_by_test_id("stCode").inner_text().strip()
    assert "seed=7" in address
    assert "lang=en" in address
    drawn = picture.evaluate("image => fetch(image.src).then(answer => answer.text())")
    assert drawn == qr_code(address)
    shoot(page, "students-link")


def test_a_phone_shows_every_screen_without_moving_sideways(server: Server, visitor: Visitor) -> None:
    page = visitor(server, size=PHONE)
    for name in ("Start", *WALK):
        open_screen(page, name, run=EXAMPLE)
        for part in ("document.scrollingElement", "document.querySelector('[data-testid=stMain]')"):
            assert page.evaluate(f"{part}.scrollWidth") <= PHONE[0], name
        assert out_of_sight(page) == [], name
        shoot(page, f"{name.lower()}-light-phone")
