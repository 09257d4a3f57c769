"""A class of three: an instructor at the projector, and two students who follow on their phones and vote."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from playwright.sync_api import Page, Route, expect

from tests.support.accessibility import violations
from tests.support.looks import PHONE
from tests.support.screen import Visitor, heading, settle
from tests.support.server import Server

PROJECTOR = (1280, 720)
UNCOVERED = """one => {
    const { left, top, width, height } = one.getBoundingClientRect();
    return one.contains(document.elementFromPoint(left + width / 2, top + height / 2));
}"""

WHITE = """canvas => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return data.some((_value, at) => at % 4 === 0 && data[at] + data[at + 1] + data[at + 2] === 3 * 255);
}"""


def turn(stage: Page, key: str = "ArrowRight") -> None:
    """Press a key that leads to another slide, and wait until it is there."""
    place = stage.locator("header .place")
    before = place.inner_text()
    stage.keyboard.press(key)
    expect(place).not_to_have_text(before)


def all_shown(stage: Page) -> bool:
    """Tell whether nothing of the slide lies beneath the buttons."""
    return bool(stage.locator("main").evaluate("shown => shown.scrollHeight <= shown.clientHeight"))


def opened_room(server: Server, visitor: Visitor) -> tuple[Page, str]:
    """A projector with the first slide of a new room, and the room's address."""
    stage = visitor(server, size=PROJECTOR)
    stage.goto("/lecture_hall")
    settle(stage)
    stage.get_by_role("button", name="Open a room").click()
    address = stage.get_by_role("link", name="Projector").first.get_attribute("href")
    assert address is not None
    stage.goto(address)
    expect(heading(stage)).to_be_visible()
    return stage, address.removesuffix("/stage")


def turn_to(stage: Page, title: str) -> None:
    """Go on until a slide of this title is shown."""
    while heading(stage).inner_text() != title:
        turn(stage)


def test_a_class_follows_votes_and_goes_its_own_way(server: Server, visitor: Visitor) -> None:
    stage, _room = opened_room(server, visitor)
    expect(heading(stage)).to_have_text("Why did the day network fail at night?")
    stage.keyboard.press("j")
    code = stage.locator("#join .code").inner_text()
    expect(stage.locator("#join p").first).to_be_in_viewport(ratio=1)
    stage.keyboard.press("Escape")

    ann, bob = visitor(server, size=PHONE), visitor(server, size=PHONE, dark=True)
    for student in (ann, bob):
        student.goto(f"/r/{code}")
        expect(heading(student)).to_have_text("Why did the day network fail at night?")

    turn(stage)
    for student in (ann, bob):
        expect(heading(student)).to_have_text("The task")
    turn_to(stage, "Why?")
    stage.keyboard.press("v")
    for student, letter in ((ann, "A"), (bob, "B")):
        answer = student.get_by_role("button").filter(has=student.locator(".letter", has_text=letter))
        answer.click()
        expect(answer).to_have_attribute("aria-pressed", "true")
    expect(stage.locator(".counted")).to_have_text("Answers: 2 of 2 devices")
    expect(ann.locator(".share")).to_have_count(0)
    stage.keyboard.press("a")
    for page in (stage, ann, bob):
        expect(page.locator(".share")).to_have_text(
            [re.compile(r"50% \(1\)"), re.compile(r"50% \(1\)"), re.compile(r"0% \(0\)")]
        )
        expect(page.locator(".why")).to_have_count(0)
    stage.keyboard.press("v")
    ann.get_by_role("button").filter(has=ann.locator(".letter", has_text="B")).click()
    expect(stage.locator(".counted")).to_have_text("Answers: 1 of 2 devices")
    stage.keyboard.press("r")
    expect(bob.locator("li.right .share")).to_have_text([re.compile("First vote"), re.compile(r"100% \(1\)")])
    assert all_shown(stage)
    expect(bob.locator(".line")).to_be_empty()  # his answer was for the first vote

    for page in (stage, ann, bob):
        assert violations(page) == []

    stage.keyboard.press("e")
    expect(heading(ann)).to_have_text("Eyes up")
    assert violations(ann) == []
    stage.keyboard.press("e")
    turn_to(stage, "The same, but it looks otherwise")
    for page in (stage, ann):
        expect(page.locator(".stage-film .numbers")).to_contain_text("of the target right")
    for part in (".bar", ".legend", ".course-table"):
        expect(stage.locator(f".stage-film {part}")).to_be_in_viewport(ratio=1)
    assert all_shown(stage)
    assert violations(stage) == []

    lab = ann.get_by_role("link", name="Try it in my own lab")
    assert lab.evaluate(UNCOVERED), "beneath the film's player"
    lab.click()
    settle(ann)
    expect(heading(ann)).to_have_text("Playground")
    turn(stage)
    ann.get_by_role("link", name="Back to the lecture").click()
    expect(heading(ann)).to_have_text("Other places are common")

    stage.get_by_role("button", name="The class is with you").click()
    ann.get_by_role("button", name="Next →").click()
    expect(heading(ann)).to_have_text("Other classes are common")
    turn(stage, "ArrowLeft")
    expect(heading(bob)).to_have_text("The same, but it looks otherwise")
    expect(heading(ann)).to_have_text("Other classes are common")
    stage.get_by_role("button", name="Everyone goes at their own pace").click()
    expect(heading(ann)).to_have_text("The same, but it looks otherwise")


