"""A story's experiments run once more, live, beside the numbers that ship with it."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from da_core.jobs.queue import queue
from da_core.jobs.scheduling.run_view import RunView
from da_core.jobs.store import store
from da_core.teaching.stories.story_file import Story
from da_core.teaching.stories.story_numbers import StoryNumbers, read_off
from pages.charts import chart_table, story_chart
from pages.run import live, starting
from pages.session import keys, state
from pages.session.polling import follow
from pages.session.words import _, explain, language
from pages.shell import navigation

SEED = 0
"""Of the live runs: the first of those that the numbers are means of."""


def draw(name: str, story: Story, numbers: StoryNumbers) -> None:
    """Draw the button that runs the experiments, and what comes of them beside the numbers that are there."""
    if story.filmed:
        st.markdown(_("These runs are filmed: the playground trains them again and shows both side by side."))
    elif story.mapped:
        st.markdown(_("This trains once; then Features lays the samples out by several seeds."))
    else:
        st.markdown(_("{count} runs, a few seconds each.", count=len(story.runs)))
    if st.button(_("Run it live"), type="primary"):
        _start(name, story)
    runs: dict[str, str] = st.session_state.get(keys.story_runs(name), {})
    if runs:
        views = _views(runs)
        follow(lambda: _views(runs), _are_over, lambda now: _panel(story, numbers, now), was_over=_are_over(views))


def _start(name: str, story: Story) -> None:
    """Begin the runs here or, for a film or a map, on the screen that has it. The frame shows a refusal, at the top."""
    first = next(iter(story.runs))
    if story.filmed:
        acts = next(run.acts for run in story.runs.values() if run.acts)
        experiment = story.experiment(first, SEED)
        navigation.follow("playground", experiment.to_flat() | {"acts": acts, "beside": experiment.method.name})
    if story.mapped:
        starting.start(story.experiment(first, SEED))
    runs = {}
    with state.reporting():
        for run in story.runs:
            runs[run] = starting.submit(story.experiment(run, SEED))
    st.session_state[keys.story_runs(name)] = runs
    st.rerun()


def _views(runs: Mapping[str, str]) -> dict[str, RunView]:
    views = {run: queue().view(run_id, renew=True) for run, run_id in runs.items()}
    return {run: view for run, view in views.items() if view is not None}


def _are_over(views: Mapping[str, RunView]) -> bool:
    return not any(view.live for view in views.values())


def _panel(story: Story, numbers: StoryNumbers, views: Mapping[str, RunView]) -> None:
    """Draw how far each run is and, once it has finished, its numbers beside the means."""
    code, titles = language().code, story_chart.measure_titles()
    columns: dict[str, dict[str, list[float]]] = {}
    for run, view in views.items():
        label = story.runs[run].label.text(code)
        record = store().load(view.run_id) if view.state == "done" else None
        if view.live:
            st.progress(view.fraction, f"{label} · {live.progress_words(view)}")
        elif record is None:
            st.warning(f"{label}: {explain(view.error) if view.error else _('This run was stopped.')}")
        else:
            for measure, value in read_off(story.measures, record.result, record.history).items():
                title = titles[measure]
                columns.setdefault(_("{measure}, live", measure=title), {})[label] = [value]
                columns.setdefault(_("{measure}, as above", measure=title), {})[label] = numbers.values[run][measure]
    if columns:
        chart_table.scores(story_chart.table(columns).fillna(""), "live-story")
