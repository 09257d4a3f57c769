"""The course on the screen: the list, one chapter at a time, nothing told before a guess, and one's own progress."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from da_core import i18n
from da_core.data.loading import cache
from da_core.data.loading.cache import load_pair
from da_core.i18n import LANGUAGES
from da_core.jobs.store import store
from da_core.teaching.course.chapters import chapter_names, load_chapter
from da_core.teaching.course.check_questions import OF_REVEALS, checks
from da_core.teaching.course.misconceptions import misconception
from pages.session import keys
from tests.support.lab import Lab, button, has, links, texts

CHAPTERS = chapter_names()


@pytest.fixture(autouse=True)
def _real_points(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "load_pair", load_pair)


def opened(lab: Lab, chapter: str = "", **query: str) -> AppTest:
    """A visitor at the course, or a chapter of it; AppTest begins on the first screen, which drops the chapter."""
    return lab.screen("course", section="learn", fields={"chapter": chapter} if chapter else None, **query)


def see_all(at: AppTest) -> AppTest:
    """Pass by each guess and the question after it until none is left."""
    passing = ("Skip the guess", "Continue without answering")
    while waiting := [label for label in passing if has(at, label)]:
        button(at, waiting[0]).click().run()
        assert not at.exception
    return at


def test_a_run_started_in_a_chapter_leads_back_to_it(lab: Lab) -> None:
    at = see_all(opened(lab, "night"))
    button(at, "Run it yourself").click().run()
    assert at.title[0].value == "Train"
    assert "chapter=night" in links(at)["← A network that fails at night"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_list_has_every_chapter_in_the_readers_language(lab: Lab, language: str) -> None:
    i18n.missing.clear()
    at = opened(lab, lang=language)
    for place, name in enumerate(CHAPTERS, start=1):
        label = f"{place} · {load_chapter(name, language).head.title}"
        assert f"chapter={name}" in links(at)[label]
    assert not i18n.missing


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_chapter_can_be_read_to_its_end(lab: Lab, name: str) -> None:
    at = opened(lab, name)
    title = load_chapter(name, "en").head.title
    assert at.title[0].value == title
    assert has(at, "Skip the guess"), "an outcome waits for a guess"
    assert keys.check_choice(name, load_chapter(name, "en").head.check) not in [radio.key for radio in at.radio]
    see_all(at)
    assert keys.check_choice(name, load_chapter(name, "en").head.check) in [radio.key for radio in at.radio]
    assert store().database.progress(lab.visitor).total("guess", "skipped") >= 1


def test_a_chapter_in_chinese_has_no_word_of_another_language(lab: Lab) -> None:
    i18n.missing.clear()
    at = opened(lab, "night", lang="zh")
    button(at, "不猜，直接看").click().run()
    assert "实际结果" in texts(at)
    button(at, "不回答，继续").click().run()
    assert "发生了什么" in texts(at)
    assert not i18n.missing


def test_the_outcome_is_told_after_the_guess_alone(lab: Lab) -> None:
    at = opened(lab, "night")
    assert "236" not in texts(at)
    at.slider(key=keys.guess_widget("night", "night_houses")).set_value(70.0).run()
    at.button(key=keys.guess_commit("night", "night_houses")).click().run()
    assert "236" in texts(at)


@pytest.mark.parametrize("right", [True, False])
def test_the_chapter_says_why_once_what_was_seen_is_told_rightly_or_not(lab: Lab, right: bool) -> None:
    asked, why = checks(OF_REVEALS)["night_houses"], "What has happened"
    at = opened(lab, "night")
    button(at, "Skip the guess").click().run()
    assert "236" in texts(at)
    assert asked.question.en in texts(at)
    assert why not in texts(at)
    place = asked.right if right else (asked.right + 1) % len(asked.options)
    at.radio(key=keys.check_choice("night", "night_houses")).set_value(place).run()
    at.button(key=keys.check_commit("night", "night_houses")).click().run()
    assert not at.exception
    assert why in texts(at)
    assert not has(at, "Continue without answering")
    if right:
        assert asked.why.en in at.success[0].value
    else:
        assert misconception(asked.options[place].misconception).refutation.en in at.warning[0].value
        assert button(at, "Try it →")
    assert store().database.progress(lab.visitor).times("check", "night_houses", "right" if right else "wrong") == 1


def test_progress_is_shown_and_can_be_forgotten(lab: Lab) -> None:
    at = see_all(opened(lab, "night"))
    check = load_chapter("night", "en").head.check
    at.radio(key=keys.check_choice("night", check)).set_value(checks()[check].right).run()
    at.button(key=keys.check_commit("night", check)).click().run()
    assert store().database.progress(lab.visitor).names("chapter", "read") == {"night"}

    at = opened(lab)
    assert "1 of 15 chapters" in texts(at)
    assert "1 skipped" in texts(at)
    at.button(key=keys.COURSE_RESET).click().run()
    assert "0 of 15 chapters" in texts(at)

    lab.visitor = "another"
    assert "0 of 15 chapters" in texts(opened(lab))


def test_chapters_lead_to_their_neighbours_and_an_unknown_one_to_the_list(lab: Lab) -> None:
    at = opened(lab, "shifts")
    for label in ("← Domains, and the two distributions", "How to see a shift →"):
        assert label in links(at)
    at = opened(lab, "magic")
    assert "no chapter “magic”" in at.warning[0].value
    assert "1 · A network that fails at night" in links(at)
