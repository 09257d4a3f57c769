"""The playground, as a hand, a keyboard and an ear meet it."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.support.looks import PHONE
from tests.support.screen import Visitor, shoot
from tests.support.server import Server


def opened(page: Page, query: str = "") -> None:
    page.goto(f"/playground{query}")
    expect(page.locator(".playground[data-state=whole]")).to_be_visible()


def ended(page: Page) -> None:
    page.locator(".curve").focus()
    page.keyboard.press("End")
    expect(page.locator(".play")).to_have_attribute("aria-label", re.compile("Play|播放"))


def ink(page: Page, panel: str = "given") -> str:
    return page.locator(f".stage .{panel} canvas").first.evaluate("canvas => canvas.toDataURL()")


def grab(page: Page, sign: str) -> tuple[float, float]:
    """Find a handle by what the pointer becomes over it: the turn's is above the middle, the stretch's right of it."""
    canvas = page.locator(".stage .given canvas").first
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box is not None
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    for far in range(10, int(box["width"] / 2), 8):
        for way in range(0, 360, max(6, 360 // far)):
            import math

            spot = (middle[0] + far * math.cos(math.radians(way)), middle[1] - far * math.sin(math.radians(way)))
            page.mouse.move(*spot)
            if canvas.evaluate("canvas => canvas.style.cursor") == "grab":
                return spot
    raise AssertionError(f"no handle {sign}")


def test_it_opens_on_a_film_that_plays_and_asks_the_server_nothing(page: Page) -> None:
    sent: list[object] = []
    asked: list[str] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda data: sent.append(data)))
    page.goto("/")
    page.get_by_role("link", name=re.compile("play with points")).click()
    expect(page.locator(".playground[data-state=whole]")).to_be_visible()
    expect(page.locator(".play")).to_have_attribute("aria-label", "Pause")
    place = page.locator(".place")
    before, first = len(sent), place.inner_text()
    page.on("request", lambda request: asked.append(request.url))
    expect(place).not_to_have_text(first)
    ended(page)
    page.locator(".play").click()
    page.locator(".faster").click()
    expect(page.locator(".sentence")).to_contain_text("The end")
    assert (len(sent), asked) == (before, []), "playing asks the server nothing"


def test_a_hand_on_a_handle_makes_another_film_and_another_link(page: Page) -> None:
    opened(page)
    ended(page)
    still = ink(page)
    spot = grab(page, "move")
    page.mouse.down()
    page.mouse.move(spot[0] + 40, spot[1] - 30, steps=4)
    assert ink(page) != still, "the points follow at once"
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"data\.(right|turn|stretch|class_moves)="))
    expect(page.locator(".playground[data-state=whole]")).to_be_visible()
    page.locator(".undo").click()
    expect(page.get_by_role("button", name="Undo")).to_be_disabled()


def test_brushed_points_are_in_the_link(page: Page, visitor: Visitor, server: Server) -> None:
    opened(page)
    page.get_by_role("button", name="source B").click()
    box = page.locator(".stage .given canvas").first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 30, box["y"] + 30)
    page.mouse.down()
    page.mouse.move(box["x"] + 120, box["y"] + 30, steps=6)
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"data\.points=[\w-]{20,}"))
    other = visitor(server)
    other.goto(page.url)
    expect(other.locator(".playground[data-state=whole]")).to_be_visible()


def test_the_keyboard_alone_plays_steps_and_hears(page: Page) -> None:
    opened(page)
    page.locator(".curve").focus()
    page.keyboard.press("Home")
    place, spoken = page.locator(".place"), page.locator(".spoken")
    expect(place).to_have_text(re.compile("^1 of"))
    expect(spoken).to_contain_text("Nothing has been learned yet")
    page.keyboard.press("ArrowRight")
    expect(place).to_have_text(re.compile("^2 of"))
    ended(page)
    for _ in range(6):
        page.keyboard.press("ArrowLeft")
    page.keyboard.press("m")
    heard = spoken.inner_text()
    page.keyboard.press("m")
    expect(spoken).not_to_have_text(heard)
    assert {"critic" in heard, "critic" in spoken.inner_text()} == {True}
    expect(page.locator(".curve")).to_have_attribute("aria-valuenow", re.compile(r"\d+"))


def test_the_critic_alone_goes_on_from_this_frame(page: Page) -> None:
    opened(page)
    page.locator(".curve").focus()
    page.keyboard.press("Home")
    for _ in range(40):
        page.keyboard.press("ArrowRight")
    page.get_by_role("button", name="Critic alone").click()
    expect(page).to_have_url(re.compile(r"acts=critic"))
    expect(page.get_by_role("button", name="Back to the plain run")).to_be_visible()


def test_a_bad_link_and_a_bad_file_leave_the_film(page: Page, tmp_path: Path) -> None:
    opened(page)
    ended(page)
    shown = page.locator(".place").inner_text()
    file = tmp_path / "none.dafilm"
    file.write_bytes(b"DALFILM1" + b"\x00\x00\x00\x05hello")
    page.get_by_text("Save and open").click()
    page.locator(".open-film").set_input_files(file)
    expect(page.get_by_role("alert")).to_contain_text("not a film of this app")
    expect(page.locator(".place")).to_have_text(shown)
    page.goto("/playground?data=drawn&data.points=%21%21")
    expect(page.get_by_role("alert").or_(page.locator(".problem"))).to_contain_text("cannot be read")


def test_two_films_and_a_sweep_play_together(page: Page) -> None:
    opened(
        page,
        "?data=drawn&data.shape=blobs&data.count=60&network=identity&method=coral&beside=linear_ot&sweep=regularisation",
    )
    expect(page.locator(".stage")).to_have_count(2)
    expect(page.locator(".multiples figure")).to_have_count(6)
    for canvas in page.locator(".stage canvas:visible").all():
        assert canvas.evaluate("canvas => canvas.width === canvas.height")
    shoot(page, "playground-beside")


def test_a_slow_shift_is_played_beside_one_at_once(page: Page) -> None:
    opened(page)
    page.get_by_text("Gradual shift", exact=True).click()
    expect(page).to_have_url(re.compile("acts=slide"))
    expect(page.locator(".stage-title")).to_have_text(["MCC · the shift comes slowly", "MCC · the shift comes at once"])
    expect(page.locator(".sentence")).to_contain_text("of the shift has come")
    expect(page.locator(".playground[data-state=whole]")).to_be_visible()
    ended(page)
    slow, at_once = (int(re.findall(r"\d+", text)[1]) for text in page.locator(".numbers").all_inner_texts())
    assert slow > at_once + 20


def test_on_a_phone_in_chinese_by_night(visitor: Visitor, server: Server) -> None:
    page = visitor(server, locale="zh-CN", dark=True, size=PHONE)
    opened(page)
    ended(page)
    expect(page.locator(".sentence")).to_contain_text("结束")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    shoot(page, "playground-phone")


def test_in_a_frame_of_a_course_page_it_stands_alone(page: Page) -> None:
    opened(page, "?embed=1&hide=data,method,presets")
    expect(page.get_by_test_id("stSidebar")).to_be_hidden()
    expect(page.get_by_role("combobox")).to_have_count(0)
    expect(page.locator(".tools")).to_be_hidden()
