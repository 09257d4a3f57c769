"""Two finished runs on the samples that both held out: their feature pictures linked, and the gain between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from da_core.evaluation.metrics import gain
from da_core.events import Embedded, Evidence, Gain, Layout, Samples, When
from da_core.jobs.scheduling.run_view import RunView
from da_core.jobs.store import Record, store
from pages.charts import score_charts
from pages.run.before_after import BeforeAfterView, Cloud
from pages.samples import shown_samples
from pages.samples.shown_samples import ShownSamples
from pages.session import keys
from pages.session.polling import wait_a_moment
from pages.session.words import _, word

_LAYOUTS: tuple[Layout, ...] = ("umap", "pca")
_WHENS: tuple[When, ...] = ("before", "after")


@dataclass(frozen=True)
class Shared:
    """Positions of the samples that two runs share in the evidence of each, by domain, (n,)."""

    source: tuple[NDArray[np.int64], NDArray[np.int64]]
    target: tuple[NDArray[np.int64], NDArray[np.int64]]


def shared(first: Record, second: Record) -> Shared | None:
    """Match the held-out samples of two runs; None where they are not of one pair, or have none in common.

    Another night makes other pictures of the same scenes: those are matched too, since each keeps its label.
    """
    a, b = first.evidence, second.evidence
    if first.experiment.data.name != second.experiment.data.name or first.result.classes != second.result.classes:
        return None
    source, target = _match(a.source_index, b.source_index), _match(a.target_index, b.target_index)
    same = np.array_equal(a.source_label[source[0]], b.source_label[source[1]])
    same &= np.array_equal(a.target_label[target[0]], b.target_label[target[1]])
    return Shared(source, target) if same and len(target[0]) else None


def paired_gain(first: Record, second: Record) -> Gain | None:
    """Measure what the second adapted model has over the first on the target samples that both held out."""
    both = shared(first, second)
    if both is None:
        return None
    own, other = both.target
    y = first.evidence.target_label[own]
    known = y >= 0
    if not known.any():
        return None
    before = first.evidence.target_predicted["after"][own]
    after = second.evidence.target_predicted["after"][other]
    return gain(y[known], before[known], after[known])


def section(first: Record, second: Record, names: tuple[str, str]) -> None:
    """Draw the feature pictures of two finished runs, linked, and their confusion matrices."""
    st.subheader(_("The same samples in both"), anchor=False)
    _pictures(first, second, names)
    st.subheader(_("Confusion matrix"), anchor=False)
    results = [(name, record.result) for name, record in zip(names, (first, second), strict=True)]
    score_charts.draw_confusions(
        *(
            (f"two-confusions-{place}", name, result.adapted.scored, [word(each) for each in result.classes])
            for place, (name, result) in enumerate(results)
        )
    )


def _pictures(first: Record, second: Record, names: tuple[str, str]) -> None:
    """Draw the adapted features of both runs, linked: what is pointed at in one is lit up in the other."""
    both = shared(first, second)
    cloud = None if both is None else _cloud(first.evidence, second.evidence, both)
    if both is None or cloud is None:
        st.caption(_("These runs have no held-out samples in common, so their pictures cannot be linked."))
        return
    hover_samples = ShownSamples()
    if first.experiment.data == second.experiment.data:
        samples = shown_samples.prepare(first)
        wait_a_moment(samples)
        if samples.done():
            count = len(first.evidence.source_label)
            hover_samples = samples.result().only(np.concatenate([both.source[0], both.target[0] + count]))
    run = f"{first.run_id}-{second.run_id}"
    view = BeforeAfterView(cloud, first.result.classes, run, hover_samples, colour="right", names=names)
    view.draw(keys.two_runs(first.run_id, second.run_id))


def pictures_so_far(first: RunView, second: RunView, names: tuple[str, str]) -> None:
    """Draw the newest features that there are of both runs, linked, while one of them goes."""
    a, b = _newest(first), _newest(second)
    # else they hold out other samples, as far as their settings say
    alike = all(getattr(first.experiment, x) == getattr(second.experiment, x) for x in ("data", "seed", "target_split"))
    if a is None or b is None or not alike:
        return
    layouts = [layout for layout in _LAYOUTS if layout in a and layout in b]
    if not layouts:
        return
    pair = [each[layouts[0]] for each in (a, b)]
    label, samples = pair[0].samples.label, [event.samples for event in pair]
    if not np.array_equal(label, samples[1].label):
        return
    cloud = Cloud(
        source_count=samples[0].source_count,
        label=label,
        predicted={when: each.predicted for when, each in zip(_WHENS, samples, strict=True)},
        layouts={
            layout: {when: _unit(each[layout].points) for when, each in zip(_WHENS, (a, b), strict=True)}
            for layout in layouts
        },
    )
    titles = [
        name if event.when == "after" else _("{name} (source only so far)", name=name)
        for name, event in zip(names, pair, strict=True)
    ]
    BeforeAfterView(
        cloud,
        samples[0].classes,
        run=f"{first.run_id}-{second.run_id}-{layouts[0]}-{'-'.join(event.when for event in pair)}",
        colour="right",
        layout=layouts[0],
        names=(titles[0], titles[1]),
    ).draw(keys.two_runs_so_far(first.run_id, second.run_id))


def _newest(view: RunView) -> dict[Layout, Embedded] | None:
    """Find the layouts of a run's adapted features, else of those before; None where there are none yet."""
    embeddings: Mapping[str, Embedded] = view.embeddings
    if view.state == "done" and (record := store().load(view.run_id)) is not None:
        evidence = record.evidence
        samples = Samples(
            len(evidence.source_label),
            np.concatenate([evidence.source_label, evidence.target_label]),
            np.concatenate([evidence.source_predicted["after"], evidence.target_predicted["after"]]),
            tuple(record.result.classes),
        )
        embeddings = {
            f"after/{layout}": Embedded("after", layout, evidence.embeddings[f"after/{layout}"], samples)
            for layout in _LAYOUTS
            if f"after/{layout}" in evidence.embeddings
        }
    for when in ("after", "before"):
        if events := {event.layout: event for event in embeddings.values() if event.when == when}:
            return events
    return None


