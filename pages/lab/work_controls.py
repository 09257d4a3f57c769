"""The controls of work in the background, the same for a study, a search and a benchmark."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import streamlit as st

from da_core.jobs.background_work import BackgroundWork, WorkView
from da_core.jobs.queue import queue
from da_core.several_runs.run_plan import OutcomeT, PlanT, TaskT
from da_core.several_runs.trials import Trial, TrialOutcome
from pages.run import run_row, starting
from pages.session import access, keys, state
from pages.session.polling import follow
from pages.session.words import _, explain, explaining, safe

AnyWork = BackgroundWork[Any, Any, Any]
AnyView = WorkView[Any, Any, Any]


def begin(work: AnyWork, plan: Any) -> None:
    """Start a work of this visitor, or go on with it."""
    with explaining():
        work.start(plan, state.owner(), localhost_only=access.localhost_only())
        st.rerun()


def is_over(view: AnyView | None) -> bool:
    """Tell whether nothing will change by itself."""
    return view is None or not view.is_running


def choose_methods(names: Sequence[str], key: str, most: int | None = None) -> list[str]:
    """Ask for some of the methods of these names, at most ``most``."""
    return st.multiselect(
        _("Methods"),
        names,
        format_func=run_row.method_title,
        max_selections=most,
        placeholder=_("Choose"),
        key=key,
    )


def follow_latest(
    work: BackgroundWork[PlanT, TaskT, OutcomeT],
    was: WorkView[PlanT, TaskT, OutcomeT] | None,
    panel: Callable[[WorkView[PlanT, TaskT, OutcomeT]], None],
) -> None:
    """Draw the visitor's last work, if any, until it is over; ``was`` is what the page has seen of it."""
    if was is not None:
        follow(partial(work.latest, state.owner()), is_over, panel, was_over=is_over(was))


def draw_trials(
    work: AnyWork, view: WorkView[Any, Trial, TrialOutcome], pair_title: Callable[[str], str] | None = None
) -> None:
    """Draw how far a study or, with the titles of its pairs, a benchmark is, or why it ended early."""
    planned = view.plan.trials()
    failed = {(ended.pair, ended.method) for ended in view.outcomes if ended.problem}
    over = sum((trial.pair, trial.method) in failed for trial in planned)
    over += sum(not ended.problem for ended in view.outcomes)

    def name(trial: Trial) -> str:
        text = _(
            "Run {place} of {count}: {method}, seed {seed}",
            place=min(len(view.outcomes) + 1, len(planned)),
            count=len(planned),
            method=run_row.method_title(trial.method),
            seed=trial.seed,
        )
        return text if pair_title is None else f"{pair_title(trial.pair)} · {text}"

    draw_state(work, view, name, lambda part: (over + part) / len(planned))


def draw_state(work: AnyWork, view: AnyView, name: Callable[[Any], str], share: Callable[[float], float]) -> None:
    """Draw how far a work is, with its controls, or why it ended early.

    ``name`` names the task that runs; ``share`` computes what is done of all from how far the live runs are, in runs.
    """
    if not view.is_running:
        _draw_end(work, view)
        return
    runs = [queue().view(run) for _task, run in view.going]
    text = safe(name(view.going[0][0])) if view.going else _("Starting")
    if runs and (first := runs[0]) is not None and first.state == "queued":
        text += " · " + starting.waiting_words(first)
    _draw_progress(work, view, share(sum(run.fraction for run in runs if run is not None)), text)


def _draw_progress(work: AnyWork, view: AnyView, share: float, text: str) -> None:
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


def _draw_end(work: AnyWork, view: AnyView) -> None:
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
