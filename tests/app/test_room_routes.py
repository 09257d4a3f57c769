"""The lecture hall: its screen, the addresses of a room, who may do what there, and exercises from link to code."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from starlette.requests import Request
from starlette.responses import Response

from da_core.data.loading import cache
from da_core.data.loading.cache import load_pair
from da_core.data.readers.uploads import keep_upload
from da_core.data.sources.drawn_points import MOST_POINTS, encode_points
from da_core.experiment import DataSpec, Experiment
from da_core.i18n import Language
from da_core.jobs.queue import queue
from da_core.jobs.store import EXAMPLE
from da_core.settings import settings
from da_core.teaching.films.presets import PRESETS
from da_core.teaching.hall.followers import HERE_SECONDS, Followers
from da_core.teaching.hall.lecture import FilmOfPreset, Slide, read_lecture, shipped
from da_core.teaching.hall.room import Room, RoomAct
from da_core.teaching.hall.rooms import rooms
from pages.hall import class_lines, print_pages, room_routes
from pages.hall.room_snapshots import snapshots
from pages.session import access, keys, priority, session_cookie
from pages.session.access import counted_address
from tests.support import made_up_run
from tests.support.lab import Lab, texts

LECTURE = read_lecture("""
title: <b>Night</b>
language: en
slides:
  - {title: Hello, lines: [a </script><img src=x onerror=alert(1)> b], notes: Only mine.}
  - title: Why?
    question:
      text: Why?
      choices: [{text: One, why: Not so.}, {text: Two, right: true, why: That is it.}]
  - {title: Guess, prediction: {text: "How many?", answer: 52}}
  - {title: Film, film: missing}
  - {title: Run, run: method=coral}
  - {title: Curve, sketch: {text: "How does it go?", x: [0, 8], y: [0, 10], outcome: [0, 1, 2, 3, 4, 5, 6, 7, 8]}}
  - {title: Boundary, sketch: {guess: own_line, film: half_moons}}
  - {title: What came of it, run: method=coral}
