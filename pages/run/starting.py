"""Starting a run from a screen, and the line that tells of it on the others."""

from __future__ import annotations

import streamlit as st

from da_core.errors import UserError
from da_core.experiment import Experiment
from pages.session import access, state
from pages.session.words import _, percent, seconds
from pages.shell import navigation

_WATCHED = "lab.watched"
"""Session state: the run that was seen going on from another screen, so that its end is told there."""
_QUICK, _SLOW = 2.0, 20.0  # seconds between looks: where the line is drawn, and where only the lease is kept


def start(experiment: Experiment) -> None:
    """Make ``experiment`` the session's, submit it and go to Train. A refusal is told by the frame, at the top."""
    from da_core.jobs.queue import queue

    try:
        run = queue().submit(experiment, state.owner(), localhost_only=access.localhost_only())
    except UserError as error:
        state.report(error)
        st.rerun()
    state.replace(experiment)
    state.set_run(run)
    navigation.switch("train")


def watch(here: navigation.Step) -> None:
    """Keep the lease of the session's run from whatever screen, and on other screens than its own tell how it goes."""
    run = state.run_id()
    if run is None:
        return
    from da_core.jobs.queue import queue

    view = queue().view(run, renew=True)
    if view is not None and view.live:
        told = here != "train"
        if told:
            st.session_state[_WATCHED] = run
        st.fragment(_line if told else _renew, run_every=_QUICK if told else _SLOW)(run)
    elif here in ("train", "features", "results"):
        st.session_state.pop(_WATCHED, None)
    elif view is not None and st.session_state.get(_WATCHED) == run:
        with st.container(key="lab-line", horizontal=True, vertical_alignment="center"):
            if view.state == "done":
                st.markdown(_("Your run is finished."), width="content")
                navigation.go("features", _("See what moved") + " →")
            else:
                st.markdown(_("Your run has ended."), width="content")
                navigation.go("train", _("See why") + " →")


def _renew(run: str) -> None:
    from da_core.jobs.queue import queue

    queue().renew(run)


def _line(run: str) -> None:
    from da_core.jobs.queue import queue

    view = queue().view(run, renew=True)
    if view is None or not view.live:
        st.rerun()
    with st.container(key="lab-line", horizontal=True, vertical_alignment="center"):
        if view.state == "queued":
            text = _("Your run waits; its place in the queue is {place}.", place=view.place)
        elif view.state == "paused":
            text = _("Your run is paused at {share}.", share=percent(view.fraction, 0))
        elif view.seconds_left is None:
            text = _("Your run goes on: {share}.", share=percent(view.fraction, 0))
        else:
            text = _(
                "Your run goes on: {share}, {time} left.",
                share=percent(view.fraction, 0),
                time=seconds(view.seconds_left),
            )
        st.markdown(text, width="content")
        navigation.go("train", _("Watch it") + " →")
