"""Step 5 · the same held-out samples before and after adapting, and how far apart the domains are."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import streamlit as st

from da_core.evaluation import layouts
from da_core.events import Layout, Shift, ShiftMeasures
from da_core.jobs.queue import queue
from da_core.jobs.store import Record
from pages.run import current_run, layout_requests, live, weight_charts
from pages.run.before_after import Cloud, before_after_view
from pages.session import state
from pages.session.words import _, number, percent, translate_message
from pages.shell import navigation

if TYPE_CHECKING:
    from da_core.evaluation.embedding import LayoutSettings

_PICTURE = "features"
_TSNE = "features.tsne"
_SEEDS = "features.seeds"
_LAST_SEED = 2**32 - 1 - layouts.SEEDS


def picture(record: Record) -> None:
    """Both panels. What is not there yet, pictures for hover and further layouts, comes while one looks."""
    place = st.container()
    chosen, with_seeds = settings(record)
    with place:
        made = _wanted(record, chosen, with_seeds)
        ready = current_run.samples().of(record).done() and all(one.done for one in made.values())
        st.fragment(_picture, run_every=None if ready else live.POLL_SECONDS)(record, chosen, with_seeds, ready)


def _wanted(
    record: Record, chosen: LayoutSettings, with_seeds: bool
) -> dict[layout_requests.Kind, layout_requests.Made]:
    made: dict[layout_requests.Kind, layout_requests.Made] = {"neighbours": layout_requests.neighbours(record)}
    shown: list[Layout] = ["pca", "umap"]
    if st.session_state.get(_TSNE) == record.run_id:
        shown.append("tsne")
    for layout in shown:
        made[layout] = layout_requests.travel(record, _for(layout, record, chosen))
    if with_seeds:
        made["seeds"] = layout_requests.seeds(record, chosen)
    return made


def _for(layout: Layout, record: Record, chosen: LayoutSettings) -> LayoutSettings:
    """The chosen numbers are UMAP's; the other layouts have the run's own seed."""
    from da_core.evaluation.embedding import LayoutSettings

    return chosen if layout == "umap" else LayoutSettings(layout, record.experiment.seed)


def _picture(record: Record, chosen: LayoutSettings, with_seeds: bool, was_ready: bool) -> None:
    prepared = current_run.samples().of(record, patience=0)
    made = _wanted(record, chosen, with_seeds)
    if (prepared.done() and all(one.done for one in made.values())) != was_ready:
        st.rerun()
    result, cloud = record.result, Cloud.of(record.evidence)
    drawn = {layout: dict(points) for layout, points in cloud.layouts.items()}
    said: dict[Layout, str] = {}
    for layout in ("umap", "pca", "tsne"):
        if (one := made.get(layout)) is None:
            continue
        pieces = {stop: points for stop, points in one.pieces.items() if stop != "kept"}
        if one.done and not one.failed:
            drawn[layout] = pieces
        elif {"before", "after"} <= pieces.keys():  # the epochs on the way join all at once
            drawn[layout] = {"before": pieces["before"], "after": pieces["after"]}
        said[layout] = _said(one)
    seeds = made.get("seeds")

    def ask(layout: Layout) -> None:
        st.session_state[_TSNE] = record.run_id

    before_after_view(
        dataclasses.replace(cloud, layouts=drawn, neighbours=made["neighbours"].pieces),
        result.classes,
        key=_PICTURE,
        run=record.run_id,
        shown=prepared.result() if prepared.done() else None,
        scores=current_run.target_accuracies(result),
        seeds={int(seed): points for seed, points in seeds.pieces.items()} if seeds is not None else None,
        state=said,
        on_ask=ask,
    )


def _said(made: layout_requests.Made) -> str:
    """One sentence on a layout: what it is worth, or that it is being made."""
    if made.failed:
        return _("This layout could not be computed.")
    if not made.done:
        return _("More of this layout is being computed in the background.")
    if "kept" not in made.pieces:
        return ""
    return _(
        "Of each sample's 15 nearest in feature space, {share} are among its 15 nearest in this picture (after).",
        share=percent(float(made.pieces["kept"]), 0),
    )


def settings(record: Record) -> tuple[LayoutSettings, bool]:
    """UMAP's numbers, as the reader has set them, and whether to show other seeds beside."""
    from da_core.evaluation.embedding import LayoutSettings

    with st.expander(_("UMAP's settings, and what a picture cannot show")):
        st.markdown(
            _(
                "A layout keeps neighbours, and gives up the rest. In UMAP and t-SNE neither the size of a cluster, "
                "nor how dense it is, nor the distance between two clusters means anything; clusters can appear where "
                "there are none. PCA shows true directions, but only two of many. The axes have no unit. What another "
                "seed or another number of neighbours changes was never in the data: so try it, and believe the "
                "measures below."
            )
        )
        left, middle, right = st.columns(3, gap="medium")
        neighbours = left.slider(_("Neighbours"), 2, 100, 15, help=_("Few show the fine grain, many the large shape."))
        min_dist = middle.slider(
            _("Minimum distance"), 0.0, 0.99, 0.1, 0.01, help=_("How closely points may be packed.")
        )
        seed = right.number_input(_("Seed of the layout"), 0, _LAST_SEED, min(record.experiment.seed, _LAST_SEED))
        with_seeds = st.session_state.get(_SEEDS) == record.run_id
        if not with_seeds and st.button(
            _("Try five seeds"), help=_("What differs from seed to seed is the layout's whim.")
        ):
            st.session_state[_SEEDS] = record.run_id
            with_seeds = True
    return LayoutSettings("umap", seed, neighbours, min_dist), with_seeds


