"""The playground, as a hand, a keyboard and an ear meet it."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

from PIL import Image
from playwright.sync_api import Page, expect

from tests.support.looks import PHONE
from tests.support.screen import Visitor
from tests.support.server import Server


def opened(page: Page, query: str = "") -> None:
    """Open it for who wants nothing to move by itself: what plays costs whatever else is tested its processor."""
    page.emulate_media(reduced_motion="reduce")
    page.goto(f"/playground{query}")
    expect(page.locator(".playground[data-state=whole]")).to_be_visible()


def ended(page: Page) -> None:
    page.locator(".curve").focus()
    page.keyboard.press("End")
    expect(page.locator(".play")).to_have_attribute("aria-label", re.compile("Play|播放"))


def ink(page: Page, panel: str = "given") -> str:
    return page.locator(f".stage .{panel} canvas").first.evaluate("canvas => canvas.toDataURL()")


def spot(page: Page, says: str) -> tuple[float, float]:
    """Find where the picture says this of what lies under a pointer: a handle or a sample."""
    canvas = page.locator(".stage .given canvas").first
    canvas.scroll_into_view_if_needed()
    found = canvas.evaluate(
        """(canvas, says) => {
            const { left, top, width, height } = canvas.getBoundingClientRect();
            for (let y = top + 3; y < Math.min(top + height, innerHeight); y += 6) {
                for (let x = left + 3; x < left + width; x += 6) {
                    canvas.dispatchEvent(new PointerEvent("pointermove", { clientX: x, clientY: y }));
                    if (canvas.title.includes(says)) return [x, y];
                }
            }
        }""",
        says,
    )
    assert found, f"nothing says “{says}”"
    return found[0], found[1]


def go_to_frame(page: Page, frame: int) -> None:
    page.locator(".curve").focus()
    page.keyboard.press("Home")
    for _ in range(frame - 1):
        page.keyboard.press("ArrowRight")
    expect(page.locator(".place")).to_have_text(re.compile(f"^{frame} "))


def test_it_opens_on_a_film_that_plays_and_asks_the_server_nothing(page: Page) -> None:
    sent: list[object] = []
    asked: list[str] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda data: sent.append(data)))
    page.goto("/")
    page.get_by_role("link", name=re.compile("play: drag the target points")).click()
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
    across, down = spot(page, "turn the target")
    page.mouse.move(across, down)
    page.mouse.down()
    page.mouse.move(across + 40, down + 30, steps=4)
    assert ink(page) != still, "the points follow at once"
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"data\.turn=(?!50)"))
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


def test_the_keyboard_alone_plays_steps_hears_and_drags_a_sample(page: Page) -> None:
    opened(page)
    expect(page.locator(".sentence")).to_contain_text("The end")  # for who wants nothing to move
    expect(page.locator(".play")).to_have_attribute("aria-label", "Play")
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

    page.locator(".curve").focus()
    page.keyboard.press("Shift+Tab")
    expect(page.locator(".stage .given canvas")).to_be_focused()
    for _ in range(60):
        page.keyboard.press("ArrowLeft")
        if "drag to move it" in spoken.inner_text():
            break
    page.keyboard.press("Enter")
    expect(spoken).to_contain_text("Holding")
    for _ in range(6):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"acts=move"))


def test_the_critic_alone_goes_on_from_this_frame(page: Page) -> None:
    opened(page)
    go_to_frame(page, 41)
    page.get_by_role("button", name="Critic alone").click()
    expect(page).to_have_url(re.compile(r"acts=critic"))
    expect(page.locator(".playground[data-state=whole]")).to_be_visible()
    go_to_frame(page, 45)
    expect(page.locator(".sentence")).to_contain_text("The critic alone has moved")
    page.get_by_role("button", name="Back to the plain run").click()
    expect(page.locator(".curve")).to_be_focused()


def test_a_sample_is_dragged_and_the_film_goes_on_from_this_frame(page: Page) -> None:
    opened(page)
    go_to_frame(page, 60)
    said = page.locator(".sentence").inner_text()
    across, down = spot(page, "drag to move it")
    page.mouse.move(across, down)
    page.mouse.down()
    page.mouse.move(across + 60, down + 40, steps=4)
    dragged = ink(page)
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"acts=move"))
    expect(page.locator(".playground[data-state=whole]")).to_be_visible()
    expect(page.locator(".place")).to_have_text(re.compile("^60 "))
    assert page.locator(".sentence").inner_text() == said, "the beginning is the same"
    assert ink(page) != dragged, "nothing is held any more"
    page.get_by_role("button", name="Undo").click()
    expect(page).not_to_have_url(re.compile("acts="))
    expect(page.locator(".place")).to_have_text(re.compile("^60 "))


def test_who_plays_the_critic_is_told_how_it_ended(page: Page) -> None:
    opened(page)
    page.get_by_role("button", name="Be the critic").click()
    line = page.locator(".game-line")
    for number in range(1, 21):
        expect(line).to_contain_text(f"Sample {number} of 20")
        page.keyboard.press("s")
    expect(line).to_contain_text("You were right in 50% of cases, the network's critic in")
    expect(line).to_contain_text(re.compile("nobody can tell the domains apart|still differ"))
    expect(page.locator(".game-next")).to_be_hidden()
    expect(page.locator(".game-start")).to_be_focused()
    page.get_by_role("button", name="End the game").click()
    expect(line).to_be_hidden()


def test_pictures_are_saved_as_files_that_others_open(page: Page, tmp_path: Path) -> None:
    opened(page, "?data=drawn&data.shape=blobs&data.count=60&network=identity&method=coral")
    page.get_by_text("Save and open").click()
    for name, kind in (("Picture (SVG)", "svg"), ("Picture (PNG)", "png"), ("Animation (WebP)", "webp")):
        with page.expect_download() as begun:
            page.get_by_role("button", name=name).click()
        begun.value.save_as(tmp_path / f"film.{kind}")
    shapes = ElementTree.parse(tmp_path / "film.svg").findall(".//{http://www.w3.org/2000/svg}path")
    assert len(shapes) > 2 * 120, "each sample of each picture is a shape"
    with Image.open(tmp_path / "film.png") as still, Image.open(tmp_path / "film.webp") as moving:
        assert still.size[0] > still.size[1] > 500
        assert getattr(moving, "n_frames", 1) > 1


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


def test_a_point_is_seen_before_there_can_be_a_film(page: Page) -> None:
    page.goto("/playground?data=drawn&data.shape=none")
    expect(page.locator(".problem")).to_contain_text("The target has no points")
    empty = ink(page)
    page.get_by_role("button", name="source A").click()
    page.locator(".stage .given canvas").click(position={"x": 90, "y": 90})
    expect(page).to_have_url(re.compile(r"data\.points="))
    assert ink(page) != empty


def test_two_films_and_a_sweep_play_together(page: Page) -> None:
    opened(
        page,
        "?data=drawn&data.shape=blobs&data.count=60&network=identity&method=coral&beside=linear_ot&sweep=regularisation",
    )
    expect(page.locator(".stage")).to_have_count(2)
    expect(page.locator(".multiples figure")).to_have_count(6)
    for canvas in page.locator(".stage canvas:visible").all():
        assert canvas.evaluate("canvas => canvas.width === canvas.height")
    page.goto(
        "/playground?data=drawn&data.shape=line&data.turn=65&data.noise=0.2&network=identity&method=bbse&sweep=clip"
    )
    line = page.locator(".sweep-line")
    expect(line).to_have_text(re.compile("^10, 50, .*: All the weight lies on samples of one class"))
    page.goto("/playground?data=drawn&data.count=60&network=mlp&method=deep_coral&training.epochs=6&sweep=seed&seed=3")
    expect(page.locator(".multiples figure")).to_have_count(6)
    expect(page.locator(".multiples figcaption").first).to_have_text(re.compile("^Seed = 3"))


def test_a_slow_shift_is_played_beside_one_at_once(page: Page) -> None:
    opened(page)
    page.get_by_text("Gradual shift", exact=True).click()
    expect(page).to_have_url(re.compile("acts=slide"))
    expect(page.locator(".stage-title")).to_have_text(["MCC · the shift comes slowly", "MCC · the shift comes at once"])
    expect(page.locator(".playground[data-state=whole]")).to_be_visible()
    ended(page)
    slow, at_once = (int(re.findall(r"\d+", text)[1]) for text in page.locator(".numbers").all_inner_texts())
    assert slow > at_once + 20
    sentence = page.locator(".sentence")
    for _ in range(200):  # back to where the target still moves
        if "of the shift is done" in sentence.inner_text():
            break
        page.keyboard.press("ArrowLeft")
    expect(sentence).to_contain_text("of the shift is done")


def test_on_a_phone_in_chinese_by_night_the_picture_comes_first_and_a_finger_does_not_scroll(
    visitor: Visitor, server: Server
) -> None:
    page = visitor(server, locale="zh-CN", dark=True, size=PHONE)
    opened(page)
    ended(page)
    expect(page.locator(".sentence")).to_contain_text("结束")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    expect(page.locator(".player")).to_be_in_viewport(ratio=0.99)
    picture, tools, presets = (
        page.locator(where).first.evaluate("each => each.getBoundingClientRect().top")
        for where in (".given canvas", ".tools", ".st-key-lab-playground-preset")
    )
    assert picture < tools < presets

    across, down = spot(page, "的类别 B")
    finger = page.context.new_cdp_session(page)
    where = page.get_by_test_id("stMain").evaluate("main => main.scrollTop")
    for kind, far in (("touchStart", 0), ("touchMove", 20), ("touchMove", 50)):
        points = [{"x": across, "y": down - far}]
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect(page).to_have_url(re.compile(r"data\.class_moves="))
    assert page.get_by_test_id("stMain").evaluate("main => main.scrollTop") == where


def test_in_a_frame_of_a_course_page_it_stands_alone(page: Page) -> None:
    opened(page, "?embed=1&hide=data,method,presets,keep,legend")
    expect(page.get_by_test_id("stSidebar")).to_be_hidden()
    expect(page.get_by_role("combobox")).to_have_count(0)
    for part in (".tools", ".keep", ".legend"):
        expect(page.locator(part)).to_be_hidden()
    expect(page.get_by_text("Covariate shift", exact=True)).to_have_count(0)
