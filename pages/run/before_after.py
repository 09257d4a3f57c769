"""Before and after, side by side: the same samples in two panels that answer one another.

One element of our own (``assets/scatter*.js``) draws both, so that a hover lights the same sample up in each and shows
its picture, and so that points travel when the layout or the epoch changes. It also serves the home page's shipped run.
"""

from __future__ import annotations

import base64
import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from da_core import palette
from da_core.events import Embedded, Evidence, Layout, When
from pages.samples.shown_samples import ShownSamples
from pages.session.words import _, number, percent, word
from pages.shell import theme

Colour = Literal["domain", "class", "right", "confidence", "weight"]
Points = NDArray[np.float32]

_ASSETS = Path(__file__).parents[2] / "assets"
_SCRIPTS = ("scatter.js", "scatter_course.js", "scatter_details.js", "scatter_marks.js")
_WHENS: tuple[When, ...] = ("before", "after")
_SLOW: tuple[Layout, ...] = ("tsne",)
_MISSING = -(2**15)
_PANEL = (
    '<figure><figcaption><span></span><span class="score"></span></figcaption><div class="plot">'
    '<canvas></canvas><canvas class="over" tabindex="0" role="img"></canvas><p hidden></p></div></figure>'
)
_CHOICE = '<div class="choice {name}"><span></span><div role="radiogroup"></div></div>'
_BUTTON = '<button type="button"></button>'
_HTML = (
    '<div class="frame"><div class="scatter"><div class="bar">'
    + _CHOICE.format(name="colours")
    + _CHOICE.format(name="layouts")
    + '<button class="around" type="button"></button><button class="save" type="button"></button></div>'
    f'<div class="panels">{_PANEL}{_PANEL}</div>'
    f'<div class="course">{_BUTTON * 3}<input type="range" min="0" max="1" step="any"><output></output></div>'
    '<div class="legend"></div><div class="classes" role="group"></div><p class="state" role="status"></p>'
    '<p class="hint"></p><div class="details"></div><div class="seeds"></div>'
    '<span class="unseen" aria-live="polite"></span>'
    '<div class="tip" hidden><div class="picture"></div><div class="words"></div></div></div></div>'
)


