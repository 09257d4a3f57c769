"""Stories: the list with what the visitor has seen, or the story that the address asks for, guess first."""

from __future__ import annotations

import re

import streamlit as st

from da_core.teaching.course.guess import read_guess
from da_core.teaching.stories.story_file import Story, stories, story
from da_core.teaching.stories.story_numbers import StoryNumbers, outcome_of, shipped
from da_core.teaching.stories.worksheet import worksheet
from pages.charts import chart_table, story_chart
from pages.learn import live_story, own_progress, page_turn
from pages.learn.check_form import show_check, try_it
from pages.learn.guess_form import ask_guess, show_outcome
from pages.session import keys
from pages.session.words import _, language, percent
from pages.shell import navigation

HERE = "stories"


def contents() -> None:
    """Draw the stories, those that were gone through marked."""
    navigation.header("stories")
    seen = own_progress.progress().names("story", "read")
    with st.container(key=keys.STORY_LIST, gap=None):
        for place, (name, of_story) in enumerate(stories().items(), start=1):
            with st.container(key=keys.story_entry(name), gap=None):
                called = of_story.title if name in seen else of_story.asks
                navigation.link_to("stories", f"{place} · {called.text(language().code)}", story=name)
                if name in seen:
                    st.markdown(f":green-badge[✓ {_('Seen')}]")
    done = len(seen & stories().keys())
    st.markdown(f":gray[{_('Seen: {done} of {count} stories.', done=done, count=len(stories()))}]")


def draw_story(name: str, of_story: Story) -> None:
    """Draw a story: situation and guess; once that is made, the result beside it, a question, and why."""
    code, names = language().code, list(stories())
    place = names.index(name)
    navigation.begin_at_the_top(name)
    navigation.link_to("stories", "← " + _("All stories"))
    where = _("Story {place} of {count}", place=place + 1, count=len(names))
    st.html(f'<div class="lab-place">{where}</div>')
    st.title(of_story.asks.text(code), anchor=False)
    with st.container(key=keys.story_text("situation")):
        st.markdown(of_story.situation.text(code))
    answer = ask_guess(name, HERE)
    if answer is not None:
        numbers = shipped()[name]
        st.subheader(_("Result"), anchor=False)
        show_outcome(name, HERE, answer, outcome_of(of_story, read_guess(name), numbers))
        _result(name, of_story, numbers)
        if show_check(name, HERE) is not None:
            own_progress.note_once("story", name, "read")
            st.subheader(_("Why"), anchor=False)
            st.markdown(f"**{of_story.title.text(code)}**")
            with st.container(key=keys.story_text("why")):
                st.markdown(of_story.why.text(code))
        st.subheader(_("Run it yourself"), anchor=False)
        live_story.draw(name, of_story, numbers)
        with st.container(border=True):
            st.markdown(f"**{_('Try next')}**")
            try_it(of_story.try_it, keys.story_try(name))
        navigation.link_to("lesson", _("The lesson") + " →", lesson=of_story.lesson)
    st.download_button(
        _("Worksheet to print"),
        worksheet(of_story, read_guess(name), language()),
        file_name=f"{name}.html",
        mime="text/html",
        help=_("One page with empty axes for the guess; it does not show the result."),
    )
    titles = {story: of.asks.text(code) for story, of in stories().items()}
    page_turn.draw("stories", "story", name, titles, ("stories", _("All stories")))


def _result(name: str, of_story: Story, numbers: StoryNumbers) -> None:
    """Draw what the experiments came to: a sentence, a chart for each measure, a table, and maps where there are."""
    text = _filled(of_story.happened.text(language().code), of_story, numbers)
    with st.container(key=keys.story_text("happened")):
        st.markdown(text)
    if numbers.maps:
        story_chart.maps(numbers.maps, keys.story_chart(name, "maps"))
    labels = {run: of.label.text(language().code) for run, of in of_story.runs.items()}
    titles = story_chart.measure_titles()
    columns = {
        titles[measure]: {labels[run]: values[measure] for run, values in numbers.values.items()}
        for measure in of_story.measures
    }
    for measure, (title, values) in zip(of_story.measures, columns.items(), strict=True):
        st.markdown(f"**{title}**")
        story_chart.bars(values, keys.story_chart(name, measure), f"{title}. {text.replace('**', '')}")
    chart_table.scores(story_chart.table(columns), "story")
    st.caption(_("Means of {count} seeds, with the lowest and the highest.", count=of_story.seeds))


def _filled(text: str, of_story: Story, numbers: StoryNumbers) -> str:
    """Fill in the values that a sentence names."""

    def written(name: re.Match[str]) -> str:
        share = numbers.mean(name[1], of_story.measures[0]) / 100
        return f"**{percent(share, 0 if share >= 0.01 or not share else 1)}**"

    return re.sub(r"\{([\w.]+)\}", written, text)


page_turn.page("story", lambda name: (name, story(name)), lambda named: draw_story(*named), contents)
