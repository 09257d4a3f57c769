"""Step 5 · the same held-out samples before and after adapting, and how far apart the domains are."""

from __future__ import annotations

import dataclasses
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from da_core.evaluation import layouts
from da_core.events import Layout, Shift, ShiftMeasures
from da_core.jobs.queue import queue
from da_core.jobs.scheduling.run_view import RunView
from da_core.jobs.store import EXAMPLE, Record
from pages.run import current_run, domain_direction_section, starting, weight_charts
from pages.run.before_after import BeforeAfterView, Cloud
from pages.run.layout_requests import Kind, LayoutProgress, request
from pages.samples import shown_samples
from pages.samples.shown_samples import ShownSamples
from pages.session import keys, state
from pages.session.polling import follow, wait_a_moment
from pages.session.words import _, number, percent, points, translate_message
from pages.shell import navigation

if TYPE_CHECKING:
    from da_core.evaluation.umap_and_pca import LayoutSettings

_LAST_SEED = 2**32 - 1 - layouts.SEEDS


@dataclasses.dataclass(frozen=True)
class PanelContents:
    """Additions to the run's own layouts: samples to show on hover, and further layouts by kind."""

    samples: Future[ShownSamples]
    layouts: dict[Kind, LayoutProgress]

    def is_complete(self) -> bool:
        return self.samples.done() and all(each.done for each in self.layouts.values())


def picture(record: Record) -> None:
    """Draw both panels; what is not there yet, pictures for a hover and further layouts, is drawn as it comes."""
    samples, place = shown_samples.prepare(record), st.container()
    # the example comes with its layouts, and without what others would be made of
    chosen = None if record.run_id == EXAMPLE else settings(record)
    wait_a_moment(samples)

    def read() -> PanelContents:
        return PanelContents(samples, {} if chosen is None else requested_layouts(record, *chosen))

    with place:
        follow(read, PanelContents.is_complete, partial(panels, record), was_over=read().is_complete())


def requested_layouts(record: Record, chosen: LayoutSettings, with_seeds: bool) -> dict[Kind, LayoutProgress]:
    """Request all layouts that the panels can show now: UMAP as ``chosen``, the others with the run's own seed."""
    from da_core.evaluation.umap_and_pca import LayoutSettings

    by_stop = [LayoutSettings("pca", record.experiment.seed), chosen]
    if st.session_state.get(keys.TSNE_RUN) == record.run_id:
        by_stop.append(LayoutSettings("tsne", record.experiment.seed))
    progress: dict[Kind, LayoutProgress] = {"neighbours": request(record, "neighbours", layouts.neighbours)}
    progress |= {each.layout: request(record, each.layout, layouts.stops, each) for each in by_stop}
    if with_seeds:
        progress["seeds"] = request(record, "seeds", layouts.by_seed, chosen)
    return progress


def panels(record: Record, contents: PanelContents) -> None:
    """Draw both panels with what there is."""
    result, cloud = record.result, Cloud.from_evidence(record.evidence)
    drawn = {layout: dict(points) for layout, points in cloud.layouts.items()}
    status: dict[Layout, str] = {}
    for layout in ("umap", "pca", "tsne"):
        if (progress := contents.layouts.get(layout)) is None:
            continue
        pieces = {stop: points for stop, points in progress.pieces.items() if stop != "kept"}
        if progress.done and not progress.failed:
            drawn[layout] = pieces
        elif {"before", "after"} <= pieces.keys():  # the epochs on the way join all at once
            drawn[layout] = {"before": pieces["before"], "after": pieces["after"]}
        status[layout] = _status(progress)
    seeds = contents.layouts.get("seeds")

    def on_request(_layout: Layout) -> None:
        st.session_state[keys.TSNE_RUN] = record.run_id

    near = contents.layouts.get("neighbours")
    BeforeAfterView(
        dataclasses.replace(cloud, layouts=drawn, neighbours=near.pieces if near is not None else {}),
        result.classes,
        run=record.run_id,
        samples=contents.samples.result() if contents.samples.done() else ShownSamples(),
        scores=current_run.target_accuracies(result),
        seeds={int(seed): points for seed, points in seeds.pieces.items()} if seeds is not None else {},
        status=status,
    ).draw(keys.PANELS, on_request=on_request if contents.layouts else None)
    st.caption(
        _(
            "Each point is a sample; points close together look similar to the network. UMAP and PCA draw a sample's "
            "many features as one point in the plane."
        )
    )


def _status(progress: LayoutProgress) -> str:
    """Say in one sentence what a layout is worth, or that it is being computed."""
    if progress.failed:
        return _("This layout could not be computed.")
    if not progress.done:
        return _("More of this layout is being computed in the background.")
    if "kept" not in progress.pieces:
        return ""
    return _(
        "On average {share} of a sample's 15 nearest neighbours in feature space are also among its 15 nearest here "
        "(after adapting).",
        share=percent(float(progress.pieces["kept"]), 0),
    )


