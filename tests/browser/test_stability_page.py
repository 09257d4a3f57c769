"""A study in a real browser: it goes on while its visitor is elsewhere, a reload finds it, each seed has its dot."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.support.screen import heading, settle

QUICK = "data=moons&network=identity&head=logistic&method=coral"


def test_a_study_survives_a_reload_and_ends_with_a_dot_a_seed_and_a_comparison(page: Page) -> None:
    page.goto(f"/stability?{QUICK}")
    expect(heading(page)).to_have_text("Stability")
    settle(page)
    expect(page.get_by_text("5 runs; finished ones are reused.")).to_be_visible()
    page.get_by_role("button", name="Run the study").click()
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Is it better than source only?")).to_be_visible()
    expect(page.get_by_role("button", name="Stop")).to_have_count(0)
    settle(page)
    # five seeds of the method, and of source only beside it
    expect(page.get_by_test_id("stVegaLiteChart").locator("g.mark-symbol.role-mark path")).to_have_count(10)
    expect(page.get_by_test_id("stTable").nth(1)).to_contain_text("CORAL − Source only")
    # these points are scored as they are, all of them
    expect(page.get_by_text("Every seed gave the same")).to_be_visible()

    # who has opened the numbers keeps them open while a study goes, and sees its last seed at the end
    numbers = page.locator(".lab-chart-table")
    numbers.locator("summary").click()
    page.get_by_role("slider", name="Seeds").press("ArrowRight")
    expect(page.get_by_text("6 runs; finished ones are reused.")).to_be_visible()
    page.get_by_role("button", name="Run the study").click()
    expect(numbers.locator("thead th")).to_have_count(7)
    expect(page.get_by_role("button", name="Run the study")).to_be_enabled()
    settle(page)
    expect(numbers.locator("table")).to_be_visible()
