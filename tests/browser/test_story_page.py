"""A story by keyboard alone: the guess, what came out, the question, and why; its worksheet prints on one page."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from da_core.i18n import Language
from da_core.teaching.course.guess import read_guess
from da_core.teaching.stories.story_file import stories, story
from da_core.teaching.stories.worksheet import worksheet
from tests.browser.test_course_page import answered
from tests.support.accessibility import violations
from tests.support.screen import heading, settle, tab_to

STORY = "alignment_wins"


def test_a_story_is_gone_through_by_keyboard(page: Page) -> None:
    page.goto("/stories")
    settle(page)
    tab_to(page, page.get_by_role("link", name="1 · A turned target"))
    page.keyboard.press("Enter")
    expect(heading(page)).to_have_text("A turned target")
    expect(page).to_have_url(re.compile(f"story={STORY}"))
    expect(page.get_by_role("heading", name="Result", exact=True)).to_have_count(0)

    settle(page)  # a slider that is drawn again loses the focus
    slider = page.get_by_role("slider")
    tab_to(page, slider)
    page.keyboard.press("ArrowRight")
    expect(slider).to_have_value("51")
    tab_to(page, page.get_by_role("button", name="This is my guess"))
    page.keyboard.press("Enter")
    expect(page.get_by_text("Your guess: 51%")).to_be_visible()
    answered(page, STORY, page.locator(f".st-key-lab-check-stories-{STORY}"))
    expect(page.get_by_role("heading", name="Why", exact=True)).to_be_visible()
    settle(page)
    assert violations(page) == []


def test_worksheets_print_on_one_page(page: Page, tmp_path: Path) -> None:
    longest = max(stories(), key=lambda name: len(story(name).situation.en))
    for name in {longest, "density_dimensions", "wrong_scaling"}:
        page.set_content(worksheet(story(name), read_guess(name), Language("en")))
        pdf = page.pdf(path=str(tmp_path / f"{name}.pdf"), prefer_css_page_size=True)
        assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 1, name
