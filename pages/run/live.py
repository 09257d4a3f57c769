"""A run while it goes: its stage or place in the queue, its controls, and its curves."""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Iterable

import streamlit as st

from da_core.events import STAGES, Notice, Phase, Stage
from da_core.jobs.queue import queue
from da_core.jobs.scheduling.run_view import RunView
from pages.charts import curves
from pages.run import starting
from pages.session import keys, state
from pages.session.words import _, explaining, listing, percent, seconds, translate_message, word
from pages.shell import cards, navigation


def panel(view: RunView) -> None:
    """Draw a run, again and again while it is live; when it ends, the whole page runs once more."""
    starting.follow_run(view, _panel)


def _panel(view: RunView) -> None:
    if view.live:
        _where(view)
        _controls(view)
        _what_happens(view)
    notices(view.notices)
    phase_curves(view)


def notices(items: Iterable[Notice]) -> None:
    """Show what a run noticed that a person should know."""
    for notice in items:
        st.info(translate_message(notice.message, notice.values))


def phase_curves(view: RunView) -> None:
    """Draw the curves of one phase: the one that trains now, afterwards the adapting one, unless another is picked."""
    begun = curves.phases(view.history)
    if not begun:
        if view.live and view.state != "queued":  # a class that waits looks often, and there is nothing to see
            curves.draw((), "source_only", view.experiment.training.epochs, live=True)
        return
    newest = begun[-1] if view.live or "adapt" not in begun else "adapt"
    # a new phase, and the end, make a new widget, which then starts where the news is
    names = {phase: phase_names()[phase] for phase in begun}
    key = keys.curves(view.run_id, len(begun), view.live)
    phase = cards.segments(_("Curves of"), names, key, default=newest, shown=True)
    # a method may count its own epochs, and a run may be cut short: the axis then follows what there is
    gone = math.ceil(max(event.epoch for event in view.history if event.phase == phase))
    planned = view.experiment.training.epochs if view.live else 1
    curves.draw(view.history, phase, max(gone, planned), live=view.live)
    if view.live:
        st.html(f'<span class="lab-news" hidden>{html.escape(milestone(view, newest))}</span>')


def milestone(view: RunView, phase: Phase) -> str:
    """Announce progress and accuracy to screen readers, in words that change only at each quarter of a phase."""
    name, epochs = phase_names()[phase], view.experiment.training.epochs
    quarter = curves.newest_quarter(view.history, phase, epochs)
    if quarter is None:
        return _("{phase} has begun.", phase=name)
    accuracies = [f"{word(name)} {percent(share)}" for name, share in quarter.values.items()]
    return _(
        "{phase}: {share} of the epochs. {numbers}.",
        phase=name,
        share=percent(min(1.0, quarter.epoch / epochs), 0),
        numbers=listing(accuracies),
    )


def phase_names() -> dict[Phase, str]:
    """Return the phases of training in the reader's language."""
    return {"source_only": _("Source only"), "adapt": _("Adapting"), "oracle": _("Oracle")}


def stage_names() -> dict[Stage, str]:
    """Return the stages of a run in the reader's language."""
    return {stage: _(title) for stage, title in STAGES.items()}


def progress_words(view: RunView) -> str:
    """Say in a few words where a run stands that is one of several."""
    stage = stage_names()[view.stage] if view.stage else _("Starting")
    return starting.waiting_words(view) if view.state == "queued" else f"{stage} · {percent(view.fraction, 0)}"


def _where(view: RunView) -> None:
    names = stage_names()
    if view.interrupted and view.state == "queued":
        interrupted = _(
            "Interrupted: the server was stopped. This run continues by itself; it is number {place} in the queue.",
            place=view.place or 1,
        )
        st.progress(view.fraction, interrupted)
    elif view.state == "queued":
        st.progress(view.fraction, starting.waiting_words(view))
    elif view.state == "stopping":
        st.progress(view.fraction, _("Stopping after this step."))
    else:
        done = percent(view.fraction, 0)
        parts = [names[view.stage] if view.stage else _("Starting"), done]
        if view.state == "paused":
            parts.append(_("paused"))
        elif view.finishing_early:
            parts.append(_("finishing with what it has learned"))
        elif view.seconds_left is not None:
            parts.append(_("about {time} left", time=seconds(max(round(view.seconds_left), 1))))
        st.progress(view.fraction, " · ".join(parts))
    if view.stages:
        here = view.stages.index(view.stage) if view.stage in view.stages else -1
        marks = ["✓" if place < here else "●" if place == here else "○" for place in range(len(view.stages))]
        colours = ["primary" if place == here else "gray" for place in range(len(view.stages))]
        chips = zip(colours, marks, view.stages, strict=True)
        st.markdown(" ".join(f":{colour}-badge[{mark} {names[stage]}]" for colour, mark, stage in chips))


