"""Step 5 · the same held-out samples before and after adapting, and how far apart the domains are."""

from __future__ import annotations

import streamlit as st

from da_core.events import Layout, ShiftMeasures
from da_core.jobs.queue import queue
from da_core.jobs.store import Record
from pages.parts import finished, live, state, steps
from pages.parts.scatter import Cloud, before_after_view
from pages.parts.words import _, number, percent


def picture(record: Record) -> None:
    """Both panels. Pictures for hover come a moment later where they have to be read first."""
    sheet = finished.pictures().of(record)
    ready = sheet.done()
    st.fragment(_picture, run_every=None if ready else live.POLL_SECONDS)(record, ready)


def _picture(record: Record, was_ready: bool) -> None:
    sheet = finished.pictures().of(record, patience=0)
    if sheet.done() != was_ready:
        st.rerun()
    result = record.result
    before_after_view(
        Cloud.of(record.evidence),
        result.classes,
        key="features",
        run=record.run_id,
        atlas=sheet.result() if was_ready else None,
        scores=finished.target_accuracies(result),
    )


def measures(before: ShiftMeasures, after: ShiftMeasures) -> None:
    """The two distances between the domains' features, each with how to read it."""
    left, right = st.columns(2, gap="medium", border=True)
    with left:
        _change(_("Proxy A-distance"), before.proxy_a_distance, after.proxy_a_distance, 2)
        st.caption(
            _(
                "How well a fresh classifier tells source features from target ones: 2 means always, 0 means no better "
                "than a coin."
            )
        )
    with right:
        _change(_("MMD"), before.mmd, after.mmd, 3)
        st.caption(_("How far apart the averages of the two domains lie in a rich space of features; 0 means alike."))


def _change(name: str, before: float, after: float, digits: int) -> None:
    st.metric(name, f"{number(before, digits)} → {number(after, digits)}")


def weights(record: Record) -> None:
    """A reweighting method moves no point; its picture is the weights."""
    st.info(
        _(
            "This method moves no point: it gives every source sample a weight. Before and after differ in how much "
            "each source sample counts, so the larger a source point, the more it weighs."
        )
    )
    told = record.result.weights or {}
    if "effective_sample_size" in told:
        st.caption(
            _("Effective sample size: {size} samples count as much.", size=number(told["effective_sample_size"]))
        )


def so_far(run: str) -> None:
    """What a live run has drawn already: PCA at once, UMAP when it is ready; the page follows when the run ends."""
    view = queue().view(run, renew=True)
    if view is None or not view.live:
        st.rerun()
    assert view is not None
    if view.embeddings:
        samples = next(iter(view.embeddings.values())).samples
        # the first change of layout follows by itself; later the reader's own choice stays
        layout: Layout = "umap" if "before/umap" in view.embeddings else "pca"
        before_after_view(Cloud.so_far(view.embeddings), samples.classes, key="so-far", run=run, layout=layout)


steps.header("features")
record = finished.looked_at()
if record is None and (run := state.run_id()) is not None:
    live_view = queue().view(run)
    if live_view is not None and live_view.live:
        st.fragment(so_far, run_every=live.POLL_SECONDS)(run)
if record is not None:
    if record.result.weights is not None:
        weights(record)
    picture(record)
    measures(record.result.shift.before, record.result.shift.after)
    if told := finished.target_accuracies(record.result):
        st.caption(
            _(
                "Accuracy on the target went from {before} to {after} ({points}).",
                before=percent(told["before"]),
                after=percent(told["after"]),
                points=finished.points(told["after"] - told["before"]),
            )
        )
    else:
        st.caption(_("The target has no labels, so how often the models are right there is not known."))
steps.footer("features")