def measures(shift: Shift) -> None:
    """How far apart the domains' features are, with intervals, how to read each, and what they say together."""
    from da_core.evaluation.shift import interpret_shift

    st.subheader(_("How far apart the domains are"), anchor=False)
    if shift.before.intervals:
        said = interpret_shift(shift)
        st.markdown(f"**{translate_message(said.message, said.values)}**")
    by = (
        _(
            "MMD between samples of one class, averaged over the classes, by the target's labels: they are read "
            "here and nowhere in training."
        )
        if shift.classes_from == "labels"
        else _(
            "MMD between samples of one class, averaged over the classes. The target has no labels, so the classes "
            "are those that each network guesses."
        )
    )
    shown = (
        (
            "proxy_a_distance",
            _("Proxy A-distance"),
            2,
            _(
                "How well a fresh classifier tells source features from target ones: 2 means always, 0 means no better "
                "than a coin."
            ),
        ),
        (
            "mmd",
            _("MMD"),
            3,
            _("How far apart the averages of the two domains lie in a rich space of features; 0 means alike."),
        ),
        (
            "coral",
            _("CORAL distance"),
            3,
            _("How much the covariances of the features differ: 0 means not at all, 1 that they share nothing."),
        ),
        ("classwise", _("Class-wise distance"), 3, by),
    )
    known = [each for each in shown if getattr(shift.before, each[0]) is not None]
    for pair in (known[:2], known[2:]):
        for column, each in zip(st.columns(2, gap="medium", border=True), pair, strict=False):
            with column:
                _change(shift, *each)
    if shift.before.intervals:
        st.caption(
            _("In brackets: 95% intervals, by drawing the scored samples anew (bootstrap); the network stays the same.")
        )


def _change(shift: Shift, name: str, title: str, digits: int, how: str) -> None:
    before, after = getattr(shift.before, name), getattr(shift.after, name)
    if after is None:
        return
    st.metric(title, f"{number(before, digits)} → {number(after, digits)}")
    ends = [_interval(measured, name, digits) for measured in (shift.before, shift.after)]
    if all(ends):
        st.markdown(f":gray[{' → '.join(ends)}]")
    st.caption(how)


def _interval(measured: ShiftMeasures, name: str, digits: int) -> str:
    if name not in measured.intervals:
        return ""
    low, high = measured.intervals[name]
    return f"({number(low, digits)} … {number(high, digits)})"


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


navigation.header("features")
record = current_run.looked_at()
if record is None and (run := state.run_id()) is not None:
    live_view = queue().view(run)
    if live_view is not None and live_view.live:
        st.fragment(so_far, run_every=live.POLL_SECONDS)(run)
if record is not None:
    if record.result.weights is not None:
        weight_charts.introduction()
    picture(record)
    if record.result.weights is not None:
        weight_charts.section(record)
    measures(record.result.shift)
    if reached := current_run.target_accuracies(record.result):
        st.caption(
            _(
                "Accuracy on the target went from {before} to {after} ({points}).",
                before=percent(reached["before"]),
                after=percent(reached["after"]),
                points=current_run.points(reached["after"] - reached["before"]),
            )
        )
    else:
        st.caption(_("The target has no labels, so how often the models are right there is not known."))
navigation.footer("features")
