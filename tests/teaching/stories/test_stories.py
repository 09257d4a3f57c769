"""The stories: whole in both languages, their claims borne out by the shipped numbers and by running them anew."""

from __future__ import annotations

import re

import pytest

from da_core.i18n import LANGUAGES, Language
from da_core.methods import methods
from da_core.teaching.course import check_questions, guess
from da_core.teaching.course.check_questions import checks
from da_core.teaching.course.guess import PickGuess, guesses, read_guess
from da_core.teaching.stories.story_file import Claim, stories, story
from da_core.teaching.stories.story_numbers import StoryNumbers, broken_claims, measure_story, outcome_of, shipped
from da_core.teaching.stories.worksheet import worksheet

NARROW = {"darkening_alone", "shares_differ", "class_gone", "statistics_did_it", "no_gap"}
"""Stories with a claim that a seed holds by a few points only: each seed is run here. Of the others one is, the rest
are in the shipped numbers."""


def test_there_are_sixteen_stories_each_with_a_lesson_and_a_guess_and_a_question_of_its_own() -> None:
    assert len(stories()) >= 16
    assert {one.lesson for one in stories().values()} <= methods().keys()
    assert stories().keys() == guesses(guess.OF_STORIES).keys() == checks(check_questions.OF_STORIES).keys()
    assert not stories().keys() & (guesses().keys() | checks().keys())


@pytest.mark.parametrize("name", stories())
def test_the_shipped_numbers_are_of_this_story_and_bear_out_its_claims(name: str) -> None:
    one, numbers = story(name), shipped()[name]
    assert numbers.key == one.key, "run python -m da_core make stories"
    assert {len(seeds) for values in numbers.values.values() for seeds in values.values()} == {one.seeds}
    assert broken_claims(one, numbers) == []
    for value in re.findall(r"\{([^}]*)\}", one.happened.en):
        assert 0 <= numbers.mean(value, one.measures[0]) <= 100
    asked = read_guess(name)
    outcome = outcome_of(one, asked, numbers)
    assert not isinstance(asked, PickGuess) or outcome in asked.options
    assert bool(numbers.maps) == one.mapped


def test_what_is_picked_is_what_the_numbers_say() -> None:
    """Where the options are runs, the outcome is the best of them; “none” is right where no run gains two points."""
    best = shipped()["weights_win"]
    assert max(best.values, key=lambda run: best.mean(run, "accuracy")) == story("weights_win").outcome
    gaps = shipped()["no_gap"]
    assert all(gaps.mean(run, "accuracy") - gaps.mean("source_only", "accuracy") < 2 for run in gaps.values)


def test_a_claim_is_of_every_seed() -> None:
    one = story("alignment_wins").model_copy(update={"claims": (Claim(more="dann", than="source_only", by=10),)})
    values = {"source_only": {"accuracy": [50.0, 50.0]}, "dann": {"accuracy": [90.0, 59.0]}}
    assert broken_claims(one, StoryNumbers(key="", values=values)) == list(one.claims)
    values["dann"]["accuracy"][1] = 60.0
    assert broken_claims(one, StoryNumbers(key="", values=values)) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", stories())
def test_a_story_comes_out_as_it_claims(name: str) -> None:
    one = story(name)
    assert broken_claims(one, measure_story(one, range(one.seeds if name in NARROW else 1))) == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", stories())
def test_a_worksheet_asks_and_tells_nothing_of_the_result(name: str, language: str) -> None:
    one = story(name)
    page = worksheet(one, read_guess(name), Language(language))
    assert f'lang="{language}"' in page
    assert "@page" in page
    assert "☐" in page if isinstance(read_guess(name), PickGuess) else "<svg" in page
    assert one.why.text(language) not in page
    assert "<script" not in page
