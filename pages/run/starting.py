"""Starting a run from a screen, following it, and the line about it on the other screens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import streamlit as st

from da_core.errors import UserError
from da_core.experiment import Experiment
from da_core.jobs.queue import queue
from da_core.jobs.scheduling.run_view import RunView
from pages.session import access, account, keys, priority, state
from pages.session.polling import follow
from pages.session.words import _, percent, seconds
from pages.shell import navigation


def submit(experiment: Experiment) -> str:
    """Submit a run of this visitor's and return its id. Raises `UserError` where the queue refuses it."""
    visitor = state.owner()
    return queue().submit(
        experiment,
        visitor,
        localhost_only=access.localhost_only(),
        address=access.address(),
        high_priority=priority.is_instructor(visitor, account.verified_email()),
    )


def start(experiment: Experiment, *, chapter: str = "") -> None:
    """Make ``experiment`` the session's, submit it and go to Train. The frame shows a refusal, at the top.

    A ``chapter`` is one of the course that it is started from: Train leads back there.
    """
    run = _begin(experiment)
    st.session_state[keys.CHAPTER_OF_RUN] = {run: chapter}
    navigation.switch_to("train")


def start_beside(experiment: Experiment, row: Sequence[str]) -> None:
    """Submit ``experiment`` and show its run beside those of ``row``. The frame shows a refusal, at the top."""
    navigation.switch_to("what_if", row=",".join([*row, _begin(experiment)]))


def _begin(experiment: Experiment) -> str:
    """Make ``experiment`` the session's, submit it and return its run; where it is refused, start the page over."""
    try:
        run = submit(experiment)
    except UserError as error:
        state.report(error)
        st.rerun()
    state.replace(experiment)
    state.set_run(run)
    return run


def follow_run(view: RunView, draw: Callable[[RunView], None]) -> None:
    """Draw a run again and again until it is over, which keeps its lease; then the whole page runs once more."""
    follow(partial(queue().view, view.run_id, renew=True), lambda now: not now.live, draw, was_over=not view.live)


def watch(here: navigation.Step) -> None:
    """Show on other screens than Train how the session's run goes, and that it has ended."""
    run = state.run_id()
    if run is None:
        return
    view = queue().view(run, renew=True)
    if view is not None and view.live:
        if here not in ("train", "what_if"):  # which follow it themselves
            st.session_state[keys.WATCHED_RUN] = run
            follow_run(view, _draw_line)
    elif here in ("train", "features", "results", "what_if"):
        st.session_state.pop(keys.WATCHED_RUN, None)
    elif view is not None and st.session_state.get(keys.WATCHED_RUN) == run:
        with st.container(key=keys.RUN_LINE, horizontal=True, vertical_alignment="center"):
            if view.state == "done":
                st.markdown(_("Your run is finished."), width="content")
                navigation.link_to("features", _("See what moved") + " →")
            else:
                st.markdown(_("Your run has ended."), width="content")
                navigation.link_to("train", _("See why") + " →")


def waiting_words(view: RunView) -> str:
    """Say at what place a run waits and, where that is known, for about how long."""
    place, wait = view.place or 1, view.seconds_to_wait
    if wait is None:
        return _("Waiting: number {place} in the queue.", place=place)
    return _("Waiting: number {place} in the queue · about {time}", place=place, time=seconds(wait))


def _draw_line(view: RunView) -> None:
    with st.container(key=keys.RUN_LINE, horizontal=True, vertical_alignment="center"):
        if view.state == "queued":
            text = waiting_words(view)
        elif view.state == "paused":
            text = _("Your run is paused at {share}.", share=percent(view.fraction, 0))
        elif view.seconds_left is None:
            text = _("Your run is in progress: {share}.", share=percent(view.fraction, 0))
        else:
            text = _(
                "Your run is in progress: {share}, {time} left.",
                share=percent(view.fraction, 0),
                time=seconds(view.seconds_left),
            )
        st.markdown(text, width="content")
        navigation.link_to("train", _("Watch it") + " →")
