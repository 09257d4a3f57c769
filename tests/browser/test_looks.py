"""Every screen in Chinese, in the dark and on a phone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from pages.shell.class_link import qr_code
from tests.support.looks import PHONE, assert_all_chinese, out_of_sight
from tests.support.screen import WALK, Visitor, go, heading, open_screen, settle, shoot
from tests.support.server import Server

ZH = dict(zip(("Start", *WALK), ("首页", "数据", "网络", "方法", "训练", "特征", "结果"), strict=True))


def test_a_chinese_browser_is_spoken_to_in_chinese_on_every_screen(
    server: Server, visitor: Visitor, finished_run: dict[str, str]
) -> None:
    page = visitor(server, locale="zh-CN")
    open_screen(page, "Start", **finished_run)
    expect(page.locator("html")).to_have_attribute("lang", "zh")
    expect(heading(page)).to_have_text(re.compile("域适应"))
    assert_all_chinese(page)
    shoot(page, "start-zh-wide")
    for name in WALK:
        page.get_by_test_id("stSidebar").get_by_role("link", name=ZH[name], exact=True).click()
        expect(heading(page)).to_have_text(ZH[name])
        settle(page)
        assert_all_chinese(page)
        shoot(page, f"{name.lower()}-zh-wide")


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


def test_dark_is_dark_on_every_screen(server: Server, visitor: Visitor, finished_run: dict[str, str]) -> None:
    page = visitor(server, dark=True)
    open_screen(page, "Data", **finished_run)
    for name in WALK:
        go(page, name)
        paper, ink = (luminance(page, what) for what in ("backgroundColor", "color"))
        assert paper < 0.02, name
        assert (ink + 0.05) / (paper + 0.05) > 7, name  # WCAG's enhanced contrast
        shoot(page, f"{name.lower()}-dark-wide")
    open_screen(page, "Start")
    assert luminance(page, "backgroundColor") < 0.02
    shoot(page, "start-dark-wide")


@pytest.mark.parametrize("name", ["Start", *WALK])
def test_a_phone_shows_every_screen_without_moving_sideways(
    server: Server, visitor: Visitor, finished_run: dict[str, str], name: str
) -> None:
    page = visitor(server, size=PHONE)
    open_screen(page, name, **finished_run)
    for part in ("document.scrollingElement", "document.querySelector('[data-testid=stMain]')"):
        assert page.evaluate(f"{part}.scrollWidth") <= PHONE[0]
    assert out_of_sight(page) == []
    shoot(page, f"{name.lower()}-light-phone")


def luminance(page: Page, what: str) -> float:
    """Relative luminance (WCAG) of the app's background or text."""
    css = page.get_by_test_id("stApp").evaluate(f"app => getComputedStyle(app).{what}")
    shares = [int(value) / 255 for value in re.findall(r"\d+", css)[:3]]
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return sum(weight * value for weight, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
