"""Before and after, side by side: the same samples in two panels that answer one another."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from da_core import palette
from da_core.events import Embedded, Evidence, Layout, When
from da_core.packed_arrays import pack
from pages.charts import chart_table
from pages.samples.shown_samples import ShownSamples
from pages.session.words import _, number, percent, word
from pages.shell import theme
from pages.shell.scripts import element

Colour = Literal["domain", "class", "right", "confidence", "weight"]
Points = NDArray[np.float32]

_WHENS: tuple[When, ...] = ("before", "after")
LAYOUTS: dict[Layout, str] = {"umap": "UMAP", "pca": "PCA", "tsne": "t-SNE"}
_HEIGHT = 400
_SLOW: tuple[Layout, ...] = ("tsne",)
"""Layouts that are computed only on request."""
COLOURS: dict[Colour, str] = {
    "domain": "Domain",
    "class": "Class",
    "right": "Right or wrong",
    "confidence": "Confidence",
    "weight": "Weight",
}
PANELS: dict[When, str] = {
    "before": "Held-out samples as the source-only network sees them",
    "after": "The same samples as the adapted network sees them",
}
TEXTS = {
    "before": "Before",
    "after": "After",
    "source": "source",
    "target": "target",
    "right": "right",
    "wrong": "wrong",
    "unknown": "unknown",
    "weight": "weight",
    "classes": "Classes",
    "colourBy": "Colour by",
    "layout": "Layout",
    "pending": "UMAP is being computed; PCA is ready.",
    "coming": "This layout is being computed in the background.",
    "waiting": "This panel fills when the adapted model is ready.",
    "save": "Save picture",
    "around": "Draw around samples",
    "course": "Adaptation epoch",
    "play": "Play",
    "pause": "Pause",
    "step": "One step forward",
    "reset": "Back to the start",
    "selected": "{count} samples selected",
    "clear": "Clear the selection",
    "unpin": "Unpin this sample",
    "rightOf": "{right} of {count} target samples right",
    "nearTarget": "nearest in the target",
    "nearSource": "nearest in the source",
    "sameClass": "{count} of the same class",
    "hint": (
        "Point at a sample or tap it to see it; click to pin it, drag around samples to count them. Arrow keys move "
        "between samples, Enter pins, Escape unpins."
    ),
    "heard": "Pinning a sample plays its sound.",
    "sized": "The larger a source point, the greater its weight.",
}
"""Texts of the element, which fills their fields itself."""


@dataclass(frozen=True)
class Cloud:
    """Data of the panels. n samples, source first; layouts (n, 2) by layout and stop, NaN for samples left out.

    A stop is ``"before"``, ``"after"`` or an epoch on the way, ``"4"``. ``label`` (n,), −1 where a class is not known,
    and ``predicted`` (n,) by stop are class indices. Where they are known: ``weights`` (n_s,) of the source samples,
    ``confidence`` (n,) by stop in [0, 1], and ``neighbours`` (n, k) by stop, each sample's nearest of the other domain.
    """

    source_count: int
    label: NDArray[np.int64]
    predicted: Mapping[str, NDArray[Any]]
    layouts: Mapping[Layout, Mapping[str, Points]]
    weights: NDArray[np.float32] | None = None
    confidence: Mapping[str, NDArray[np.floating[Any]]] = field(default_factory=dict)
    neighbours: Mapping[str, NDArray[np.int64]] = field(default_factory=dict)

    @classmethod
    def from_live_run(cls, embeddings: Mapping[str, Embedded]) -> Cloud:
        """Make the cloud of a run that is still going from its layouts so far; there must be one."""
        samples = next(iter(embeddings.values())).samples
        return cls(
            source_count=samples.source_count,
            label=samples.label,
            predicted={event.when: event.samples.predicted for event in embeddings.values()},
            layouts=by_layout({name: event.points for name, event in embeddings.items()}),
        )

    @classmethod
    def from_evidence(cls, evidence: Evidence) -> Cloud:
        """Make the cloud of a finished run, with the layouts that the run itself has computed."""

        def both(source: Mapping[When, NDArray[Any]], target: Mapping[When, NDArray[Any]]) -> dict[str, NDArray[Any]]:
            return {when: np.concatenate([source[when], target[when]]) for when in _WHENS if when in source}

        probabilities = both(evidence.source_probabilities, evidence.target_probabilities)
        return cls(
            source_count=len(evidence.source_label),
            label=np.concatenate([evidence.source_label, evidence.target_label]),
            predicted=both(evidence.source_predicted, evidence.target_predicted) | evidence.snapshot_predicted,
            layouts=by_layout(evidence.embeddings),
            weights=evidence.weights,
            confidence={when: each.max(axis=1) for when, each in probabilities.items()} | evidence.snapshot_confidence,
        )

    def target_accuracy(self, stop: str) -> float | None:
        """Compute the share of the target samples of known class that are right at a stop; None if there are none."""
        label = self.label[self.source_count :]
        right = self.predicted[stop][self.source_count :] == label
        return float(right[label >= 0].mean()) if (label >= 0).any() else None


def by_layout(embeddings: Mapping[str, Points]) -> dict[Layout, dict[str, Points]]:
    """Regroup layouts from evidence's names, ``"before/pca"``, into ``{"pca": {"before": …}}``."""
    layouts: dict[Layout, dict[str, Points]] = {}
    for name, points in embeddings.items():
        when, _slash, layout = name.partition("/")
        layouts.setdefault(layout, {})[when] = points  # type: ignore[arg-type]
    return layouts


