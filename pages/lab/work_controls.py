"""The controls of work in the background, the same for a study, a search and a benchmark."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import streamlit as st

from da_core.errors import UserError
from da_core.jobs.background_work import BackgroundWork, WorkView
from da_core.jobs.queue import queue
from da_core.several_runs.run_plan import OutcomeT, PlanT, TaskT
from pages.run import starting
from pages.session import access, keys, state
from pages.session.polling import follow
from pages.session.words import _, explain

AnyWork = BackgroundWork[Any, Any, Any]
AnyView = WorkView[Any, Any, Any]


def begin(work: AnyWork, plan: Any) -> None:
    """Start a work of this visitor, or go on with it."""
    try:
        work.start(plan, state.owner(), localhost_only=access.localhost_only())
    except UserError as error:
        st.error(explain(error))
    else:
        st.rerun()


def is_over(view: AnyView | None) -> bool:
    """Tell whether nothing will change by itself."""
    return view is None or not view.is_running


def follow_latest(
    work: BackgroundWork[PlanT, TaskT, OutcomeT],
    was: WorkView[PlanT, TaskT, OutcomeT],
    panel: Callable[[WorkView[PlanT, TaskT, OutcomeT]], None],
) -> None:
    """Draw the visitor's last work until it is over; ``was`` is what the page has seen of it."""

    def draw(view: WorkView[PlanT, TaskT, OutcomeT] | None) -> None:
        if view is None:  # it has been removed since
            st.rerun()
        panel(view)

    follow(partial(work.latest, state.owner()), is_over, draw, was_over=is_over(was))


def going_words(view: AnyView, name: str) -> tuple[str, float]:
    """Add to the ``name`` of the first run that goes where it waits; return as well how far all are, in runs."""
    runs = [queue().view(run) for _task, run in view.going]
    if runs and (first := runs[0]) is not None and first.state == "queued":
        name += " · " + starting.waiting_words(first)
    return name, sum(run.fraction for run in runs if run is not None)


def progress(work: AnyWork, view: AnyView, share: float, text: str) -> None:
    """Draw how far a work is and, unless another server is at it, what pauses and stops it."""
    share = min(share, 1.0)
    if view.elsewhere:
        st.progress(share, _("Another server is running this; finished runs are shown."))
        return
    if view.pausing:
        text = _("Pausing after this run. {run}", run=text)
    bar, pause, stop = st.columns([4, 1, 1], vertical_alignment="center")
    bar.progress(share, text)
    hint = _("The current run finishes first.")
    if pause.button(_("Pause"), key=keys.work(work.kind, "pause"), width="stretch", help=hint, disabled=view.pausing):
        work.pause(state.owner())
        st.rerun(scope="fragment")
    hint = _("The current run is discarded; finished runs stay.")
    if stop.button(_("Stop"), key=keys.work(work.kind, "stop"), width="stretch", help=hint):
        work.stop(state.owner())
        st.rerun()


def ended(work: AnyWork, view: AnyView) -> None:
    """Say why a work is over before its end, and offer to go on with it; nothing of one that came to its end."""
    if view.state == "done":
        return
    text, button = st.columns([5, 1], vertical_alignment="center")
    if view.error is not None:
        text.error(explain(view.error))
    elif view.state == "paused":
        text.info(_("Paused; finished runs are shown."))
    else:
        text.info(_("Stopped before the end; finished runs are shown."))
    hint = _("Finished runs are not repeated.")
    if button.button(_("Continue"), key=keys.work(work.kind, "on"), width="stretch", help=hint):
        begin(work, view.plan)