def settings(record: Record) -> tuple[LayoutSettings, bool]:
    """Ask for UMAP's settings, and whether to show layouts of other seeds beside."""
    from da_core.evaluation.umap_and_pca import LayoutSettings

    with st.expander(_("UMAP settings and limits of the chart")):
        st.markdown(
            _(
                "A layout preserves neighbours and distorts everything else. In UMAP and t-SNE the size of a "
                "cluster, its density and the distance between two clusters mean nothing; clusters can appear where "
                "there are none. PCA shows true directions, but only two of many. The axes have no unit. What "
                "changes with the seed or the number of neighbours is not in the data: try it, and trust the "
                "measures below."
            )
        )
        left, middle, right = st.columns(3, gap="medium")
        neighbours = left.slider(
            _("Neighbours"), 2, 100, 15, help=_("More neighbours show the overall shape, fewer show fine detail.")
        )
        min_dist = middle.slider(
            _("Minimum distance"),
            0.0,
            0.99,
            0.1,
            0.01,
            help=_("A larger distance spreads the points of a cluster further apart."),
        )
        seed = right.number_input(_("Seed of the layout"), 0, _LAST_SEED, min(record.experiment.seed, _LAST_SEED))
        with_seeds = st.session_state.get(keys.SEEDS_RUN) == record.run_id
        if not with_seeds and st.button(
            _("Try five seeds"), help=_("Differences between seeds are artefacts of the layout.")
        ):
            st.session_state[keys.SEEDS_RUN] = record.run_id
            with_seeds = True
    return LayoutSettings("umap", seed, neighbours, min_dist), with_seeds


def measures(shift: Shift) -> None:
    """Draw how far apart the domains' features are, with intervals, how to read each, and what they say together."""
    from da_core.evaluation.shift.domain_distances import interpret_shift

    st.subheader(_("How far apart the domains are"), anchor=False)
    if shift.before.intervals:
        notice = interpret_shift(shift)
        st.markdown(f"**{translate_message(notice.message, notice.values)}**")
    by = (
        _(
            "MMD between samples of the same class, averaged over the classes. It uses the target's labels, which "
            "training never reads."
        )
        if shift.classes_from == "labels"
        else _(
            "MMD between samples of the same class, averaged over the classes. The target has no labels, so each "
            "network's predictions stand in for them."
        )
    )
    rows = (
        (
            "proxy_a_distance",
            _("Proxy A-distance"),
            2,
            _(
                "How well a newly trained classifier separates source features from target features: 2 means "
                "perfectly, 0 means no better than chance."
            ),
        ),
        (
            "mmd",
            _("MMD²"),
            3,
            _(
                "Distance between the means of the two domains in a kernel's feature space; 0 means alike, and "
                "random variation can take it slightly below 0."
            ),
        ),
        (
            "coral",
            _("CORAL distance"),
            3,
            _(
                "How much the covariances of the features differ: 0 means not at all, 1 means that they have nothing "
                "in common."
            ),
        ),
        ("classwise", _("Class-wise distance"), 3, by),
    )
    known = [each for each in rows if getattr(shift.before, each[0]) is not None]
    for pair in (known[:2], known[2:]):
        for column, each in zip(st.columns(2, gap="medium", border=True), pair, strict=False):
            with column:
                _change(shift, *each)
    if (mix := shift.neighbours) is not None:
        with st.columns(2, gap="medium")[0].container(border=True):
            st.metric(_("Neighbours of the other domain"), f"{percent(mix.before, 0)} → {percent(mix.after, 0)}")
            st.caption(
                _(
                    "Share of the other domain's samples among each sample's {count} nearest in feature space; evenly "
                    "mixed domains give {share}.",
                    count=mix.count,
                    share=percent(mix.even, 0),
                )
            )
    if shift.before.intervals:
        st.caption(
            _("In brackets: 95% intervals by resampling the scored samples (bootstrap); the network stays the same.")
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


def panels_so_far(view: RunView) -> None:
    """Draw the layouts that a live run has computed already: PCA at once, UMAP when it is ready."""
    if view.embeddings:
        samples = next(iter(view.embeddings.values())).samples
        # the first change of layout follows by itself; later the reader's own choice stays
        layout: Layout = "umap" if "before/umap" in view.embeddings else "pca"
        cloud = Cloud.from_live_run(view.embeddings)
        BeforeAfterView(cloud, samples.classes, view.run_id, layout=layout).draw(keys.PANELS_SO_FAR)


navigation.header("features")
record = current_run.load()
if record is None and (run := state.run_id()) is not None:
    live_view = queue().view(run)
    if live_view is not None and live_view.live:
        starting.follow_run(live_view, panels_so_far)
if record is not None:
    if record.result.weights is not None:
        st.info(
            _(
                "This method moves no point: it gives every source sample a weight. Before and after differ in how "
                "much each source sample counts: the larger a source point, the greater its weight."
            )
        )
    picture(record)
    if record.result.weights is not None:
        weight_charts.section(record)
    measures(record.result.shift)
    domain_direction_section.section(record)
    if accuracies := current_run.target_accuracies(record.result):
        st.caption(
            _(
                "Accuracy on the target went from {before} to {after} ({points}).",
                before=percent(accuracies["before"]),
                after=percent(accuracies["after"]),
                points=points(accuracies["after"] - accuracies["before"]),
            )
        )
    else:
        st.caption(_("The target has no labels, so the accuracy there is unknown."))
navigation.footer("features")