@dataclass(frozen=True)
class BeforeAfterView:
    """Both panels. ``run`` names what is shown: while it stays, changes are animated, not redrawn from nothing.

    ``scores`` are target accuracies to stand above the panels; ``samples`` is what a hover shows of each sample;
    ``seeds`` are layouts of "after" that other seeds gave; ``status`` is a sentence on each layout. ``names`` are what
    the panels are called where they show two runs, not a run's before and after.
    """

    cloud: Cloud
    classes: Sequence[str]
    run: str
    samples: ShownSamples = field(default_factory=ShownSamples)
    scores: Mapping[When, float] = field(default_factory=dict)
    colour: Colour = "domain"
    layout: Layout = "umap"
    seeds: Mapping[int, Points] = field(default_factory=dict)
    status: Mapping[Layout, str] = field(default_factory=dict)
    names: tuple[str, str] | None = None

    def draw(self, key: str, *, on_request: Callable[[Layout], None] | None = None, choose_layout: bool = True) -> None:
        """Draw the panels and their table.

        ``on_request`` is called when a layout is asked for that takes its time; without it none such can be asked for.
        Without ``choose_layout`` the reader is not asked about layouts.
        """
        data = self.payload(_SLOW if on_request else ())
        if not choose_layout:
            data["texts"]["layouts"] = {self.layout: LAYOUTS[self.layout]}

        def pass_on() -> None:
            layout = st.session_state[key].get("asked")
            if on_request is not None and layout in _SLOW:
                on_request(layout)

        element("scatter")(data={**data, "height": _HEIGHT}, key=key, on_asked_change=pass_on)
        panel_names = dict(zip(_WHENS, self.names or (_("Before"), _("After")), strict=True))
        chart_table.draw(by_class(self.cloud, self.classes, self.layout, panel_names), key)

    def payload(self, on_request: Sequence[Layout] = ()) -> dict[str, Any]:
        """Write the element's data as JSON with packed arrays; ``on_request`` are layouts that it may ask for."""
        data = {
            "id": self.run,
            "file": f"before-after-{self.run}",
            "colour": self.colour,
            "layout": self.layout,
            **_samples(self.cloud, self.samples),
            # on the same axes in both panels, so that they compare
            "points": {layout: _placed(self.cloud.layouts.get(layout, {})) for layout in LAYOUTS},
            "stops": [{"name": stop, "title": title} for stop, title in _stops(self.cloud).items()],
            "slow": list(on_request),
            "state": dict(self.status),
            "seeds": [
                {"title": _("Seed {seed}", seed=seed), "points": _placed({"after": points})["after"]}  # type: ignore[index]
                for seed, points in self.seeds.items()
            ],
            **self._labels(on_request),
        }
        if self.names is not None:
            panel_names: dict[str, str] = dict(zip(_WHENS, self.names, strict=True))
            data["texts"] |= {**panel_names, "panels": panel_names}
            data["stops"] = [{"name": when, "title": name} for when, name in panel_names.items()]
        return data

    def _labels(self, on_request: Sequence[Layout]) -> dict[str, Any]:
        """Write names, numbers and colours, in the reader's language and theme."""
        cloud, classes = self.cloud, self.classes
        accuracies = {stop: cloud.target_accuracy(stop) for stop in _stops(cloud) if stop in cloud.predicted}
        accuracies |= dict(self.scores.items())
        colours = {name: _(title) for name, title in COLOURS.items()}
        if not cloud.confidence:
            del colours["confidence"]
        if cloud.weights is None:
            del colours["weight"]
        if (cloud.label[cloud.source_count :] < 0).all():
            del colours["right"]
        texts = {name: _(text) for name, text in TEXTS.items()}
        return {
            "classes": [word(name) for name in classes],
            "scores": {
                stop: _("target {accuracy}", accuracy=percent(share))
                for stop, share in accuracies.items()
                if share is not None
            },
            "colours": {
                "source": palette.SOURCE,
                "target": palette.TARGET,
                "right": palette.RIGHT,
                "wrong": palette.WRONG,
                "unknown": palette.UNKNOWN,
                "scale": palette.SCALE,
                "classes": [theme.class_colour(index) for index in range(len(classes))],
            },
            "scales": {
                "confidence": [percent(0, 0), percent(1, 0)],
                "weight": [_("weight {weight}", weight="≤ " + number(0.1, 1)), "≥ " + number(10)],
            },
            "texts": {
                **texts,
                "colours": colours,
                "layouts": {name: title for name, title in LAYOUTS.items() if name not in _SLOW or name in on_request},
                "panels": {name: _(text) for name, text in PANELS.items()},
            },
        }