def _what_happens(view: RunView) -> None:
    """Say in a sentence what the stage does and what to watch, with the way to the lesson."""
    from da_core.methods import methods

    method = methods()[view.experiment.method.name]
    match view.stage:
        case "source_only":
            sentence = _(
                "Now the network learns from the source alone. Watch the target: if it stays below the source, there "
                "is something to adapt to."
            )
        case "before":
            sentence = _("Now that network is applied to the held-out samples of both domains: the picture “before”.")
        case "adapt" if method.kind in ("deep alignment", "model adaptation"):
            sentence = _(
                "Now {method} adapts. {summary} Watch whether the target climbs above the dashed line, the accuracy "
                "of source only.",
                method=f"**{_(method.title)}**",
                summary=_(method.summary),
            )
        case "adapt":
            sentence = _(
                "Now {method} adapts, in one step. {summary}",
                method=f"**{_(method.title)}**",
                summary=_(method.summary),
            )
        case "oracle":
            sentence = _(
                "Now the oracle learns from the target's own labels, which nobody has in practice: an upper reference."
            )
        case "after":
            sentence = _("Now the adapted network is applied to the same samples: the picture “after”, and the scores.")
        case _:
            return
    with st.container(border=True, gap="small"):
        st.markdown(sentence)
        navigation.link_to("lesson", _("How {method} works", method=_(method.title)) + " →", lesson=method.name())


def _controls(view: RunView) -> None:
    is_owner = queue().owns(view.run_id, state.owner())
    shared = view.owners > 1
    why = None
    if not is_owner:
        why = _("This run belongs to another visitor; start your own to change it.")
    elif shared:
        why = _("{count} people share this run; you can only leave it.", count=view.owners)
    with st.container(horizontal=True):
        if view.state == "paused":
            _button(_("Resume"), queue().resume, view, why)
        else:
            _button(_("Pause"), queue().pause, view, why, unless=view.state == "stopping" or view.finishing_early)
        if shared:
            _button(_("Leave this run"), queue().stop, view, None if is_owner else why, unless=view.state == "stopping")
        elif view.started_at is None:  # it has learned nothing that could be thrown away
            _button(_("Stop"), queue().stop, view, None if is_owner else why)
        else:
            why_not = None if is_owner else why
            with st.popover(_("Stop"), disabled=view.state == "stopping" or not is_owner, help=why_not):
                st.markdown(_("What this run has learned will be discarded."))
                _button(_("Stop and discard"), queue().stop, view, why_not)
        early = not _has_learned(view)
        unless = early or view.finishing_early or view.state == "stopping"
        hint = _("Available from the first epoch of adapting.") if early else None
        _button(_("Keep what it has learned so far"), queue().finish_early, view, why, unless=unless, hint=hint)
    if why:
        st.caption(why)


def _has_learned(view: RunView) -> bool:
    """Tell whether the run has trained an epoch, of adapting where the method does that epoch by epoch."""
    from da_core.methods import methods

    in_epochs = methods()[view.experiment.method.name].kind in ("deep alignment", "model adaptation")
    return any(event.epoch >= 1 and (event.phase != "source_only" or not in_epochs) for event in view.history)


def _button(
    label: str,
    act: Callable[[str, str], None],
    view: RunView,
    why: str | None,
    *,
    unless: bool = False,
    hint: str | None = None,
) -> None:
    if st.button(label, key=keys.run_control(act.__name__), disabled=unless or why is not None, help=why or hint):
        with explaining():
            act(view.run_id, state.owner())
            st.rerun()
