"""A story on the screen: nothing is told before a guess, then result, question and why, and a live run beside it."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from da_core import i18n
from da_core.i18n import LANGUAGES
from da_core.jobs.queue import queue
from da_core.jobs.store import store
from da_core.teaching.course.check_questions import check
from da_core.teaching.stories.story_file import stories, story
from pages.session import keys
from tests.support.lab import Lab, button, has, links, texts

STORY = "alignment_wins"
WHERE = "stories"


def opened(lab: Lab, name: str = "", **query: str) -> AppTest:
    """A visitor at the stories, or at one; AppTest begins on the first screen, which drops the story."""
    return lab.screen("stories", section="learn", fields={"story": name} if name else None, **query)


def show(at: AppTest) -> AppTest:
    button(at, "Skip the guess").click().run()
    assert not at.exception
    return at


def answer(at: AppTest, name: str) -> AppTest:
    at.radio(key=keys.check_choice(WHERE, name)).set_value(check(name).right).run()
    return at.button(key=keys.check_commit(WHERE, name)).click().run()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_list_has_every_story_in_the_readers_language(lab: Lab, language: str) -> None:
    i18n.missing.clear()
    led = links(opened(lab, lang=language))
    for place, (name, one) in enumerate(stories().items(), start=1):
        assert f"story={name}" in led[f"{place} · {one.asks.text(language)}"]
    assert not i18n.missing


@pytest.mark.parametrize("name", stories())
def test_nothing_is_told_before_the_guess_and_all_after_the_answer(lab: Lab, name: str) -> None:
    i18n.missing.clear()
    at = opened(lab, name, lang="zh")
    one = story(name)
    assert one.why.zh not in texts(at)
    assert one.title.zh not in [title.value for title in at.title]
    assert not at.get("vega_lite_chart")
    assert not at.table
    button(at, "不猜，直接看").click().run()
    assert not at.exception
    assert len(at.table) == 1
    assert one.why.zh not in texts(at)
    answer(at, name)
    assert one.why.zh in texts(at)
    assert not i18n.missing


def test_a_guess_stands_beside_what_came_out_and_the_story_is_marked_as_seen(lab: Lab) -> None:
    at = opened(lab, STORY)
    at.slider(key=keys.guess_widget(WHERE, STORY)).set_value(40.0).run()
    at.button(key=keys.guess_commit(WHERE, STORY)).click().run()
    assert "Your guess: **40%**" in texts(at)
    assert "off." in texts(at)
    answer(at, STORY)
    progress = store().database.progress(lab.visitor)
    assert progress.names("story", "read") == {STORY}
    assert progress.total("guess", "made") == 1
    assert "Seen: 1 of" in texts(opened(lab))


def test_to_skip_the_guess_is_counted(lab: Lab) -> None:
    show(opened(lab, STORY))
    assert store().database.progress(lab.visitor).times("guess", STORY, "skipped") == 1


def test_the_experiments_run_live_and_stand_beside_the_shipped_numbers(lab: Lab) -> None:
    at = show(opened(lab, STORY))
    button(at, "Run it live").click().run()
    assert not at.exception
    runs = at.session_state[keys.story_runs(STORY)]
    assert list(runs) == list(story(STORY).runs)
    for run, run_id in runs.items():
        view = queue().view(run_id)
        assert view is not None
        assert view.experiment == story(STORY).experiment(run, 0)
    lab.go.set()
    for run_id in runs.values():
        queue().wait(run_id, lambda view: view.state == "done", 30)
    at.run()
    live = at.table[1].value
    assert list(live.columns) == ["Accuracy on the target, live", "Accuracy on the target, as above"]
    assert list(live["Accuracy on the target, live"]) == ["80.0%", "80.0%"]


def test_a_filmed_story_goes_on_in_the_playground(lab: Lab) -> None:
    at = show(opened(lab, "small_steps"))
    button(at, "Run it live").click().run()
    assert at.query_params["acts"] in ("slide@0+160", ["slide@0+160"])


def test_a_story_that_there_is_not_gets_a_sentence_and_the_list(lab: Lab) -> None:
    at = opened(lab, "nowhere")
    assert "no story “nowhere”" in texts(at).replace("\\", "")
    assert not has(at, "This is my guess")