def test_the_class_sees_where_its_instructor_goes_in_the_app(server: Server, visitor: Visitor) -> None:
    stage = visitor(server, size=PROJECTOR)
    stage.goto("/lecture_hall?lang=zh")
    settle(stage)
    stage.get_by_role("button", name="开一个房间").click()
    address = stage.get_by_role("link", name="投影").first.get_attribute("href")
    assert address is not None
    room = address.removesuffix("/stage")
    student = visitor(server, size=PHONE, dark=True)
    student.goto(room)
    expect(heading(student)).to_be_visible()
    stage.get_by_role("button", name="带全班浏览应用 →").click()
    expect(stage.get_by_text("全班正看着这个页面。")).to_be_visible()
    stage.get_by_role("link", name="方法", exact=True).first.click()
    expect(heading(student)).to_have_text("方法")
    stage.goto(f"/method?data=moons&room={room.removeprefix('/room/')}")
    settle(stage)
    expect(heading(student)).to_have_text("方法")
    expect(student.locator("iframe")).to_have_count(0)
    student.get_by_role("button", name="在这里打开这个页面").click()
    expect(student.frame_locator("iframe").get_by_role("heading", level=1)).to_have_text("方法")
    expect(student.locator("iframe")).to_have_attribute("src", re.compile(r"^/method\?.*data=moons"))

    stage.goto(f"/lesson?lesson=coral&room={room.removeprefix('/room/')}")
    settle(stage)
    expect(heading(student)).to_have_text("CORAL")
    expect(student.locator(".stage-film .numbers")).to_contain_text("100%")
    assert not student.locator(".stage-film canvas").first.evaluate(WHITE), "a hollow point has the page's colour"
    expect(student.locator("iframe")).to_have_count(0)
    assert violations(student) == []
    for screen, seen in (("results", ".recalls tr"), ("features", ".map .target")):
        stage.goto(f"/{screen}?run=0000000000000000-00000000&room={room.removeprefix('/room/')}")
        settle(stage)
        expect(student.locator(seen).first).to_be_visible()
        expect(student.locator(".run .numbers")).to_be_visible()
        assert violations(student) == []


def test_a_screen_of_another_site_is_looked_for_on_this_one(server: Server, visitor: Visitor) -> None:
    """As if the server had let it pass: the page itself leads nowhere else."""
    _stage, room = opened_room(server, visitor)
    student = visitor(server, size=PHONE)
    light = {"title": "Log in", "lines": []}

    def lead_elsewhere(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json=answer.json() | {"screen": "/evil.example/login", "light": light})

    student.route("**/state?*", lead_elsewhere, times=1)
    student.route(re.compile("evil"), lambda route: route.fulfill(body=""))
    student.goto(room)
    expect(heading(student)).to_have_text("Log in")
    link = student.get_by_role("link", name="Try it in my own lab")
    assert urlsplit(link.evaluate("link => link.href")).netloc == urlsplit(student.url).netloc
    student.get_by_role("button", name="Open this screen here").click()
    frame = student.locator("iframe")
    assert urlsplit(frame.evaluate("frame => frame.src")).netloc == urlsplit(student.url).netloc