""")
TEACHER, STUDENT = "one", "two"


def asked(
    answer: Callable[[Request], Awaitable[Response]],
    path: dict[str, str],
    visitor: str = STUDENT,
    body: object = None,
    query: str = "",
    address: str = "1.2.3.4",
) -> Response:
    """What a route answers to a visitor."""
    scope = {
        "type": "http",
        "method": "GET" if body is None else "POST",
        "scheme": "http",
        "server": ("localhost", 80),
        "client": (address, 1),
        "path": "/",
        "path_params": path,
        "query_string": query.encode(),
        "headers": [(b"host", b"lab.example"), (b"cookie", f"{session_cookie.NAME}={visitor}".encode())],
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body if isinstance(body, bytes) else json.dumps(body).encode()}

    return asyncio.run(answer(Request(scope, receive)))  # type: ignore[arg-type]


def said(response: Response) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(bytes(response.body))
    return told


@pytest.fixture
def room(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> Room:
    monkeypatch.setattr(cache, "load_pair", load_pair)  # the points to part are those of the course's film
    return rooms().open(TEACHER, LECTURE)


def at(room: Room, **more: Any) -> dict[str, str]:
    return {"room": room.room_id, **more}


def act(room: Room, visitor: str = TEACHER, **what: Any) -> dict[str, Any]:
    return said(asked(room_routes.act, at(room), visitor, what))


def state(room: Room, have: str = "") -> dict[str, Any]:
    return said(asked(room_routes.state, at(room), query=f"have={have}"))


def test_the_short_address_leads_to_the_room(room: Room) -> None:
    led = asked(room_routes.short, {"code": room.code})
    assert led.headers["location"] == f"/room/{room.room_id}"
    assert asked(room_routes.short, {"code": "AAAAAA"}).status_code == 404


def test_students_see_what_the_instructor_shows_and_nothing_of_what_only_she_knows(room: Room) -> None:
    assert state(room)["slide"]["title"] == "Hello"
    assert "Only mine" not in json.dumps(state(room))
    assert act(room, act="go", place=1) == {}
    told = state(room)
    assert told["slide"]["question"]["choices"] == ["One", "Two"]
    assert "That is it" not in json.dumps(told)
    act(room, act="open")
    act(room, act="show")
    assert "right" not in state(room)["ballot"]
    act(room, act="reveal")
    told = state(room)["ballot"]
    assert (told["right"], told["why"]) == (1, ["Not so.", "That is it."])
    act(room, act="go", place=2)
    assert "52" not in json.dumps(state(room)["slide"])


@pytest.mark.parametrize(
    ("least", "students", "first"), [("5", 0, False), ("5", 4, False), ("5", 5, True), ("2", 2, True), ("0", 5, False)]
)
def test_runs_of_who_teaches_a_class_go_first_and_an_empty_room_helps_nobody(
    lab: Lab, room: Room, monkeypatch: pytest.MonkeyPatch, least: str, students: int, first: bool
) -> None:
    monkeypatch.setenv("DA_LAB_PRIORITY_FOLLOWERS", least)
    settings.cache_clear()
    here = Followers()
    for module in (priority, room_routes):
        monkeypatch.setattr(module, "followers", lambda: here)
    for seed in range(3):
        queue().submit(Experiment(seed=seed), f"student {seed}")
    for number in range(students):
        asked(room_routes.state, at(room), f"student-{number}")
    for _again in range(9):
        asked(room_routes.state, at(room), "student-0")
        asked(room_routes.state, at(room), TEACHER)
    act(room, act="go", place=4)
    assert act(room, act="run") == {}
    view = queue().view(rooms().get(room.room_id).state.runs[4])
    assert view is not None
    assert (view.place == 1) == first
    assert not priority.is_instructor("student-0")


def test_followers_who_have_gone_do_not_count() -> None:
    now = [0.0]
    here = Followers(lambda: now[0])
    for number in range(5):
        here.note("room", f"student {number}")
    assert here.rooms(5) == ["room"]
    now[0] = HERE_SECONDS + 1
    here.note("room", "student 0")
    assert (here.rooms(5), here.rooms(1)) == ([], ["room"])


def test_the_settings_name_instructors_by_the_address_that_a_provider_vouches_for(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DA_LAB_INSTRUCTORS", "Prof@lab.example, ta@lab.example")
    settings.cache_clear()
    assert priority.is_instructor("anybody", "prof@lab.example")
    assert not priority.is_instructor("anybody", "student@lab.example")
    assert not priority.is_instructor("prof@lab.example")


@pytest.mark.parametrize(
    ("found", "counted"),
    [
        ("127.0.0.1", ""),
        ("::1", ""),
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("testclient", "testclient"),
    ],
)
def test_visitors_are_counted_by_address(found: str, counted: str) -> None:
    assert counted_address(found) == counted


def test_a_follower_who_has_the_newest_waits(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room_routes, "WAIT", 0.0)
    waited = asked(room_routes.state, at(room), query=f"have={state(room)['tag']}")
    assert waited.status_code == 204


@pytest.mark.parametrize("what", [{"act": "go", "place": 2}, {"act": "run"}, {"act": "screen", "screen": "data"}])
def test_students_cannot_steer(room: Room, what: dict[str, Any]) -> None:
    assert "Only the person who opened" in act(room, STUDENT, **what)["problem"]
    assert rooms().get(room.room_id).state.place == 0
    for route in (room_routes.votes, room_routes.handout, room_routes._page_of("stage"), room_routes._page_of("notes")):
        assert asked(route, at(room)).status_code == 404
    assert "problem" in said(asked(room_routes.count, at(room)))


@pytest.mark.parametrize("body", [b"", b"[", b"[1]", b"x" * 10_000, {"act": "burn"}, {"act": "go", "place": "x"}])
def test_what_is_no_act_is_refused(room: Room, body: object) -> None:
    assert "problem" in said(asked(room_routes.act, at(room), TEACHER, body))


def test_a_student_votes_and_the_instructor_takes_the_answers(room: Room) -> None:
    act(room, act="go", place=1)
    act(room, act="open")
    state(room)
    cast = {"slide": 1, "round": 1, "answer": 1}
    assert said(asked(room_routes.vote, at(room), body=cast)) == {}
    assert said(asked(room_routes.count, at(room), TEACHER)) == {"answers": 1, "devices": 1, "late": 1}
    table = bytes(asked(room_routes.votes, at(room), TEACHER).body).decode("utf-8-sig")
    assert table.splitlines()[1] == "2,Why?,1,1,Two,yes"
    assert "cookies" in said(asked(room_routes.vote, at(room), "", cast))["problem"]
    for none in ({}, {"slide": 1, "round": 1, "answer": 7}, {"slide": 0, "round": 1, "answer": 0}, {"slide": "a"}):
        assert "problem" in said(asked(room_routes.vote, at(room), body=none))


def test_a_room_draws_before_it_sees_what_came_out(room: Room) -> None:
    act(room, act="go", place=5)
    assert "outcome" not in state(room)["slide"]["sketch"]
    act(room, act="open")
    state(room)
    cast = {"slide": 5, "round": 1, "answer": [2.0] * 9}
    assert said(asked(room_routes.vote, at(room), body=cast)) == {}
    assert "rounds" not in state(room)["ballot"]
    act(room, act="show")
    told = state(room)["ballot"]
    assert told["rounds"] == [{"round": 1, "total": 1, "lines": [[2.0] * 9], "middle": [2.0] * 9}]
    assert "outcome" not in told
    act(room, act="reveal")
    told = state(room)["ballot"]
    assert (told["outcome"], "2.7" in told["came"]) == (list(range(9)), True)  # 24/9


def test_the_target_comes_when_the_room_has_parted_the_source(room: Room) -> None:
    act(room, act="go", place=6)
    act(room, act="open")
    told = state(room)
    source = told["slide"]["sketch"]["points"]
    asked(room_routes.vote, at(room), body={"slide": 6, "round": 1, "answer": [0.0] * 9})
    act(room, act="show")
    assert "points" not in state(room)["ballot"]
    act(room, act="reveal")
    told = state(room)["ballot"]
    assert len(told["points"]) == len(source) > 50
    assert told["points"] != source
    on_source = sum((y > 0) == (label == 0) for _x, y, label in source) / len(source)
    assert f"{100 * max(on_source, 1 - on_source):.0f}%" in told["came"]


def test_texts_of_a_lecture_are_never_markup(room: Room) -> None:
    pages = [
        asked(room_routes._page_of("stage"), at(room), TEACHER),
        asked(room_routes._page_of("notes"), at(room), TEACHER),
        asked(room_routes._page_of("follow"), at(room)),
        asked(room_routes.handout, at(room), TEACHER),
    ]
    for page in pages:
        written = bytes(page.body).decode()
        assert "<b>Night" not in written
        assert "<img" not in written
        assert "</script><" not in written.replace("</script>\n<script", "")


def test_all_slides_are_there_only_where_everyone_goes_at_their_own_pace(room: Room) -> None:
    assert "problem" in said(asked(room_routes.slides, at(room)))
    act(room, act="pace")
    given = json.loads(bytes(asked(room_routes.slides, at(room)).body))
    assert [slide["title"] for slide in given] == [slide.title for slide in LECTURE.slides]
    assert "answer" not in given[2]["prediction"]


def test_a_film_comes_with_its_texts_in_the_lectures_language(room: Room) -> None:
    act(room, act="go", place=3)
    film = state(room)["slide"]["film"]
    assert film["texts"]["play"] == "Play"
    assert "data.shape=blobs" in film["films"][0]["query"]
    chinese = LECTURE.model_copy(update={"language": "zh"})
    there = rooms().open(TEACHER, chinese)
    act(there, act="go", place=3)
    assert state(there)["slide"]["film"]["texts"]["play"] == Language("zh").translate("Play")


def test_the_film_of_a_slow_shift_has_the_same_shift_at_once_beside_it(lab: Lab) -> None:
    slow = LECTURE.model_copy(update={"slides": (Slide(title="Slowly", film=FilmOfPreset(preset="gradual")),)})
    film = state(rooms().open(TEACHER, slow))["slide"]["film"]
    assert [one["title"] for one in film["films"]] == ["MCC · the shift comes slowly", "MCC · the shift comes at once"]
    assert film["acts"] == film["query"]["acts"] == PRESETS["gradual"].acts
    assert film["query"]["beside"] == "mcc"


def test_a_run_is_started_once_and_followed_to_its_result(room: Room, lab: Lab) -> None:
    act(room, act="go", place=4)
    assert state(room)["run"] is None
    assert act(room, act="run") == {}
    run = rooms().get(room.room_id).state.runs[4]
    assert state(room)["run"]["live"]
    lab.go.set()
    queue().wait(run, lambda view: not view.live, 30)
    snapshots()._runs.clear()  # as after a second
    told = state(room)["run"]
    assert told["state"] == "done"
    assert told["after"] == pytest.approx(made_up_run.finished().result.adapted.target.accuracy)
    act(room, act="go", place=7)  # which comes back to it
    assert state(room)["run"] == told
    act(room, act="go", place=0)
    assert state(room)["run"] is None


@pytest.mark.parametrize(("language", "words"), [("en", "number 2 in the queue"), ("zh", "第 2 位")])
def test_who_follows_a_run_that_waits_sees_its_place(lab: Lab, language: str, words: str) -> None:
    there = rooms().open(TEACHER, LECTURE.model_copy(update={"language": language}))
    for seed in range(2):  # one goes, and one waits before it
        queue().submit(Experiment(seed=seed), f"student {seed}")
    act(there, act="go", place=4)
    assert act(there, act="run") == {}
    assert words in state(there)["run"]["waits"]


@pytest.mark.parametrize(
    ("screen", "title", "part"),
    [
        ("lesson?lesson=coral", "CORAL", "film"),
        ("playground?data=drawn&data.turn=40&method=coral&network=identity", "Playground", "film"),
        (f"results?run={EXAMPLE}", "Results", "recalls"),
        (f"results?run={EXAMPLE}", "Results", "confusions"),
        (f"features?run={EXAMPLE}", "Features", "maps"),
        ("stories?story=alignment_wins", "A turned target", "lines"),
        ("data?data=moons", "Data", "lines"),
        ("lesson?lesson=nothing", "Lesson", "lines"),
    ],
)
def test_who_follows_sees_a_screen_without_a_page_of_streamlits(room: Room, screen: str, title: str, part: str) -> None:
    assert act(room, act="screen", screen=screen) == {}
    told = state(room)
    assert told["light"]["title"] == title
    assert part in told["light"]
    assert (told["run"] is not None) == ("run=" in screen)


@pytest.mark.parametrize(
    "screen",
    [
        "/evil.example/login",
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "..",
        "data/../../x",
        "data?data=street#x",
        "data\n//evil.example",
    ],
)
def test_who_follows_is_led_to_no_other_site(room: Room, screen: str) -> None:
    assert act(room, act="screen", screen="data") == {}
    assert "cannot be done" in act(room, act="screen", screen=screen).get("problem", "")
    assert state(room)["screen"] == "data"


def test_a_closed_room_says_so(room: Room) -> None:
    rooms().close(room.room_id, TEACHER)
    assert "closed" in state(room)
    assert asked(room_routes._page_of("follow"), at(room)).status_code == 404


def test_the_worksheet_has_the_pair_and_empty_axes() -> None:
    sheet = asked(room_routes.worksheet, {}, query="data=drawn&data.count=60&method=coral&network=identity&lang=zh")
    written = bytes(sheet.body).decode()
    assert written.count("<svg") == 5
    assert "<script" not in written
    assert asked(room_routes.worksheet, {}, query="data=street").status_code == 404


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_handout_has_every_slide_and_no_answer(language: str) -> None:
    (lecture,) = shipped(language).values()
    written = print_pages.handout_page(lecture)
    assert len(re.findall(">[AB]</text>", written)) > 50, "the points that are to be parted"
    assert written.count("<article>") == len(lecture.slides)
    assert all(slide.notes not in written for slide in lecture.slides if slide.notes)


# The screens ---------------------------------------------------------------------------------------------------------


def hall(lab: Lab, **query: str) -> Any:
    app = lab.screen("lecture_hall", section="hall", **query)
    assert not app.exception
    return app


@pytest.mark.parametrize("language", ["en", "zh"])
def test_an_instructor_opens_a_room_and_closes_it(lab: Lab, language: str) -> None:
    app = hall(lab, lang=language)
    app.button(key=keys.ROOM_OPEN).click().run()
    (opened,) = rooms().of_owner(TEACHER)
    assert opened.lecture.language == language
    assert opened.code in texts(app)
    app.button(key=keys.close_room(opened.room_id)).click().run()
    assert rooms().of_owner(TEACHER) == []


@pytest.mark.parametrize(
    ("language", "setting", "sentence"),
    [
        ("en", "DA_LAB_ROOMS_EACH_ADDRESS", "1 rooms of your network are open"),
        ("zh", "DA_LAB_ROOMS_EACH_ADDRESS", "你所在的网络已开了 1 个房间"),
        ("en", "DA_LAB_ROOMS", "1 rooms are open, the maximum"),
        ("zh", "DA_LAB_ROOMS", "此服务器上已开了 1 个房间"),
    ],
)
def test_one_room_more_than_a_network_or_the_server_may_have_is_a_sentence(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, language: str, setting: str, sentence: str
) -> None:
    monkeypatch.setenv(setting, "1")
    settings.cache_clear()
    monkeypatch.setattr(access, "address", lambda: "192.0.2.7")
    app = hall(lab, lang=language)
    app.button(key=keys.ROOM_OPEN).click().run()
    assert sentence not in texts(app)
    lab.visitor = "another cookie"
    app.button(key=keys.ROOM_OPEN).click().run()
    assert not app.exception
    assert sentence in texts(app)
    assert rooms().of_owner(lab.visitor) == []


@pytest.mark.parametrize("kind", ["moons", "files", "drawn"])
def test_the_class_follows_its_instructor_through_the_app_and_not_a_student(lab: Lab, room: Room, kind: str) -> None:
    """To files of her own, too, whatever they are called, and to as many points as a hand may draw."""
    points = np.zeros((MOST_POINTS // 2, 2)), np.zeros(MOST_POINTS // 2, np.int64)
    own = {
        "files": {"data.source": keep_upload("成绩 100%&~a=b+c.csv", b"hours,passed\n1,no\n9,yes\n")},
        "drawn": {"data.points": encode_points(points, points)},
    }
    data = {"data": kind, **own.get(kind, {})}
    app = lab.screen("data", room=room.room_id, **data)
    assert not app.exception
    seen = state(room)["screen"]
    assert urlsplit(seen).path == "data"
    assert parse_qs(urlsplit(seen).query).items() >= {name: [value] for name, value in data.items()}.items()
    lab.visitor = STUDENT
    app = lab.screen("method", room=room.room_id)
    assert not app.exception
    assert rooms().get(room.room_id).state.screen == seen


def test_an_instructor_hears_that_a_link_is_too_long_to_follow(
    lab: Lab, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(class_lines, "LONGEST_LINK", 10)
    app = lab.screen("data", room=room.room_id, data="moons")
    assert not app.exception
    assert "longer than 10 letters" in texts(app)
    assert state(room)["screen"] is None


def test_a_frame_of_an_earlier_slide_is_not_followed(lab: Lab, room: Room) -> None:
    rooms().act(room.room_id, TEACHER, RoomAct(act="go", place=2))
    lab.screen("data", room=f"{room.room_id}~1", data="moons")
    assert rooms().get(room.room_id).state.screen is None


def test_an_exercise_goes_from_the_link_to_a_code_that_its_instructor_checks(lab: Lab) -> None:
    run = lab.finish(experiment=Experiment(data=DataSpec(name="moons")))
    link = {"data": "moons", "task": "Be <b>good</b>", "goal": "10", "hide": "data"}
    app = lab.screen("results", run, **link)
    assert not app.exception
    assert "You have reached the goal" in texts(app)
    code = app.code[0].value

    app = hall(lab)
    app.text_input(key=keys.CODES_LINK).set_value("http://lab/data?data=moons&task=Be+<b>good</b>&goal=10").run()
    app.text_area(key=keys.CODES).set_value(f"{code}\n{code.replace('.', '1.', 1)}").run()
    good, bad = app.dataframe[0].value.to_dict("records")
    assert (good["Verdict"], good["Method"]) == ("reached", "DANN")
    assert "did not write" in bad["Verdict"]


@pytest.mark.parametrize(
    ("data", "visitor", "says"), [("moons", STUDENT, "train it yourself"), ("street", TEACHER, "other data")]
)
def test_a_run_of_somebody_else_or_on_other_data_gets_no_code(lab: Lab, data: str, visitor: str, says: str) -> None:
    run = lab.finish(experiment=Experiment(data=DataSpec(name=data)))
    lab.visitor = visitor
    app = lab.screen("results", run, data="moons", task="t", goal="10")
    assert says in texts(app)
    assert "to hand in" not in texts(app)
