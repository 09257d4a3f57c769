"""Lectures: those that ship can be given, and one's own file is read with distrust and clear sentences."""

from __future__ import annotations

import pytest

from da_core.errors import UserError
from da_core.i18n import LANGUAGES
from da_core.teaching.course.course_numbers import number_at
from da_core.teaching.course.guess import read_guess
from da_core.teaching.hall.lecture import LARGEST, Lecture, Sketch, read_lecture, shipped
from pages.shell.navigation import SCREENS

SLIDES = "title: T\nlanguage: en\nslides:\n"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_lecture_of_ninety_minutes_ships_in_each_language(language: str) -> None:
    (lecture,) = shipped(language).values()
    assert lecture.language == language
    assert lecture.minutes == pytest.approx(90, abs=5)
    assert len(lecture.slides) >= 40
    shown = {name for slide in lecture.slides for name in ("film", "screen", "run", "question", "prediction", "sketch")}
    assert all(any(getattr(slide, name) is not None for slide in lecture.slides) for name in shown)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_the_room_predicts_is_what_came_out(language: str) -> None:
    (lecture,) = shipped(language).values()
    told = [slide.prediction.answer for slide in lecture.slides if slide.prediction is not None]
    measured = ("showcase.source_only.target.accuracy", "film.missing.after")
    assert told == [round(100 * number_at(path)) for path in measured]
    drawn = [list(sketch.outcome) for sketch in sketches(lecture) if sketch.outcome is not None]
    assert drawn == [number_at("film.covariate.ratio"), number_at("film.turned.critic")]


def sketches(lecture: Lecture) -> list[Sketch]:
    return [slide.sketch for slide in lecture.slides if slide.sketch is not None]


def test_what_is_drawn_is_asked_as_the_course_does() -> None:
    for language in LANGUAGES:
        (lecture,) = shipped(language).values()
        asked = {read_guess(name).question.text(language) for name in ("own_line", "weight_curve", "critic_curve")}
        assert {sketch.text for sketch in sketches(lecture)} == asked


def test_an_instructors_own_curve_has_nine_heights() -> None:
    own = "{text: How many, across: week, up: marks, x: [1, 9], y: [0, 10], outcome: [9, 8, 7, 6, 5, 4, 3, 2, 1]}"
    (sketch,) = sketches(read_lecture(SLIDES + "  - {title: a, sketch: " + own + "}"))
    assert (sketch.across, sketch.outcome) == ("week", (9, 8, 7, 6, 5, 4, 3, 2, 1))


