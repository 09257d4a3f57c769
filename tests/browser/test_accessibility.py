"""axe-core on every screen: nothing that it calls serious or critical, in either theme; and the focus is seen."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

from da_core.jobs.store import EXAMPLE
from pages.shell.navigation import SCREENS
from tests.support.accessibility import unseen_focus, violations
from tests.support.screen import Visitor, open_screen, settle
from tests.support.server import Server

ADDRESSES = {step: "/" if step == "home" else f"/{Path(screen.path).stem}" for step, screen in SCREENS.items()}


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_no_screen_has_a_serious_violation(
    server: Server, visitor: Visitor, finished_run: dict[str, str], dark: bool
) -> None:
    page = visitor(server, dark=dark)
    told = finished_run | {"view": "everything"}
    wrong = {}
    for step, address in ADDRESSES.items():
        page.goto(f"{address}?{urlencode(told | ({'row': told['run']} if step == 'what_if' else {}))}")
        settle(page)
        found = violations(page)
        if not dark:
            found += [f"focus is not seen: {each}" for each in unseen_focus(page)]
        if found:
            wrong[step] = found
    page.get_by_role("button", name="Share this link").click()
    expect(page.get_by_test_id("stPopoverBody").get_by_test_id("stCode")).to_be_visible()
    assert wrong | {"the link to share": violations(page)} == {"the link to share": []}


def test_the_focus_of_a_link_is_seen(page: Page) -> None:
    open_screen(page, "Features", run=EXAMPLE)
    link = page.get_by_role("link", name="Results →")
    link.focus()
    page.keyboard.press("Shift+Tab")  # the ring is for who uses the keyboard
    page.keyboard.press("Tab")
    expect(link).to_be_focused()
    expect(link).to_have_css("outline-style", "solid")
    expect(link).to_have_css("outline-width", "2px")
