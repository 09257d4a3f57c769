"""Every screen: nothing that axe-core calls serious, the focus is seen, all is Chinese, and a phone shows it."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import Page, ViewportSize, expect

from da_core import palette
from da_core.jobs.store import EXAMPLE
from pages.shell.class_link import qr_code
from pages.shell.navigation import SCREENS, Step
from tests.support.accessibility import COLOURS, unseen_focus, violations
from tests.support.looks import PHONE, assert_all_chinese, out_of_sight, too_low
from tests.support.screen import WALK, Visitor, settle
from tests.support.server import Server

WALKED = {"home", *map(str.lower, WALK)}
SAMPLED = WALKED | {"playground", "bug_hunt", "lecture_hall"}
"""Screens seen in the dark and on a phone too: those of the walk, and one of each kind of element beside it."""
LOW = {"data", "network", "train"}
"""Screens with controls of Streamlit's that are lower than a finger likes."""


def test_every_screen_is_for_everyone(server: Server, visitor: Visitor) -> None:
    """The dark theme and a phone have the same elements, so the rules that these can break are checked there alone."""
    page = visitor(server, locale="zh-CN")
    faults: dict[str, list[str]] = {}
    for step, address in addresses().items():
        page.goto(address)
        settle(page)
        faults[step] = violations(page) + [f"focus is not seen: {each}" for each in unseen_focus(page)]
        if step in WALKED:
            expect(page.locator("html")).to_have_attribute("lang", "zh")
            assert_all_chinese(page)
        if step in SAMPLED:
            faults[step] += faults_in_the_dark(page) + faults_on_a_phone(page, heights=step not in LOW)
        if step == "which_shift":
            ring = hue(page, "borderTopColor", "[data-testid=stRadioOption] > div > div:first-child")
            assert palette.contrast(ring, hue(page, "backgroundColor", "[data-testid=stApp]")) > 3  # WCAG 1.4.11
    page.get_by_role("button", name="给学生的链接").click()
    picture = page.get_by_role("img", name="链接的二维码")
    expect(picture).to_be_visible()
    address = page.get_by_test_id("stPopoverBody").get_by_test_id("stCode").inner_text().strip()
    drawn = picture.evaluate("image => fetch(image.src).then(answer => answer.text())")
    assert drawn == qr_code(address)
    faults["the link for students"] = violations(page)
    assert {name: found for name, found in faults.items() if found} == {}


def addresses() -> dict[Step, str]:
    """Every screen's address, with a finished run and everything that there is to see."""
    query = {"run": EXAMPLE, "data.count": "200", "oracle": "true", "view": "everything"}
    return {
        step: f"{'/' if step == 'home' else f'/{Path(screen.path).stem}'}?"
        + urlencode(query | ({"row": EXAMPLE} if step == "what_if" else {}))
        for step, screen in SCREENS.items()
    }


def faults_in_the_dark(page: Page) -> list[str]:
    page.emulate_media(color_scheme="dark")
    expect(page.get_by_test_id("stApp")).to_have_css("color-scheme", "dark")
    settle(page)
    found = violations(page, COLOURS)
    if found:  # perhaps of a colour that was still on its way to the other theme
        page.reload()
        settle(page)
        found = violations(page, COLOURS)
    page.emulate_media(color_scheme="light")
    return found


def faults_on_a_phone(page: Page, *, heights: bool) -> list[str]:
    """List what is out of sight on a phone or too low for a finger, and whether the page moves sideways."""
    wide, fingers = page.viewport_size, page.context.new_cdp_session(page)
    assert wide is not None
    fingers.send("Emulation.setTouchEmulationEnabled", {"enabled": True})
    page.set_viewport_size(ViewportSize(width=PHONE[0], height=PHONE[1]))
    settle(page)
    widths = page.evaluate(
        "[document.scrollingElement, document.querySelector('[data-testid=stMain]')].map(each => each.scrollWidth)"
    )
    found = out_of_sight(page) + (too_low(page) if heights else [])
    fingers.send("Emulation.setTouchEmulationEnabled", {"enabled": False})
    page.set_viewport_size(wide)
    return found + [f"{width} pixels wide" for width in widths if width > PHONE[0]]


def hue(page: Page, what: str, of: str) -> str:
    """Read a colour of the first of these elements, as #rrggbb."""
    css = page.locator(of).first.evaluate(f"shown => getComputedStyle(shown).{what}")
    return "#{:02x}{:02x}{:02x}".format(*map(int, re.findall(r"\d+", css)[:3]))
