"""Step 4 · start a run, watch it learn, and steer it."""

from __future__ import annotations

import streamlit as st

from da_core.events import LIVE
from da_core.jobs.queue import queue
from da_core.jobs.scheduling.run_view import RunView
from da_core.jobs.store import EXAMPLE, Record, store
from da_core.teaching.course.chapters import load_chapter
from pages.charts import curves
from pages.run import change_one, current_run, live, starting, time_notice
from pages.session import keys, state
from pages.session.words import _, explain, language
from pages.shell import navigation


def outcome(view: RunView, record: Record | None) -> None:
    """Draw the result of a run that has ended."""
    if record is not None:
        st.markdown(f"**{_('Accuracy on the target')}**")
        current_run.headline(record.result)
        current_run.warn_if_cut_short(record)
        if record.run_id == EXAMPLE:
            current_run.about_the_example()
        with st.container(horizontal=True, key=keys.WAYS_ON):
            navigation.link_to("features", _("See what moved") + " →")
            navigation.link_to("results", _("See all results") + " →")
            change_one.ask(record.experiment, [record.run_id])
        if st.session_state.pop(keys.FOLLOWED_RUN, None) == view.run_id:
            # what has just become possible gets the focus, so that a keyboard need not look for it
            script = f"setTimeout(() => document.querySelector('.st-key-{keys.WAYS_ON} a')?.focus(), 100)"
            st.html(f'<script data-run="{view.run_id}">{script}</script>', unsafe_allow_javascript=True)
    elif view.state == "failed":
        st.error(explain(view.error) if view.error else _("The run failed. Start it again."))
    elif view.error:
        st.warning(explain(view.error))
    elif view.state == "cancelled":
        st.info(_("You stopped this run. No results were kept; you can start again at any time."))


if chapter := st.session_state.get(keys.CHAPTER_OF_RUN, {}).get(state.run_id()):  # from which the run was started
    navigation.link_to("course", "← " + load_chapter(chapter, language().code).head.title, chapter=chapter)
navigation.header("train")
experiment = state.experiment()
run = state.run_id()
view = queue().view(run, renew=True) if run else None
same = view is not None and view.experiment == experiment
record = store().load(run) if run and view is not None and view.state == "done" else None

with st.container(border=True):
    line, action = st.columns([3, 1], vertical_alignment="center")
    line.markdown(current_run.summary(experiment))
    if view is not None and view.live and same:
        label = _("Waiting…") if view.state == "queued" else _("Paused") if view.state == "paused" else _("Training…")
        action.button(label, type="primary", disabled=True, width="stretch", key=keys.START)
    elif view is None or not same:
        if action.button(_("Start training"), type="primary", width="stretch", key=keys.START):
            starting.start(experiment)
    elif view.state != "done" or (record is not None and not record.complete):
        if action.button(_("Start again"), type="primary", width="stretch", key=keys.START):
            starting.start(experiment)
    else:
        action.markdown(f":green-badge[✓ {_('Finished')}]", text_alignment="right")

if view is None or not same or (not view.live and view.state != "done"):
    time_notice.draw(experiment)
if run and view is None:
    current_run.tell_missing(run, on_train=True)
if view is not None:
    if not same:
        st.info(
            _(
                "You have changed the experiment since this run. Below is the earlier run: {run}",
                run=current_run.summary(view.experiment),
            )
        )
    if view.live:
        st.session_state[keys.FOLLOWED_RUN] = view.run_id
    else:
        outcome(view, record)
    live.panel(view)
    if view.history:
        st.caption(
            _(
                "While a model trains, its accuracy is measured on up to {count} held-out samples of each domain. "
                "The final result uses all of them, so the two can differ slightly.",
                count=LIVE,
            )
        )
else:
    # empty axes: the reader sees what will come, and the browser has loaded what draws it before the first point
    curves.draw((), "source_only", experiment.training.epochs)
navigation.footer("train", quiet=view is None or view.state != "done")