def _match(a: NDArray[np.int64], b: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    _common, own, other = np.intersect1d(a, b, return_indices=True)
    return own, other


def _cloud(a: Evidence, b: Evidence, both: Shared) -> Cloud | None:
    """Make the cloud whose “before” is the first run after adapting, and whose “after” is the second's."""
    rows = [
        np.concatenate([both.source[place], both.target[place] + len(evidence.source_label)])
        for place, evidence in enumerate((a, b))
    ]

    def each(values: list[NDArray[Any]]) -> dict[str, NDArray[Any]]:
        return {when: of[picked] for when, of, picked in zip(_WHENS, values, rows, strict=True)}

    drawn: dict[Layout, dict[str, NDArray[Any]]] = {}
    for layout in _LAYOUTS:
        name = f"after/{layout}"
        if name in a.embeddings and name in b.embeddings:
            drawn[layout] = {when: _unit(of) for when, of in each([e.embeddings[name] for e in (a, b)]).items()}
    if not drawn:
        return None
    confidence = {}
    if all("after" in evidence.target_probabilities for evidence in (a, b)):
        both_domains = ((e.source_probabilities["after"], e.target_probabilities["after"]) for e in (a, b))
        confidence = each([np.concatenate(arrays).max(axis=1) for arrays in both_domains])
    predicted = [np.concatenate([e.source_predicted["after"], e.target_predicted["after"]]) for e in (a, b)]
    return Cloud(
        source_count=len(both.source[0]),
        label=np.concatenate([a.source_label[both.source[0]], a.target_label[both.target[0]]]),
        predicted=each(predicted),
        layouts=drawn,
        confidence=confidence,
    )


def _unit(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Move and scale a layout into [−1, 1]: two runs' axes have no unit in common."""
    low, high = points.min(axis=0), points.max(axis=0)
    scaled: NDArray[np.float32] = (points - (low + high) / 2) / max(float((high - low).max()) / 2, 1e-9)
    return scaled