def test_both_languages_show_the_same_things_in_the_same_order() -> None:
    (english,), (chinese,) = (shipped(language).values() for language in LANGUAGES)
    for one, other in zip(english.slides, chinese.slides, strict=True):
        assert (one.film, one.screen, one.run, one.minutes) == (other.film, other.screen, other.run, other.minutes)
        assert (one.question is None) == (other.question is None)
        assert len(one.lines) == len(other.lines)
        assert (one.sketch and (one.sketch.outcome, one.sketch.film)) == (
            other.sketch and (other.sketch.outcome, other.sketch.film)
        )
        assert (one.prediction and one.prediction.answer) == (other.prediction and other.prediction.answer)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_screen_that_a_lecture_shows_is_there(language: str) -> None:
    known = {screen.path.rpartition("/")[2].removesuffix(".py") for screen in SCREENS.values()} | {""}
    (lecture,) = shipped(language).values()
    assert {slide.screen.partition("?")[0] for slide in lecture.slides if slide.screen} <= known


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[1, 2", "line"),
        ("- 1", "“title”"),
        ("title: T", "“language” is missing"),
        (SLIDES + "  - lines: [a]", "Slide 1: “title” is missing"),
        (SLIDES + "  - {title: a}\n  - {title: b, filn: turned}", "Slide 2: “filn” is not known"),
        (SLIDES + "  - {title: a, film: nothing}", "no film of “nothing”"),
        (SLIDES + "  - {title: a, film: {preset: turned, method: magic}}", "no film of “magic”"),
        (SLIDES + "  - {title: a, run: method=magic}", "magic"),
        (SLIDES + "  - {title: a, check: nothing}", "no check “nothing”"),
        (SLIDES + "  - {title: a, film: turned, run: seed=1}", "at most one"),
        (SLIDES + f"  - title: {'x' * 200}", "too long"),
        (SLIDES + "  - {title: a, screen: 'javascript:alert(1)'}", "“screen” cannot be used"),
        (SLIDES + "  - {title: a, screen: '//elsewhere.example/'}", "“screen” cannot be used"),
        (SLIDES + "  - {title: a, question: {text: b, choices: [{text: c}, {text: d}]}}", "just one choice"),
        (SLIDES + "  - {title: a, prediction: {text: b, answer: 101}}", "between"),
        (SLIDES + "  - {title: a, sketch: {text: b, x: [0, 1], y: [0, 1]}}", "either"),
        (SLIDES + "  - {title: a, sketch: {text: b, x: [0, 1], y: [0, 1], outcome: [1, 2]}}", "9 heights"),
        (SLIDES + "  - {title: a, sketch: {text: b, x: [1, 0], y: [0, 1], film: turned}}", "lower and the upper end"),
        (SLIDES + "  - {title: a, sketch: {text: b, x: [0, 1], y: [0, 1], film: nothing}}", "no film of “nothing”"),
        (SLIDES + "  - {title: a, sketch: {guess: nothing}}", "no guess “nothing”"),
        (SLIDES + "  - {title: a, sketch: {guess: carried}}", "not drawn as a line"),
        (
            SLIDES + "  - {title: a, sketch: {guess: weight_curve, outcome: film.nothing}}",
            "does not exist: film.nothing",
        ),
        ("a: &a [x, x]\nb: [*a, *a]", "not plain YAML"),
        ("!!python/object/apply:os.system [ls]", "not plain YAML"),
        (f"title: !!float 1{':59' * 200}", "not plain YAML"),
        (f"title: 1{':59' * 200}.5", "“title” cannot be used"),
        (SLIDES + f"  - {{title: a, minutes: 1{':59' * 200}.5}}", "“minutes” cannot be used"),
        ("[" * 5000, "YAML"),
        ("- " * 100_000, "not plain YAML"),
        (SLIDES + "  - title: x\n" * 20_000, "at most 10000"),
        ("title: \0", "not plain YAML"),
        ("x" * (LARGEST + 1), "too long"),
    ],
)
def test_a_file_that_is_no_lecture_is_refused_in_one_sentence(text: str, sentence: str) -> None:
    with pytest.raises(UserError) as refused:
        read_lecture(text)
    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)


def test_texts_are_texts_whatever_yaml_takes_them_for() -> None:
    titles = ["yes", "12:30", "2026-12-02", "2026", "1e3", "0x1F", "=", "~x", "null and void"]
    lecture = read_lecture(SLIDES + "".join(f"  - title: {title}\n" for title in titles))
    assert [slide.title for slide in lecture.slides] == titles


def test_numbers_truths_and_nothing_are_read_where_a_field_wants_them() -> None:
    film = "{title: a, minutes: 2.5e0, film: {preset: turned, still: yes}}"
    none = "{title: b, film: null, screen: ~, run: , check: night_why, twin: null}"
    lecture = read_lecture(f"{SLIDES}  - {film}\n  - {none}\n  - {{title: c, screen: ''}}\n")
    first, second, third = lecture.slides
    assert first.film is not None
    assert (first.minutes, first.film.still) == (2.5, True)
    assert second.question is not None
    assert (second.film, second.screen, second.run, second.twin) == (None, None, None, None)
    assert third.screen == "", "the first screen of the app"


def test_a_check_of_the_course_is_put_in_the_lectures_language() -> None:
    (lecture,) = shipped("zh").values()
    asked = next(slide.question for slide in lecture.slides if slide.question is not None)
    assert "\u4e00" <= asked.text[0] <= "\u9fff"
    assert sum(choice.right for choice in asked.choices) == 1
    assert all(choice.why for choice in asked.choices)
