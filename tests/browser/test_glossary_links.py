"""A term is marked where a screen first has it, and leads to the glossary, by mouse and by keyboard."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.support.screen import heading, open_screen

MARKED = "[...CSS.highlights.get('lab-term') ?? []].map(range => range.toString().toLowerCase())"


def test_terms_are_marked_once_and_lead_to_the_glossary(page: Page) -> None:
    open_screen(page, "Method", **{"data.count": "100"})
    terms = page.get_by_role("navigation", name="Terms on this screen:").get_by_role("button")
    expect(terms.first).to_be_visible()
    listed = terms.all_inner_texts()
    marked = page.evaluate(MARKED)
    assert marked
    assert len(marked) == len(set(marked)) == len(listed)

    terms.first.press("Enter")
    note = page.get_by_role("dialog", name=listed[0])
    expect(note).to_contain_text("A number that a network computes from a sample")
    page.keyboard.press("Escape")
    expect(note).to_be_hidden()

    box = page.evaluate(
        "(({ x, y }) => [x + 3, y + 3])([...CSS.highlights.get('lab-term')][0].getBoundingClientRect())"
    )
    page.mouse.click(*box)
    expect(note).to_be_visible()
    page.keyboard.press("Enter")
    expect(heading(page)).to_have_text("Glossary")
    expect(page.locator(".lab-term:focus b")).to_have_text(listed[0])