def by_class(cloud: Cloud, classes: Sequence[str], layout: Layout, panel_names: Mapping[When, str]) -> pd.DataFrame:
    """Tabulate both panels, a row a class of a domain: samples, and in each panel the share right and their middle."""
    there = {when: name for when, name in panel_names.items() if when in cloud.predicted}
    domain = np.arange(len(cloud.label)) >= cloud.source_count
    rows, index = [], []
    for of_target, title in enumerate((_("source"), _("target"))):
        for label in np.unique(cloud.label[domain == of_target]):
            members = (domain == of_target) & (cloud.label == label)
            cells = [number(int(members.sum()))]
            for when in there:
                right = cloud.predicted[when][members] == label
                cells.append("–" if label < 0 else percent(float(right.mean())))
                points = cloud.layouts.get(layout, {}).get(when)
                middle = (
                    () if points is None or np.isnan(points[members]).all() else np.nanmean(points[members], axis=0)
                )
                cells.append(", ".join(number(float(x), 2) for x in middle) or "–")
            index.append(f"{title} · {word(classes[label]) if label >= 0 else _('unknown')}")
            rows.append(cells)
    heads = [f"{name}: {what}" for name in there.values() for what in (_("right"), _("middle"))]
    return pd.DataFrame(rows, pd.Index(index), [_("Samples"), *heads])


def _samples(cloud: Cloud, samples: ShownSamples) -> dict[str, Any]:
    """Write what is known of each sample, in their order, source first."""
    weights = cloud.weights
    return {
        "count": len(cloud.label),
        "sourceCount": cloud.source_count,
        "label": pack(cloud.label, "i2"),
        "predicted": {stop: pack(guess, "i2") for stop, guess in cloud.predicted.items()},
        "confidence": {stop: _shares(sure) for stop, sure in cloud.confidence.items()},
        "neighbours": {stop: pack(near, "i2") for stop, near in cloud.neighbours.items()}
        | {"k": max((near.shape[1] for near in cloud.neighbours.values()), default=0)},
        "weight": None if weights is None else [f"{weight:.2f}" for weight in weights],
        # a tenth, one and ten lie as far apart as weights do in their effect
        "heaviness": None if weights is None else _shares((np.log10(np.clip(weights, 0.1, 10)) + 1) / 2),
        # area, not radius, shows the weight; bounded so that no point vanishes or hides the rest
        "sizes": None if weights is None else np.clip(np.sqrt(weights), 0.25, 3.5).round(2).tolist(),
        "atlas": samples.atlas
        and {"uri": samples.atlas.uri, "columns": samples.atlas.columns, "rows": samples.atlas.rows},
        "tips": samples.texts(),
        "sounds": samples.sounds,
    }


def _stops(cloud: Cloud) -> dict[str, str]:
    """List the names and titles of all that the second panel can show, in the order of time.

    A network that began anew has epoch 0 of its own; one that went on from source only begins as "before" is. Where
    source samples have weights nothing moves.
    """
    if cloud.weights is not None:
        return {"after": _("After")}
    epochs = sorted((stop for stop in cloud.predicted if stop.isdecimal()), key=int)
    first = {} if "0" in epochs else {"before": _("Before")}
    return first | {epoch: _("Epoch {epoch}", epoch=epoch) for epoch in epochs} | {"after": _("After")}


def _placed(stops: Mapping[str, Points]) -> dict[str, str] | None:
    """Pack x, y, x, y … of each stop within [-1, 1], moved and scaled alike in all; None while there are none."""
    if not stops:
        return None
    everything = np.concatenate(list(stops.values())).astype(float)
    low, high = np.nanmin(everything, 0), np.nanmax(everything, 0)
    half = float((high - low).max()) / 2 or 1.0
    return {stop: pack((xy - (low + high) / 2) / half, "i2", 1 / 32767) for stop, xy in stops.items()}


def _shares(shares: NDArray[np.floating[Any]]) -> str:
    return pack(shares, "u1", 1 / 255)
