"""The Runs screen on a phone."""

from __future__ import annotations

from playwright.sync_api import Page

from pages.session import keys
from tests.support.looks import PHONE, assert_all_chinese, out_of_sight
from tests.support.screen import Visitor, open_screen, settle
from tests.support.server import Server


def tick(page: Page, run: str) -> None:
    page.locator(f".st-key-{keys.tick(run)} label").click()
    settle(page)


def test_it_fits_a_phone_and_speaks_chinese(server: Server, visitor: Visitor, finished_run: dict[str, str]) -> None:
    page = visitor(server, locale="zh-CN", size=PHONE)
    open_screen(page, "Runs", **finished_run)
    tick(page, finished_run["run"])
    assert_all_chinese(page)
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= PHONE[0]
    assert out_of_sight(page) == []
