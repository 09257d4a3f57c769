"""Rooms: only who opened one acts in it, codes cannot be tried out, votes are one a visitor and nobody's name."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

import pytest

from da_core.errors import UserError
from da_core.jobs.database import room_database
from da_core.jobs.database.room_database import MOST_ROOMS, RoomDatabase
from da_core.jobs.database.run_database import RunDatabase
from da_core.teaching.course.guess import KNOTS
from da_core.teaching.hall.lecture import Lecture, Sketch
from da_core.teaching.hall.room import ROUNDS, Room, RoomAct
from da_core.teaching.hall.rooms import FRESH_SECONDS, MOST_WRONG_CODES, WRONG_CODE_SECONDS, ClosedRoomError, Rooms
from da_core.teaching.hall.votes import MOST_LINES, DrawnTally, Tally, Turnout
from tests.teaching.hall.conftest import Clock

pytestmark = pytest.mark.xdist_group("postgresql")  # its server is started once

TEACHER, ANN, BOB = "teacher", "ann", "bob"


@pytest.fixture
def room(rooms: Rooms, lecture: Lecture, room_tables: RoomDatabase) -> Room:
    for one in room_tables.of_owner(TEACHER):  # of the test before
        room_tables.close(one.room_id)
    return rooms.open(TEACHER, lecture)


def counts_of(tallies: Iterable[Tally | DrawnTally]) -> list[tuple[int, ...]]:
    """Return what was counted of each answer, question by question."""
    return [tally.counts for tally in tallies if isinstance(tally, Tally)]


def do(rooms: Rooms, room: Room, *acts: str, place: int | None = None) -> Room:
    """Let the instructor go to a place and act there."""
    if place is not None:
        room = rooms.act(room.room_id, TEACHER, RoomAct(act="go", place=place))
    for act in acts:
        room = rooms.act(room.room_id, TEACHER, RoomAct.model_validate({"act": act}))
    return room


def vote(rooms: Rooms, room: Room, visitor: str, slide: int, round_: int, answer: object) -> None:
    """Let a visitor follow the room and vote there."""
    rooms.join(room, visitor)
    rooms.vote(room.room_id, visitor, slide, round_, answer)


def test_a_room_is_found_by_its_code_in_either_case_and_by_nothing_else(rooms: Rooms, room: Room) -> None:
    assert rooms.find(f" {room.code.lower()} ", "1.2.3.4") == room.room_id
    with pytest.raises(UserError, match="no room with this code"):
        rooms.find("AAAAAA", "1.2.3.4")


def test_who_tries_many_codes_is_kept_out_for_a_while_and_others_are_not(
    rooms: Rooms, room: Room, clock: Clock
) -> None:
    alike = [0] * MOST_WRONG_CODES  # what a whole class types is one
    for number in (*alike, *range(MOST_WRONG_CODES)):
        with pytest.raises(UserError, match="no room"):
            rooms.find(f"{number:06}", "1.2.3.4")
    with pytest.raises(UserError, match="Too many wrong codes"):
        rooms.find(room.code, "1.2.3.4")
    assert rooms.find(room.code, "5.6.7.8") == room.room_id
    clock.now += WRONG_CODE_SECONDS
    assert rooms.find(room.code, "1.2.3.4") == room.room_id


@pytest.mark.parametrize("visitor", [ANN, ""])
def test_students_cannot_steer_the_room_nor_take_its_answers(rooms: Rooms, room: Room, visitor: str) -> None:
    for steer in (
        lambda: rooms.act(room.room_id, visitor, RoomAct(act="go", place=2)),
        lambda: rooms.table(room.room_id, visitor),
        lambda: rooms.close(room.room_id, visitor),
    ):
        with pytest.raises(UserError, match="Only the person who opened"):
            steer()
    assert rooms.get(room.room_id).state.place == 0


def test_another_server_with_the_same_database_sees_a_change(
    rooms: Rooms, room: Room, room_tables: RoomDatabase, clock: Clock
) -> None:
    elsewhere = Rooms(lambda: room_tables, clock)
    assert elsewhere.get(room.room_id).state.place == 0
    do(rooms, room, place=2)
    clock.now += 1.0
    assert elsewhere.get(room.room_id).state.place == 2
    assert do(elsewhere, room, place=1).version == 3
    clock.now += 1.0
    assert rooms.get(room.room_id).state.place == 1


@pytest.mark.parametrize("screen", ["/evil.example/login", "x" * 30_000])
def test_a_room_that_an_earlier_version_led_elsewhere_opens_at_its_slide(
    rooms: Rooms, room: Room, room_tables: RoomDatabase, clock: Clock, screen: str
) -> None:
    room_tables.save_state(room.room_id, room.version, room.state.model_dump(mode="json") | {"screen": screen})
    clock.now += FRESH_SECONDS
    assert rooms.get(room.room_id).state.screen is None
    assert do(rooms, room, place=1).state.place == 1


def test_two_windows_of_the_instructor_do_not_undo_each_other(
    rooms: Rooms, room: Room, room_tables: RoomDatabase, clock: Clock
) -> None:
    elsewhere = Rooms(lambda: room_tables, clock)
    elsewhere.get(room.room_id)
    do(rooms, room, "pause")
    now = do(elsewhere, room, place=1)
    assert (now.state.paused, now.state.place) == (True, 1)


def test_a_vote_is_one_for_each_visitor_and_can_be_changed_until_it_is_closed(rooms: Rooms, room: Room) -> None:
    with pytest.raises(UserError, match="closed"):
        vote(rooms, room, ANN, 1, 1, 0)
    now = do(rooms, room, "open", place=1)
    vote(rooms, room, ANN, 1, 1, 0)
    vote(rooms, room, ANN, 1, 1, 1)
    vote(rooms, room, BOB, 1, 1, 0)
    assert rooms.turnout(now) == Turnout(answers=2, devices=2, late=1)
    now = do(rooms, room, "show")
    assert counts_of(rooms.tallies(now)) == [(1, 1)]
    with pytest.raises(UserError, match="closed"):
        vote(rooms, room, BOB, 1, 1, 1)


def test_after_talking_there_is_a_second_round_and_the_first_stays(rooms: Rooms, room: Room) -> None:
    do(rooms, room, "open", place=1)
    vote(rooms, room, ANN, 1, 1, 0)
    do(rooms, room, "show", "open")
    with pytest.raises(UserError, match="closed"):
        vote(rooms, room, ANN, 1, 1, 1)
    vote(rooms, room, ANN, 1, 2, 1)
    now = do(rooms, room, "reveal")
    assert counts_of(rooms.tallies(now)) == [(1, 0), (0, 1)]
    for _round in range(ROUNDS - 2):
        do(rooms, room, "open", "close")
    with pytest.raises(UserError, match="has been asked"):
        do(rooms, room, "open")


@pytest.mark.parametrize(
    ("place", "answer"),
    [
        *((1, answer) for answer in (2, -1, 0.5, float("nan"), float("inf"), [0.0] * KNOTS)),
        *((3, answer) for answer in (5, "5", [1] * 8, [11] * KNOTS, [-0.1] * KNOTS, [float("nan")] * KNOTS, None)),
    ],
)
def test_only_an_answer_of_the_question_or_a_line_within_the_axes_counts(
    rooms: Rooms, room: Room, place: int, answer: object
) -> None:
    do(rooms, room, "open", place=place)
    with pytest.raises(UserError, match="not one of the answers"):
        vote(rooms, room, ANN, place, 1, answer)


def test_guesses_are_shown_in_tenths_with_their_median(rooms: Rooms, room: Room) -> None:
    do(rooms, room, "open", place=2)
    for visitor, guess in zip("abcd", (0, 30, 34, 100), strict=True):
        vote(rooms, room, visitor, 2, 1, guess)
    (tally,) = rooms.tallies(do(rooms, room, "show"))
    assert isinstance(tally, Tally)
    assert tally.counts == (1, 0, 0, 2, 0, 0, 0, 0, 0, 1)
    assert tally.middle == 32


def test_drawn_lines_lie_over_one_another_with_the_one_in_the_middle(rooms: Rooms, room: Room) -> None:
    do(rooms, room, "open", place=3)
    for visitor, height in zip((*"abc", "b"), (1, 9, 3, 2), strict=True):  # b draws another
        vote(rooms, room, visitor, 3, 1, [height] * KNOTS)
    (tally,) = rooms.tallies(do(rooms, room, "show"))
    assert isinstance(tally, DrawnTally)
    assert sorted(tally.lines) == [(height,) * KNOTS for height in (1.0, 2.0, 3.0)]
    assert tally.middle == (2.0,) * KNOTS
    # from 1 the outcome 0 … 8 is off by 29/9 on average, from 2 by 24/9, from 3 by 21/9
    assert tally.off(tuple(map(float, range(9)))) == pytest.approx(24 / 9)
    do(rooms, room, "open")
    vote(rooms, room, "a", 3, 2, [5.5] * KNOTS)
    first, second = rooms.tallies(do(rooms, room, "reveal"))
    assert (first.total, second.total) == (3, 1)
    rows = list(csv.DictReader(io.StringIO(rooms.table(room.room_id, TEACHER).decode("utf-8-sig"))))
    assert {row["answer"] for row in rows if row["round"] == "2"} == {" ".join(["5.5"] * KNOTS)}


def test_of_very_many_lines_some_are_shown_and_all_count() -> None:
    tally = DrawnTally(1, tuple((float(height),) * KNOTS for height in range(2 * MOST_LINES + 1)))
    assert MOST_LINES / 2 < len(tally.overlaid) <= MOST_LINES
    assert tally.middle == (float(MOST_LINES),) * KNOTS
    assert (DrawnTally(1, ()).overlaid, DrawnTally(1, ()).middle) == ((), None)


def test_half_of_the_lines_part_so_much_of_both_domains(room: Room) -> None:
    sketch = Sketch(text="Part them", x=(-1, 1), y=(-1, 1), film="half_moons")
    source = [(0.0, 0.5, 0), (0.0, -0.5, 1)]
    target = [(0.0, 0.5, 1), (0.0, 0.6, 0), (0.0, 0.7, 0), (0.0, -0.5, 1)]
    flat, high = (0.0,) * KNOTS, (0.55,) * KNOTS
    assert DrawnTally(1, (flat, flat, high)).separate(sketch, source, target) == (1.0, 0.75)
    assert DrawnTally(1, (high,)).separate(sketch, source, target) == (0.5, 1.0)


def test_a_twin_follows_the_votes_on_its_question(rooms: Rooms, room: Room) -> None:
    do(rooms, room, "open", place=1)
    vote(rooms, room, ANN, 1, 1, 1)
    do(rooms, room, "close", "open", "close")
    now = do(rooms, room, "twin")
    assert now.state.ballots[1].open
    with pytest.raises(UserError, match="not one of the answers"):
        vote(rooms, room, ANN, 1, 3, 3)  # an answer that only the first question's place would allow
    vote(rooms, room, ANN, 1, 3, 2)
    vote(rooms, room, BOB, 1, 3, 0)
    assert counts_of(rooms.tallies(do(rooms, room, "show"))) == [(1, 0, 1)]
    with pytest.raises(UserError, match="no other question"):
        do(rooms, room, "twin")
    rows = list(csv.DictReader(io.StringIO(rooms.table(room.room_id, TEACHER).decode("utf-8-sig"))))
    assert sorted((row["question"], row["right"]) for row in rows) == [
        ("And in fog?", "no"),
        ("And in fog?", "yes"),
        ("Why did it fail?", "yes"),
    ]


def test_only_who_follows_votes_and_who_clears_cookies_is_seen_as_one_device_more(rooms: Rooms, room: Room) -> None:
    rooms.join(room, ANN)
    rooms.join(room, ANN)
    rooms.join(room, BOB)
    now = do(rooms, room, "open", place=1)
    with pytest.raises(UserError, match="has not joined"):
        rooms.vote(room.room_id, "anns new cookie", 1, 1, 0)
    rooms.vote(room.room_id, ANN, 1, 1, 0)
    assert rooms.turnout(now) == Turnout(answers=1, devices=2, late=0)
    vote(rooms, room, "anns new cookie", 1, 1, 0)
    assert rooms.turnout(now) == Turnout(answers=2, devices=3, late=1)


def test_a_room_takes_so_many_devices_and_no_more(
    room_tables: RoomDatabase, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room_database, "MOST_DEVICES", 1)
    room_tables.join(room.room_id, "one")
    room_tables.join(room.room_id, "one")
    with pytest.raises(UserError, match="the maximum"):
        room_tables.join(room.room_id, "two")
    assert room_tables.devices(room.room_id) == 1


def test_going_on_closes_a_vote(rooms: Rooms, room: Room) -> None:
    do(rooms, room, "open", place=1)
    do(rooms, room, place=2)
    with pytest.raises(UserError, match="closed"):
        vote(rooms, room, ANN, 1, 1, 0)


@pytest.mark.parametrize(
    ("acts", "place", "sentence"),
    [
        (("open",), 0, "nothing to vote on"),
        (("show",), 1, "Open the vote first"),
        (("open", "twin"), 2, "no other question"),
    ],
)
def test_no_vote_where_there_is_no_question(
    rooms: Rooms, room: Room, acts: tuple[str, ...], place: int, sentence: str
) -> None:
    with pytest.raises(UserError, match=sentence):
        do(rooms, room, *acts, place=place)


def test_the_table_has_every_answer_and_no_name(rooms: Rooms, room: Room, room_tables: RoomDatabase) -> None:
    do(rooms, room, "open", place=1)
    vote(rooms, room, ANN, 1, 1, 0)
    vote(rooms, room, BOB, 1, 1, 1)
    do(rooms, room, "show", "open")
    vote(rooms, room, ANN, 1, 2, 1)
    table = rooms.table(room.room_id, TEACHER).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(table)))
    assert [(row["round"], row["right"]) for row in rows].count(("2", "yes")) == 1
    assert sorted(row["right"] for row in rows if row["round"] == "1") == ["no", "yes"]
    again = next(row["respondent"] for row in rows if row["round"] == "2")
    assert any(row["respondent"] == again and row["right"] == "no" for row in rows)
    kept = room_tables.votes(room.room_id)
    assert {ANN, BOB}.isdisjoint(vote.voter for vote in kept)
    assert not any(vote.voter in table for vote in kept)


def test_the_same_visitor_has_another_name_in_another_room(
    rooms: Rooms, room: Room, lecture: Lecture, room_tables: RoomDatabase
) -> None:
    other = rooms.open(TEACHER, lecture)
    for one in (room, other):
        do(rooms, one, "open", place=1)
        vote(rooms, one, ANN, 1, 1, 0)
    assert room_tables.votes(room.room_id)[0].voter != room_tables.votes(other.room_id)[0].voter


def test_a_text_that_a_spreadsheet_would_run_is_kept_from_it(rooms: Rooms, room: Room) -> None:
    from da_core.jobs.database.room_database import Vote
    from da_core.teaching.hall.votes import as_csv

    slide = room.lecture.slides[1]
    assert slide.question is not None
    bad = slide.question.model_copy(update={"text": "=cmd()"})
    slides = (room.lecture.slides[0], slide.model_copy(update={"question": bad}))
    named = Room(
        room.room_id,
        room.code,
        room.owner,
        room.salt,
        room.lecture.model_copy(update={"slides": slides}),
        room.state,
        1,
    )
    assert ",'=cmd()," in as_csv(named, [Vote(1, 1, "x", 0.0)]).decode()


def test_a_closed_room_is_gone_with_its_votes(rooms: Rooms, room: Room, room_tables: RoomDatabase) -> None:
    do(rooms, room, "open", place=1)
    vote(rooms, room, ANN, 1, 1, 0)
    rooms.close(room.room_id, TEACHER)
    with pytest.raises(ClosedRoomError):
        rooms.get(room.room_id)
    assert room_tables.votes(room.room_id) == []


def test_an_instructor_has_so_many_rooms_and_no_more(rooms: Rooms, room: Room, lecture: Lecture) -> None:
    for _room in range(MOST_ROOMS - 1):
        rooms.open(TEACHER, lecture)
    with pytest.raises(UserError, match="close one first"):
        rooms.open(TEACHER, lecture)


def test_one_network_has_so_many_rooms_and_others_open_theirs(database: RunDatabase) -> None:
    tables = RoomDatabase(database, most_each_address=2)
    first, _second = (tables.open(f"visitor {cookie}", {}, {}, "192.0.2.7") for cookie in range(2))
    assert first.address not in ("", "192.0.2.7"), "an address is kept as a digest"
    with pytest.raises(UserError, match="2 rooms of your network are open"):
        tables.open("visitor 2", {}, {}, "192.0.2.7")
    tables.open("visitor 2", {}, {}, "192.0.2.8")
    tables.close(first.room_id)
    tables.open("visitor 2", {}, {}, "192.0.2.7")


def test_the_machine_itself_is_no_network(database: RunDatabase) -> None:
    tables = RoomDatabase(database, most_each_address=1)
    assert [tables.open(f"at home {cookie}", {}, {}).address for cookie in range(3)] == [""] * 3


def test_a_server_has_so_many_rooms_and_an_old_one_makes_way(
    database: RunDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = RoomDatabase(database, most=1)
    with pytest.raises(UserError, match="1 rooms are open, the maximum"):
        [tables.open(f"visitor {cookie}", {}, {}) for cookie in range(2)]
    monkeypatch.setattr(room_database, "ROOM_DAYS", 0.0)
    opened = tables.open("visitor 1", {}, {})
    assert tables.of_owner("visitor 1") == [opened]


def test_the_servers_key_is_made_once(room_tables: RoomDatabase) -> None:
    key = room_tables.server_key("results")
    assert len(key) == 32
    assert room_tables.server_key("results") == key
