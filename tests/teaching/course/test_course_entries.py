"""The misconceptions, checks and guesses of the course: whole, in both languages, and each link can be followed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from da_core.data.sources import sources
from da_core.errors import UserError
from da_core.experiment import Experiment
from da_core.i18n import LANGUAGES
from da_core.methods import methods
from da_core.networks import networks
from da_core.params import describe
from da_core.registry import resolve
from da_core.teaching.course import check_questions, guess
from da_core.teaching.course.bilingual import Bilingual, Entry, read_file
from da_core.teaching.course.check_questions import FILE, OF_LESSONS, OF_REVEALS, OF_STORIES, checks
from da_core.teaching.course.guess import guesses
from da_core.teaching.course.misconceptions import Misconception, TryIt, misconceptions
from da_core.teaching.films import filming
from da_core.teaching.lessons import lesson_file
from da_core.teaching.lessons.code_reading import file_of_reading, read_steps
from da_core.teaching.stories.story_file import stories

CHECKS = (FILE, OF_LESSONS, OF_REVEALS, OF_STORIES)


def texts(thing: Any) -> Iterator[Bilingual]:
    if isinstance(thing, Bilingual):
        yield thing
    elif isinstance(thing, Entry):
        for value in dict(thing).values():
            yield from texts(value)
    elif isinstance(thing, dict | tuple):
        for value in thing.values() if isinstance(thing, dict) else thing:
            yield from texts(value)


def test_there_are_twenty_misconceptions_and_each_can_be_chosen() -> None:
    assert len(misconceptions()) >= 20
    every = [one for file in CHECKS for one in checks(file).values()]
    chosen = {option.misconception for check in every for option in check.options}
    assert misconceptions().keys() <= chosen


@pytest.mark.parametrize(
    "trial",
    [*(one.try_it for one in misconceptions().values()), *(one.try_it for one in stories().values())],
    ids=[*misconceptions(), *stories()],
)
def test_something_to_try_is_there(trial: TryIt) -> None:
    query = trial.query()
    own = {key: query.pop(key) for key in ("acts", "beside", "sweep", "lesson") if key in query}
    experiment = Experiment.from_flat(query)
    resolve(methods(), experiment.method)
    resolve(networks(), experiment.network)
    resolve(sources(), experiment.data)
    assert own.get("lesson", "dann") in methods()
    assert own.get("beside", "dann") in methods()
    if trial.screen == "playground":
        filming.check(experiment)
    if "sweep" in own:
        assert own["sweep"] in {hyper.name for hyper in describe(methods()[experiment.method.name].Params)}


@pytest.mark.parametrize("name", checks())
def test_a_check_has_a_twin_on_the_same_idea(name: str) -> None:
    check = checks()[name]
    twin = checks()[check.twin]
    assert (twin.twin, twin.chapter) == (name, check.chapter)
    assert twin.question != check.question


def test_every_lesson_has_a_check_and_no_name_means_two() -> None:
    assert checks(OF_LESSONS).keys() == methods().keys()
    assert not checks(OF_LESSONS).keys() & checks().keys()
    assert check_questions.check("dann") == checks(OF_LESSONS)["dann"]


def test_every_guess_has_a_check_on_what_came_out_and_no_name_means_two() -> None:
    asked = checks(OF_REVEALS)
    assert asked.keys() == guesses().keys()
    assert not asked.keys() & (checks().keys() | checks(OF_STORIES).keys() | checks(OF_LESSONS).keys())
    assert all(len(check.options) == 3 for check in asked.values())
    assert check_questions.check("critic_curve") == asked["critic_curve"]


@pytest.mark.parametrize("file", CHECKS, ids=lambda file: file.stem)
def test_the_right_answer_is_not_always_at_the_same_place(file: Path) -> None:
    places = [check.right for check in checks(file).values()]
    assert max(places.count(place) for place in places) <= len(places) / 2


def test_every_text_is_in_both_languages_and_written_as_the_app_writes() -> None:
    steps = tuple(step for name in methods() for step in read_steps(file_of_reading(name)))
    questions = tuple(checks(file) for file in CHECKS)
    for text in texts((misconceptions(), stories(), questions, guesses(), guesses(guess.OF_STORIES), steps)):
        assert re.search(r"[\u4e00-\u9fff]", text.zh) or text.zh == text.en, text
        assert not re.search(r"[\u4e00-\u9fff]", text.en)
        bare = re.sub(r"`[^`]*`", "", re.sub(r"\{[^}]*\}", "0", text.zh))
        assert not re.search(r"[\u4e00-\u9fff][0-9A-Za-z%]|[0-9A-Za-z%][\u4e00-\u9fff]", bare), text.zh
        assert not re.search(r"\d %", text.en + text.zh), text
        assert set(re.findall(r"\{([^}]*)\}", text.en)) == set(re.findall(r"\{([^}]*)\}", text.zh))


@pytest.mark.parametrize("name", methods())
def test_words_in_a_term_are_those_of_the_lessons_formula(name: str) -> None:
    for language in LANGUAGES:
        formula = lesson_file.load(name, language).formula
        for step in read_steps(file_of_reading(name)):
            assert all(word in formula for word in re.findall(r"\\text\{[^}]*\}", step.term)), (language, step.term)


@pytest.mark.parametrize(
    ("held", "said"),
    [
        ("a: {says: {en: x}}", "“a.says.zh”"),
        ("a: [1]", "“a” is wrong"),
        ("- a", "valid dictionary"),
        ("a: {", "cannot be read"),
    ],
)
def test_a_file_that_is_wrong_gets_one_sentence(tmp_path: Path, held: str, said: str) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text(held, encoding="utf-8")
    with pytest.raises(UserError, match=said):
        read_file(file, dict[str, Misconception])


def test_a_check_that_names_nothing_that_is_there_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "checks.yaml"
    both = "{en: x, zh: 字}"
    options = f"[{{text: {both}}}, {{text: {both}, misconception: magic}}, {{text: {both}, misconception: magic}}]"
    file.write_text(f"one: {{chapter: c, question: {both}, why: {both}, options: {options}}}", encoding="utf-8")
    with pytest.raises(UserError, match="refers to magic"):
        checks(file)
    file.write_text(
        f"one: {{chapter: c, question: {both}, why: {both}, options: {options.replace(', misconception: magic', '')}}}",
        encoding="utf-8",
    )
    with pytest.raises(UserError, match="just one answer"):
        checks.__wrapped__(file)
    with pytest.raises(UserError, match="no check “magic”"):
        check_questions.check("magic")
