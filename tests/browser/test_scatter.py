"""The panels of the Features screen: travel, pins, the lasso and filters, as a hand and an eye meet them."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.looks import PHONE
from tests.support.screen import Visitor, finished, open_screen, places_on, settle, start
from tests.support.server import Server

INK = """canvas => {
    const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
    let [sum, n] = [0, 0];
    for (let i = 3; i < pixels.length; i += 4) {
        sum = (sum * 31 + pixels[i - 3] + pixels[i]) % 1e9;
        n += pixels[i] > 0;
    }
    return [sum, n];
}"""
"""A number that differs where the drawing does, and how many pixels are drawn."""

PLAY_AND_SEE_WHETHER_ITS_SIGN_STAYS = """button => new Promise(told => {
    button.click();
    const sign = button.firstChild;
    requestAnimationFrame(() => requestAnimationFrame(() => told(sign.isConnected)));
})"""


def panel(page: Page, place: int) -> Locator:
    return page.locator(".panels figure").nth(place)


def ink(page: Page, place: int) -> list[int]:
    return panel(page, place).locator("canvas").first.evaluate(INK)


def opened(page: Page, run: dict[str, str]) -> None:
    """The screen, once the epochs on the way have been laid out."""
    open_screen(page, "Features", **run)
    expect(page.locator(".course output")).to_have_text("After")
    expect(page.locator(".state")).to_contain_text("15 nearest")


def test_points_travel_through_the_epochs_and_nothing_is_mounted_anew(page: Page, finished_run: dict[str, str]) -> None:
    opened(page, finished_run)
    page.locator("div.scatter").evaluate("root => { root.dataset.same = 'yes' }")
    after = ink(page, 1)
    course, output = page.locator(".course"), page.locator(".course output")
    course.get_by_role("button", name="Back to the start").click()
    expect(output).to_have_text("Epoch 0")
    expect(panel(page, 1)).to_contain_text("Epoch 0")
    assert ink(page, 1) != after
    course.get_by_role("button", name="One step forward").click()
    expect(output).to_have_text("Epoch 1")
    # a click is lost where what the finger is on is replaced before it is lifted
    assert course.get_by_role("button", name="Play").evaluate(PLAY_AND_SEE_WHETHER_ITS_SIGN_STAYS)
    expect(output).to_have_text("After")
    expect(course.get_by_role("button", name="Play")).to_be_visible()
    slider = page.get_by_role("slider", name="Adaptation epoch")
    slider.press("Home")
    expect(slider).to_have_attribute("aria-valuetext", "Epoch 0")
    slider.press("End")
    expect(slider).to_have_attribute("aria-valuetext", "After")
    for layout in ("PCA", "UMAP"):
        page.get_by_role("radio", name=layout).click()
    for colour in ("Class", "Right or wrong", "Confidence", "Domain"):
        page.get_by_role("radio", name=colour, exact=True).click()
    expect(page.locator("div.scatter")).to_have_attribute("data-same", "yes")


def test_a_sample_is_pinned_samples_are_circled_and_classes_filtered(page: Page, finished_run: dict[str, str]) -> None:
    opened(page, finished_run)
    canvas = panel(page, 1).get_by_role("img")
    canvas.focus()
    canvas.press("ArrowRight")
    canvas.press("Enter")
    card = page.locator(".card")
    expect(card).to_contain_text(re.compile(r"(source|target).*Before: .*\d+%.*After: .*\d+%", re.DOTALL))
    near = card.locator(".tiles").first.get_by_role("button")
    expect(near).to_have_count(5)
    expect(card.locator(".picture").first).to_have_css("background-image", re.compile("data:"))
    mine = "source" if "source" in card.locator(".who").inner_text() else "target"
    other = {"source": "target", "target": "source"}[mine]
    expect(card).to_contain_text(f"nearest in the {other}")
    near.first.click()
    expect(card.locator(".who")).to_contain_text(other)
    card.get_by_role("button", name="Unpin this sample").click()
    expect(card).to_have_count(0)

    canvas = panel(page, 0).get_by_role("img")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box is not None
    corners = [(0.01, 0.01), (0.99, 0.01), (0.99, 0.99), (0.01, 0.99), (0.01, 0.02)]
    spots = [(box["x"] + across * box["width"], box["y"] + up * box["height"]) for across, up in corners]
    page.mouse.move(*spots[0])
    page.mouse.down()
    for spot in spots[1:]:
        page.mouse.move(*spot, steps=3)
    page.mouse.up()
    total = re.search(r"(\d+) samples selected", card.inner_text())
    assert total is not None
    counts = [[int(cell) for cell in row.locator("td").all_inner_texts()[1:]] for row in card.locator("tr").all()[1:]]
    assert sum(map(sum, counts)) == int(total[1]) > 0
    card.get_by_role("button", name="Clear the selection").click()
    expect(card).to_have_count(0)

    every = ink(page, 0)
    chip = page.locator(".classes").get_by_role("button").first
    chip.click()
    expect(chip).to_have_attribute("aria-pressed", "true")
    assert ink(page, 0) != every
    chip.click()
    assert ink(page, 0) == every


def test_a_finger_scrolls_draws_around_samples_when_told_and_taps_one(
    server: Server, visitor: Visitor, finished_run: dict[str, str]
) -> None:
    page = visitor(server, size=PHONE)
    opened(page, finished_run)
    canvas = panel(page, 0).get_by_role("img")
    canvas.scroll_into_view_if_needed()
    fingers = page.context.new_cdp_session(page)

    def draw() -> None:
        box = canvas.bounding_box()
        assert box is not None
        corners = [(0.02, 0.1), (0.98, 0.1), (0.98, 0.9), (0.02, 0.9), (0.02, 0.12)]
        for place, (across, up) in enumerate(corners):
            spot = {"x": box["x"] + across * box["width"], "y": box["y"] + up * box["height"]}
            kind = "touchMove" if place else "touchStart"
            fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [spot]})
        fingers.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    card = page.locator(".card", has_text="samples selected")
    draw()
    expect(card).to_have_count(0)
    around = page.get_by_role("button", name="Draw around samples")
    around.click()
    expect(around).to_have_attribute("aria-pressed", "true")
    canvas.scroll_into_view_if_needed()
    draw()
    expect(card).to_be_visible()
    expect(around).to_have_attribute("aria-pressed", "false")
    page.get_by_role("button", name="Clear the selection").tap()
    expect(card).to_have_count(0)

    sample = page.locator(".card")
    for place in places_on(canvas, 8):
        page.touchscreen.tap(*place)
        if sample.is_visible():
            break
    expect(sample).to_be_in_viewport(ratio=0.9)
    sheet = page.locator(".details").bounding_box()
    assert sheet is not None
    assert (sheet["x"], sheet["width"]) == (0, PHONE[0])
    assert sheet["y"] + sheet["height"] == pytest.approx(PHONE[1], abs=1)
    sample.get_by_role("button", name="Unpin this sample").tap()
    expect(sample).to_have_count(0)


def test_tsne_comes_when_asked_for(server: Server, visitor: Visitor, finished_run: dict[str, str]) -> None:
    page = visitor(server, dark=True)
    opened(page, finished_run)
    page.get_by_role("radio", name="t-SNE").click()
    expect(page.get_by_role("radio", name="t-SNE")).to_be_checked(timeout=90_000)
    page.get_by_role("button", name="Back to the start").click()
    expect(page.locator(".course output")).to_have_text("Before")


def test_a_sound_is_heard(page: Page) -> None:
    start(page, data="vowels", network="mlp", method="coral", device="cpu", **{"training.epochs": "2"})
    finished(page)
    page.goto(page.url.replace("/train", "/features"))
    settle(page)
    canvas = panel(page, 1).get_by_role("img")
    canvas.focus()
    canvas.press("ArrowRight")
    expect(page.locator(".tip")).to_be_visible()
    expect(page.locator(".hint")).to_contain_text("Pinning a sample plays its sound.")
    with page.expect_response(re.compile(r"/sound/.*\.wav$")) as heard:
        canvas.press("Enter")
    assert heard.value.ok
    assert heard.value.body()[:4] == b"RIFF"
    expect(page.locator(".card")).to_be_visible()
