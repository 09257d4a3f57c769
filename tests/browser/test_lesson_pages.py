"""Lessons in a real browser: formulas, code and picture are drawn, in both languages, in the dark and on a phone."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from pages.session import keys
from tests.support.looks import PHONE
from tests.support.screen import Visitor, heading, main, settle
from tests.support.server import Server


def test_from_all_methods_through_lessons_to_the_form(page: Page) -> None:
    page.goto("/method?method.weight=0.5&seed=3")
    settle(page)
    page.get_by_test_id("stSidebar").get_by_role("link", name="All methods").click()
    expect(heading(page)).to_have_text("All methods")
    settle(page)
    search = page.get_by_label("Search by name or idea")
    search.fill("coral")
    search.press("Enter")
    expect(main(page).get_by_role("link", name="DANN", exact=True)).to_have_count(0)
    main(page).get_by_role("link", name="CORAL", exact=True).click()
    expect(heading(page)).to_have_text("CORAL")
    expect(page).to_have_url(re.compile(r"/lesson\?.*lesson=coral"))
    assert_drawn(page)
    page.get_by_text("The code of this method").click()
    expect(page.get_by_test_id("stCode").last).to_contain_text("class CORAL(FeatureAlignment)")
    expect(main(page)).to_contain_text("da_core/methods/alignment/coral.py")

    following = main(page).get_by_role("link", name=re.compile(" →$"))
    title = following.inner_text().removesuffix(" →")
    following.click()
    expect(heading(page)).to_have_text(title)
    settle(page)
    expect(heading(page)).to_be_in_viewport()
    main(page).get_by_role("link", name="← CORAL").click()
    expect(heading(page)).to_have_text("CORAL")
    settle(page)
    page.reload()
    expect(heading(page)).to_have_text("CORAL")
    assert all(part in page.url for part in ("lesson=coral", "method.weight=0.5", "seed=3"))

    page.get_by_role("button", name="Try it").click()
    expect(heading(page)).to_have_text("Method")
    expect(page.get_by_role("radio", name="CORAL", exact=True)).to_be_checked()
    settle(page)
    assert "seed=3" in page.url
    assert "lesson" not in page.url.partition("?")[2]
    page.get_by_role("link", name="How CORAL works").click()
    expect(heading(page)).to_have_text("CORAL")


def test_a_phone_shows_a_lesson_without_moving_sideways(server: Server, visitor: Visitor) -> None:
    page = visitor(server, size=PHONE, dark=True)
    page.goto("/lesson?method=coral&lang=zh")
    settle(page)
    expect(page.get_by_role("heading", name="何时失效")).to_be_visible()
    assert_drawn(page)
    for part in ("document.scrollingElement", "document.querySelector('[data-testid=stMain]')"):
        assert page.evaluate(f"{part}.scrollWidth") <= PHONE[0]
    # a formula much longer than the screen scrolls in its own box
    page.evaluate(
        """formula => {
            const line = document.querySelector(formula);
            line.append(...Array.from({length: 40}, () => line.querySelector('.base').cloneNode(true)));
        }""",
        f".st-key-{keys.FORMULA} .katex-html",
    )
    box = page.locator(f".st-key-{keys.FORMULA} .katex-display").first
    assert box.evaluate("box => box.scrollWidth > box.clientWidth")
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= PHONE[0]


def assert_drawn(page: Page) -> None:
    """Both display formulas and those in the table are typeset, and the film is there."""
    expect(page.locator(f".st-key-{keys.FORMULA} .katex-display .katex-html").first).to_be_visible()
    expect(page.locator(f".st-key-{keys.SYMBOLS} td .katex-html").first).to_be_visible()
    expect(page.locator(f".st-key-{keys.READING} .katex-display .katex-html").first).to_be_visible()
    expect(page.locator(".katex-error")).to_have_count(0)
    expect(page.locator(".playground[data-state=whole]")).to_be_visible()
    for panel in page.locator(".stage canvas").all():
        assert panel.evaluate("canvas => canvas.getContext('2d').getImageData(0, 0, 99, 99).data.some(Boolean)")
    assert "$" not in main(page).inner_text()