def test_after_the_second_vote_the_same_idea_is_asked_in_another_case(server: Server, visitor: Visitor) -> None:
    stage, room = opened_room(server, visitor)
    student = visitor(server, size=PHONE)
    student.goto(room)
    turn_to(stage, "Which shift is it?")
    asked = student.locator(".asked")
    first = asked.inner_text()
    twin = stage.get_by_role("button", name="Ask about another case")
    for _round in range(2):
        stage.keyboard.press("v")
        expect(student.locator(".choices button").first).to_be_enabled()
        student.locator(".choices button").first.click()
        expect(stage.locator(".counted")).to_have_text("Answers: 1 of 1 devices")
        stage.keyboard.press("v")
        expect(student.locator(".choices button").first).to_be_disabled()
        expect(twin).to_be_visible()
    expect(twin).to_have_class("main")
    stage.keyboard.press("t")
    for page in (stage, student):
        expect(page.get_by_text("The same idea in another case.")).to_be_visible()
    expect(asked).not_to_have_text(first)
    student.locator(".choices button").last.click()
    expect(stage.locator(".counted")).to_have_text("Answers: 1 of 1 devices")
    stage.keyboard.press("r")
    expect(student.locator("li.right .share")).to_have_text(re.compile("First vote"))
    expect(twin).to_have_count(0)
    assert violations(stage) == []


def drawn(page: Page, *heights: float) -> None:
    """Draw a line through heights given as shares of the picture, from left to right."""
    picture = page.locator(".sketched svg.editable")
    expect(picture).to_be_visible()
    picture.scroll_into_view_if_needed()
    box = picture.bounding_box()
    assert box is not None
    places = [box["x"] + box["width"] * (0.12 + 0.8 * at / (len(heights) - 1)) for at in range(len(heights))]
    for place, height in zip(places, heights, strict=True):
        page.mouse.move(place, box["y"] + box["height"] * (1 - height))
        if place == places[0]:
            page.mouse.down()
    page.mouse.up()


def test_what_the_class_has_drawn_is_laid_over_one_another(server: Server, visitor: Visitor) -> None:
    stage, room = opened_room(server, visitor)
    ann, bob = visitor(server, size=PHONE), visitor(server, size=PHONE, dark=True)
    for student in (ann, bob):
        student.goto(room)
        expect(heading(student)).to_be_visible()
    turn_to(stage, "Be the classifier")
    stage.keyboard.press("v")
    for student, heights in ((ann, (0.3, 0.5, 0.7)), (bob, (0.6, 0.5, 0.4))):
        drawn(student, *heights)
        student.get_by_role("button", name="Send my guess").click()
        expect(student.locator(".line")).to_have_text("Your answer is in.")
    expect(stage.locator(".counted")).to_have_text("Answers: 2 of 2 devices")
    expect(stage.locator(".sketched .other")).to_have_count(0)
    points = stage.locator(".sketched svg circle").count()
    assert points > 50  # the circles of class A
    stage.keyboard.press("a")
    for page in (stage, ann, bob):
        expect(page.locator(".sketched .other")).to_have_count(2)
        expect(page.locator(".sketched polyline.middle")).to_have_count(1)
    expect(ann.locator(".sketched .yours")).to_be_visible()
    stage.keyboard.press("r")
    for page in (stage, ann):
        expect(page.get_by_text(re.compile(r"Half of the lines separate at least \d+% of the source"))).to_be_visible()
    assert all_shown(stage)
    for page in (stage, ann, bob):
        assert violations(page) == []
    ann.reload()
    expect(ann.locator(".sketched .yours")).to_be_visible()

    turn_to(stage, "Guess first")
    stage.keyboard.press("v")
    knots = ann.locator(".sketched .knot")
    expect(knots).to_have_count(9)
    knots.first.focus()
    for key in ("ArrowUp", "ArrowRight", "PageUp"):
        ann.keyboard.press(key)
    ann.get_by_role("button", name="Send my guess").click()
    stage.keyboard.press("r")
    expect(stage.locator(".sketched .outcome")).to_have_count(1)
    expect(stage.get_by_text("Half of the lines are off by")).to_be_visible()
    assert all_shown(stage)
    assert violations(stage) == []