@dataclass(frozen=True)
class Cloud:
    """What the panels draw. n samples, source first; layouts (n, 2) by layout and stop, NaN for samples left out.

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
    def so_far(cls, embeddings: Mapping[str, Embedded]) -> Cloud:
        """The cloud of a run that is still going, from the layouts that it has told of; there must be one."""
        samples = next(iter(embeddings.values())).samples
        return cls(
            source_count=samples.source_count,
            label=samples.label,
            predicted={told.when: told.samples.predicted for told in embeddings.values()},
            layouts=by_layout({name: told.points for name, told in embeddings.items()}),
        )

    @classmethod
    def of(cls, evidence: Evidence) -> Cloud:
        """The cloud of a finished run, with the layouts that the run itself has made."""

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
        """Share of the shown target samples of known class that are right at a stop; None if there are none."""
        label = self.label[self.source_count :]
        right = self.predicted[stop][self.source_count :] == label
        return float(right[label >= 0].mean()) if (label >= 0).any() else None


def by_layout(embeddings: Mapping[str, Points]) -> dict[Layout, dict[str, Points]]:
    """Layouts named as evidence names them, ``"before/pca"``, as ``{"pca": {"before": …}}``."""
    found: dict[Layout, dict[str, Points]] = {}
    for name, points in embeddings.items():
        when, _slash, layout = name.partition("/")
        found.setdefault(layout, {})[when] = points  # type: ignore[arg-type]
    return found


def before_after_view(
    cloud: Cloud,
    classes: Sequence[str],
    *,
    key: str,
    run: str,
    shown: ShownSamples | None = None,
    scores: Mapping[When, float] | None = None,
    colour: Colour = "domain",
    layout: Layout = "umap",
    height: int = 400,
    seeds: Mapping[int, Points] | None = None,
    state: Mapping[Layout, str] | None = None,
    on_ask: Callable[[Layout], None] | None = None,
) -> None:
    """Draw both panels. ``run`` names what is shown: while it stays, changes are animated, not redrawn from nothing.

    ``scores`` are target accuracies to stand above the panels; ``shown`` is what hover shows of each sample;
    ``seeds`` are layouts of "after" that other seeds gave; ``state`` is a sentence on each layout. ``on_ask`` is called
    when a layout is asked for that takes its time; without it there is none such to ask for.
    """
    data = payload(
        cloud,
        classes,
        run=run,
        shown=shown or ShownSamples(),
        scores=scores or {},
        colour=colour,
        layout=layout,
        seeds=seeds,
        state=state or {},
        slow=_SLOW if on_ask else (),
    )

    def asked() -> None:
        found = st.session_state[key].get("asked")
        if on_ask is not None and found in _SLOW:
            on_ask(found)

    _element()(data={**data, "height": height}, key=key, on_asked_change=asked)


def payload(
    cloud: Cloud,
    classes: Sequence[str],
    *,
    run: str,
    shown: ShownSamples,
    scores: Mapping[When, float],
    colour: Colour,
    layout: Layout,
    seeds: Mapping[int, Points] | None = None,
    state: Mapping[Layout, str] | None = None,
    slow: Sequence[Layout] = (),
) -> dict[str, Any]:
    """All that the element is told, as JSON; arrays as `_packed`. Both panels have the same axes, so they compare."""
    weights = cloud.weights
    stops = _stops(cloud)
    reached = {stop: cloud.target_accuracy(stop) for stop in stops if stop in cloud.predicted}
    reached |= dict(scores.items())
    layouts: dict[Layout, str] = {"umap": "UMAP", "pca": "PCA", "tsne": "t-SNE"}
    colours = {"domain": _("Domain"), "class": _("Class"), "right": _("Right or wrong")}
    if cloud.confidence:
        colours["confidence"] = _("Confidence")
    if weights is not None:
        colours["weight"] = _("Weight")
    if (cloud.label[cloud.source_count :] < 0).all():
        del colours["right"]
    return {
        "id": run,
        "file": f"before-after-{run}",
        "count": len(cloud.label),
        "sourceCount": cloud.source_count,
        "label": _packed(cloud.label),
        "predicted": {stop: _packed(guess) for stop, guess in cloud.predicted.items()},
        "points": {each: _placed(cloud.layouts.get(each, {})) for each in layouts},
        "stops": [{"name": stop, "title": title} for stop, title in stops.items()],
        "slow": list(slow),
        "state": dict(state or {}),
        "seeds": [
            {"title": _("Seed {seed}", seed=seed), "points": _placed({"after": points})["after"]}  # type: ignore[index]
            for seed, points in (seeds or {}).items()
        ],
        "confidence": {stop: _shares(sure) for stop, sure in cloud.confidence.items()},
        "neighbours": {stop: _packed(near) for stop, near in cloud.neighbours.items()}
        | {"k": max((near.shape[1] for near in cloud.neighbours.values()), default=0)},
        "weight": None if weights is None else [f"{weight:.2f}" for weight in weights],
        # a tenth, one and ten lie as far apart as weights do in their effect
        "heaviness": None if weights is None else _shares((np.log10(np.clip(weights, 0.1, 10)) + 1) / 2),
        # area, not radius, tells the weight; bounded so that no point vanishes or hides the rest
        "sizes": None if weights is None else np.clip(np.sqrt(weights), 0.25, 3.5).round(2).tolist(),
        "colour": colour,
        "layout": layout,
        "classes": [word(name) for name in classes],
        "atlas": shown.atlas and {"uri": shown.atlas.uri, "columns": shown.atlas.columns, "rows": shown.atlas.rows},
        "tips": shown.said(),
        "sounds": shown.sounds,
        "scores": {
            stop: _("target {accuracy}", accuracy=percent(share))
            for stop, share in reached.items()
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
            "before": _("Before"),
            "after": _("After"),
            "source": _("source"),
            "target": _("target"),
            "right": _("right"),
            "wrong": _("wrong"),
            "unknown": _("unknown"),
            "weight": _("weight"),
            "classes": _("Classes"),
            "colourBy": _("Colour by"),
            "colours": colours,
            "layout": _("Layout"),
            "layouts": {name: title for name, title in layouts.items() if name not in _SLOW or name in slow},
            "pending": _("UMAP is on its way; PCA is here already."),
            "coming": _("This layout is being computed in the background."),
            "waiting": _("This panel fills when the adapted model is ready."),
            "save": _("Save picture"),
            "around": _("Draw around samples"),
            "course": _("Epoch of adapting"),
            "play": _("Play"),
            "pause": _("Pause"),
            "step": _("One step on"),
            "reset": _("Back to the start"),
            "selected": _("{count} samples selected", count="{count}"),
            "clear": _("Clear the selection"),
            "unpin": _("Let go of this sample"),
            "rightOf": _("{right} of {count} target samples right", right="{right}", count="{count}"),
            "nearTarget": _("nearest in the target"),
            "nearSource": _("nearest in the source"),
            "sameClass": _("{count} of its class", count="{count}"),
            "hint": _(
                "Point at a sample, or tap it, to see it; click to keep it, drag around samples to count them. "
                "Arrow keys walk from sample to sample, Enter keeps, Escape lets go."
            ),
            "heard": _("A sample that you keep is played."),
            "sized": _("The larger a source point, the more it weighs."),
            "panels": {
                "before": _("Held-out samples as the source-only network sees them"),
                "after": _("The same samples as the adapted network sees them"),
            },
        },
    }


def _stops(cloud: Cloud) -> dict[str, str]:
    """Names and titles of all that the second panel can show, in the order of time.

    A network that began anew has epoch 0 of its own; one that went on from source only begins as "before" is. Where
    source samples have weights nothing moves.
    """
    if cloud.weights is not None:
        return {"after": _("After")}
    epochs = sorted((stop for stop in cloud.predicted if stop.isdecimal()), key=int)
    first = {} if "0" in epochs else {"before": _("Before")}
    return first | {epoch: _("Epoch {epoch}", epoch=epoch) for epoch in epochs} | {"after": _("After")}


def _element() -> Any:
    """Our element; its script and style are small and travel inline. Registering the same one again changes nothing."""
    return st.components.v2.component("da_lab_scatter", html=_HTML, css=_asset("scatter.css"), js=_script())


@functools.cache
def _script() -> str:
    return "\n".join(_asset(name) for name in _SCRIPTS)


@functools.cache
def _asset(name: str) -> str:
    return (_ASSETS / name).read_text(encoding="utf-8")


def _placed(stops: Mapping[str, Points]) -> dict[str, str] | None:
    """x, y, x, y … of each stop within [-1, 1], packed, moved and scaled alike in all; None while there are none."""
    if not stops:
        return None
    everything = np.concatenate(list(stops.values())).astype(float)
    low, high = np.nanmin(everything, 0), np.nanmax(everything, 0)
    half = float((high - low).max()) / 2 or 1.0
    units = {stop: (xy - (low + high) / 2) / half * (2**15 - 1) for stop, xy in stops.items()}
    return {stop: "p" + _base64(np.where(np.isnan(xy), _MISSING, xy).round(), "<i2") for stop, xy in units.items()}


def _packed(numbers: NDArray[Any]) -> str:
    """Whole numbers as base64 of 16 bits each, with a letter before that tells them from places."""
    return "n" + _base64(numbers, "<i2")


def _shares(shares: NDArray[np.floating[Any]]) -> str:
    """Numbers in [0, 1] as base64 of 8 bits each."""
    return "n" + _base64((np.clip(shares, 0, 1) * 255).round(), "u1")


def _base64(numbers: NDArray[Any], kind: str) -> str:
    return base64.b64encode(numbers.astype(kind).tobytes()).decode("ascii")
