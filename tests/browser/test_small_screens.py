"""A projector shows before and after side by side, and the menu of a phone makes way."""

from __future__ import annotations

from playwright.sync_api import expect

from da_core.jobs.store import EXAMPLE
from tests.support.looks import PHONE
from tests.support.screen import Visitor, heading, open_screen
from tests.support.server import Server

PROJECTOR = (853, 480)
"""1280 × 720 at 150 %."""
SIDE_BY_SIDE = """panels => {
    const [before, after] = [...panels.querySelectorAll('figure')].map(each => each.getBoundingClientRect());
    return before && after && before.y === after.y && before.right <= after.x;
}"""
"""Both boxes are asked for in one go: the page still moves while a chart beneath finds its height."""


def test_a_projector_has_before_and_after_side_by_side_and_the_player_in_sight(
    server: Server, visitor: Visitor
) -> None:
    page = visitor(server, size=PROJECTOR)
    open_screen(page, "Features", run=EXAMPLE, oracle="true")
    page.wait_for_function(SIDE_BY_SIDE, arg=page.locator(".panels").element_handle())
    player = page.locator(".course").bounding_box()
    assert player["y"] + player["height"] <= PROJECTOR[1], "within the first screen"
    for hint in (page.locator(".hint"), page.get_by_test_id("stCaptionContainer").locator("p").first):
        assert float(hint.evaluate("each => getComputedStyle(each).fontSize").removesuffix("px")) >= 14


def test_the_menu_of_a_phone_shuts_after_a_choice(server: Server, visitor: Visitor) -> None:
    page = visitor(server, size=PHONE)
    open_screen(page, "Data", **{"data.count": "100"})
    page.get_by_test_id("stExpandSidebarButton").tap()
    menu = page.get_by_test_id("stSidebar")
    expect(menu).to_have_attribute("data-collapsed", "false")
    menu.get_by_role("link", name="Method", exact=True).tap()
    expect(heading(page)).to_have_text("Method")
    expect(menu).to_have_attribute("data-collapsed", "true")
