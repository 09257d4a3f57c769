"""Every screen on a phone, and what a language changes beside the words of a screen."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from da_core.jobs.store import EXAMPLE
from pages.shell.class_link import qr_code
from tests.support.looks import PHONE, assert_all_chinese, out_of_sight
from tests.support.screen import WALK, Visitor, open_screen
from tests.support.server import Server


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


def test_a_phone_shows_every_screen_without_moving_sideways_and_a_finger_finds_what_it_is_to_touch(
    server: Server, visitor: Visitor
) -> None:
    page = visitor(server, size=PHONE)
    for name in ("Start", *WALK, "Playground", "Bug_hunt", "Lecture_hall"):
        open_screen(page, name, run=EXAMPLE, oracle="true")
        if name not in ("Data", "Network", "Train"):
            assert too_low(page) == [], name
        for part in ("document.scrollingElement", "document.querySelector('[data-testid=stMain]')"):
            assert page.evaluate(f"{part}.scrollWidth") <= PHONE[0], name
        assert out_of_sight(page) == [], name


def too_low(page: Page) -> list[str]:
    """Buttons, links and choices of the screen that are lower than 40 px.

    Help and links within a text are beside the point.
    """
    found: list[str] = page.get_by_role("main").evaluate(
        """main => {
            const roots = [main, ...[...main.querySelectorAll('*')].map(each => each.shadowRoot).filter(Boolean)];
            const texts = ['stMarkdownContainer', 'stCaptionContainer'];
            const touched = 'button, a, summary, [role=tab], label:has(input:is([type=radio], [type=checkbox]))';
            const beside = [...texts, 'stTooltipIcon', 'stElementToolbar', 'stFullScreenFrame']
                .map(name => `[data-testid=${name}]`).join();
            return roots.flatMap(root => [...root.querySelectorAll(touched)])
                .filter(each => each.checkVisibility() && !each.closest(beside))
                .filter(each => each.getBoundingClientRect().height > 0 && each.getBoundingClientRect().height < 39.5)
                .map(each => `${each.getBoundingClientRect().height} ${each.outerHTML.slice(0, 160)}`);
        }"""
    )
    return found
