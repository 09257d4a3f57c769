"""The night model on the Data screen, in a real browser."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.screen import SMALL, Visitor, main, open_screen, settle
from tests.support.server import Server

APPLY = "Make pictures with these settings"
OPEN = SMALL | {"view": "everything"}


def pictures(page: Page) -> Locator:
    return page.locator(".lab-night img")


def test_a_slider_turns_the_scene_and_not_the_page(page: Page) -> None:
    open_screen(page, "Data", **OPEN)
    expect(pictures(page)).to_have_count(7)
    first, last = (str(pictures(page).nth(at).get_attribute("src")) for at in (0, -1))
    where = page.url
    slider = page.get_by_test_id("stSlider").filter(has_text="Exposure").get_by_role("slider").last
    slider.focus()
    slider.press("PageUp")
    expect(page.get_by_role("button", name=APPLY)).to_be_visible()
    expect(pictures(page).last).not_to_have_attribute("src", last)
    expect(pictures(page).first).to_have_attribute("src", first)
    assert page.url == where
    page.get_by_role("button", name=APPLY).click()
    expect(page).to_have_url(re.compile(r"data\.exposure=0\.11\.\.0\.\d+"))
    expect(page.get_by_role("button", name=APPLY)).to_have_count(0)
    settle(page)
    page.reload()
    settle(page)
    expect(pictures(page).last).not_to_have_attribute("src", last)


def test_another_night_moves_the_sliders(page: Page) -> None:
    open_screen(page, "Data", **OPEN)
    page.get_by_role("radio", name="rain", exact=True).click()
    expect(pictures(page)).to_have_count(8)
    expect(page.get_by_test_id("stSlider").filter(has_text="Wet road")).to_contain_text("0.60")


@pytest.mark.parametrize(
    ("name", "looks"),
    [
        ("wide", {}),
        ("zh-dark-phone", {"locale": "zh-CN", "dark": True, "size": (390, 844)}),
    ],
)
def test_the_steps_fit_side_by_side(server: Server, visitor: Visitor, name: str, looks: dict[str, object]) -> None:
    """At least two a row on a phone, none wider than the sheet, all square."""
    page = visitor(server, **looks)
    open_screen(page, "Data", **OPEN, **{"data.difficulty": "dusk"})
    boxes = [one.bounding_box() for one in pictures(page).all()]
    sheet = main(page).bounding_box()
    assert sheet is not None
    assert all(box is not None and abs(box["width"] - box["height"]) < 2 for box in boxes)
    assert len({box["y"] for box in boxes if box}) < len(boxes)
    assert all(box["x"] + box["width"] <= sheet["x"] + sheet["width"] for box in boxes if box)
