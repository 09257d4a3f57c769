"""axe-core on every screen: nothing that it calls serious or critical, in either theme; and the focus is seen."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import Page, expect

from da_core.jobs.store import EXAMPLE
from pages.shell.navigation import SCREENS, Step
from tests.support.accessibility import COLOURS, unseen_focus, violations
from tests.support.looks import assert_all_chinese
from tests.support.screen import WALK, Visitor, open_screen, settle
from tests.support.server import Server

WALKED = {"home", *map(str.lower, WALK)}


def test_no_screen_has_a_serious_violation_in_either_theme(server: Server, visitor: Visitor) -> None:
    """The dark theme has the light one's elements, so axe-core looks at its colours alone."""
    page = visitor(server, locale="zh-CN")
    wrong = {}
    for step, address in addresses().items():
        page.goto(address)
        settle(page)
        found = violations(page) + [f"focus is not seen: {each}" for each in unseen_focus(page)]
        if step in WALKED:
            expect(page.locator("html")).to_have_attribute("lang", "zh")
            assert_all_chinese(page)
        darken(page)
        in_dark = violations(page, COLOURS)
        if in_dark:  # perhaps of a colour that was still on its way to the other theme
            page.reload()
            settle(page)
            in_dark = violations(page, COLOURS)
        if found + in_dark:
            wrong[step] = found + in_dark
        page.emulate_media(color_scheme="light")
    page.get_by_role("button", name="分享此链接").click()
    expect(page.get_by_test_id("stPopoverBody").get_by_test_id("stCode")).to_be_visible()
    in_light = violations(page)
    darken(page)
    assert wrong | {"the link to share": in_light + violations(page, COLOURS)} == {"the link to share": []}


def darken(page: Page) -> None:
    """Have the reader want a dark theme, and wait until the page has one of high contrast."""
    page.emulate_media(color_scheme="dark")
    expect(page.get_by_test_id("stApp")).to_have_css("color-scheme", "dark")
    settle(page)
    paper, ink = (luminance(page, what) for what in ("backgroundColor", "color"))
    assert paper < 0.02
    assert (ink + 0.05) / (paper + 0.05) > 7  # WCAG's enhanced contrast


def addresses() -> dict[Step, str]:
    """Every screen's address, with a finished run and everything that there is to see."""
    told = {"run": EXAMPLE, "view": "everything"}
    return {
        step: f"{'/' if step == 'home' else f'/{Path(screen.path).stem}'}?"
        + urlencode(told | ({"row": EXAMPLE} if step == "what_if" else {}))
        for step, screen in SCREENS.items()
    }


def luminance(page: Page, what: str, of: str = "[data-testid=stApp]") -> float:
    """Relative luminance (WCAG) of the app's background or text, or of a colour of another element."""
    css = page.locator(of).first.evaluate(f"shown => getComputedStyle(shown).{what}")
    shares = [int(value) / 255 for value in re.findall(r"\d+", css)[:3]]
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return sum(weight * value for weight, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_what_is_not_chosen_has_an_edge_that_is_seen(page: Page) -> None:
    page.goto("/which_shift")
    settle(page)
    edge = luminance(page, "borderTopColor", "[data-testid=stRadioOption] > div > div:first-child")
    assert (luminance(page, "backgroundColor") + 0.05) / (edge + 0.05) > 3  # WCAG 1.4.11


def test_the_focus_of_a_link_is_seen(page: Page) -> None:
    open_screen(page, "Features", run=EXAMPLE)
    link = page.get_by_role("link", name="Results →")
    link.focus()
    page.keyboard.press("Shift+Tab")  # the ring is for who uses the keyboard
    page.keyboard.press("Tab")
    expect(link).to_be_focused()
    expect(link).to_have_css("outline-style", "solid")
    expect(link).to_have_css("outline-width", "2px")
