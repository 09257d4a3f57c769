"""Before and after, side by side: the same samples in two panels that answer one another.

One element of our own (``assets/scatter.js``) draws both, so that a hover lights the same sample up in each and shows
its picture, and so that points travel when the layout changes. It also serves the home page's shipped run.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from da_core.events import Embedded, Evidence, Layout, When
from pages.parts import theme
from pages.parts.pictures import Atlas
from pages.parts.words import _, percent, word

Colour = Literal["domain", "class", "right"]

_ASSETS = Path(__file__).parents[2] / "assets"
_WHENS: tuple[When, ...] = ("before", "after")
_LAYOUTS: tuple[Layout, ...] = ("umap", "pca")
_PANEL = (
    '<figure><figcaption><span></span><span class="score"></span></figcaption><div class="plot">'
    '<canvas></canvas><canvas class="over" tabindex="0" role="img"></canvas><p hidden></p></div></figure>'
)
_CHOICE = '<div class="choice {name}"><span></span><div role="radiogroup"></div></div>'
_HTML = (
    '<div class="frame"><div class="scatter"><div class="bar">'
    + _CHOICE.format(name="colours")
    + _CHOICE.format(name="layouts")
    + f'<button class="save" type="button"></button></div><div class="panels">{_PANEL}{_PANEL}</div>'
    '<div class="legend"></div><p class="hint"></p><span class="unseen" aria-live="polite"></span>'
    '<div class="tip" hidden><div class="picture"></div><div class="words"></div></div></div></div>'
)


@dataclass(frozen=True)
class Cloud:
    """What the panels draw. n samples, source first; ``embeddings`` are (n, 2) by ``"before/pca"`` and the like.

    ``label`` (n,), −1 where there is none, and ``predicted`` (n,) by moment are class indices; ``weights`` (n_s,) where
    a method gave them.
    """

    source_count: int
    label: NDArray[np.int64]
    predicted: Mapping[When, NDArray[np.int64]]
    embeddings: Mapping[str, NDArray[np.float32]]
    weights: NDArray[np.float32] | None = None

    @classmethod
    def so_far(cls, embeddings: Mapping[str, Embedded]) -> Cloud:
        """The cloud of a run that is still going, from the layouts that it has told of; there must be one."""
        samples = next(iter(embeddings.values())).samples
        return cls(
            source_count=samples.source_count,
            label=samples.label,
            predicted={told.when: told.samples.predicted for told in embeddings.values()},
            embeddings={name: told.points for name, told in embeddings.items()},
        )

    @classmethod
    def of(cls, evidence: Evidence) -> Cloud:
        """The cloud of a finished run."""
        return cls(
            source_count=len(evidence.source_label),
            label=np.concatenate([evidence.source_label, evidence.target_label]),
            predicted={
                when: np.concatenate([evidence.source_predicted[when], evidence.target_predicted[when]])
                for when in _WHENS
            },
            embeddings=evidence.embeddings,
            weights=evidence.weights,
        )


def before_after_view(
    cloud: Cloud,
    classes: Sequence[str],
    *,
    key: str,
    run: str,
    atlas: Atlas | None = None,
    scores: Mapping[When, float] | None = None,
    colour: Colour = "domain",
    layout: Layout = "umap",
    height: int = 400,
) -> None:
    """Draw both panels. ``run`` names what is shown: while it stays, changes are animated, not redrawn from nothing.

    ``scores`` are target accuracies to stand above the panels; ``atlas`` has one picture a sample, in their order.
    """
    data = payload(cloud, classes, run=run, atlas=atlas, scores=scores or {}, colour=colour, layout=layout)
    _element()(data={**data, "height": height}, key=key)


def payload(
    cloud: Cloud,
    classes: Sequence[str],
    *,
    run: str,
    atlas: Atlas | None,
    scores: Mapping[When, float],
    colour: Colour,
    layout: Layout,
) -> dict[str, Any]:
    """All that the element is told, as JSON. Both panels have the same axes, so that they compare."""
    weights = cloud.weights
    return {
        "id": run,
        "file": f"before-after-{run}",
        "sourceCount": cloud.source_count,
        "label": cloud.label.tolist(),
        "predicted": {when: guess.tolist() for when, guess in cloud.predicted.items()},
        "points": {each: _placed(cloud.embeddings, each) for each in _LAYOUTS},
        "weight": None if weights is None else [f"{weight:.2f}" for weight in weights],
        # area, not radius, tells the weight; bounded so that no point vanishes or hides the rest
        "sizes": None if weights is None else np.clip(np.sqrt(weights), 0.25, 3.5).round(2).tolist(),
        "colour": colour,
        "layout": layout,
        "classes": [word(name) for name in classes],
        "atlas": atlas and {"uri": atlas.uri, "columns": atlas.columns, "rows": atlas.rows},
        "scores": {when: _("target {accuracy}", accuracy=percent(score)) for when, score in scores.items()},
        "colours": {
            "source": theme.SOURCE,
            "target": theme.TARGET,
            "right": theme.RIGHT,
            "wrong": theme.WRONG,
            "unknown": theme.UNKNOWN,
            "classes": [theme.class_colour(index) for index in range(len(classes))],
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
            "colourBy": _("Colour by"),
            "colours": {"domain": _("Domain"), "class": _("Class"), "right": _("Right or wrong")},
            "layout": _("Layout"),
            "layouts": {"umap": "UMAP", "pca": "PCA"},
            "pending": _("UMAP is on its way; PCA is here already."),
            "waiting": _("This panel fills when the adapted model is ready."),
            "save": _("Save picture"),
            "hint": _("Point at a sample, or tap it, to see its picture. Arrow keys walk from sample to sample."),
            "sized": _("The larger a source point, the more it weighs."),
            "panels": {
                "before": _("Held-out samples as the source-only network sees them"),
                "after": _("The same samples as the adapted network sees them"),
            },
        },
    }


def _element() -> Any:
    """Our element; its script and style are small and travel inline. Registering the same one again changes nothing."""
    return st.components.v2.component("da_lab_scatter", html=_HTML, css=_asset("scatter.css"), js=_asset("scatter.js"))


@functools.cache
def _asset(name: str) -> str:
    return (_ASSETS / name).read_text(encoding="utf-8")


def _placed(embeddings: Mapping[str, NDArray[np.float32]], layout: Layout) -> dict[str, list[float]] | None:
    """x, y, x, y … of each panel within [-1, 1], moved and scaled alike in both; None while there are none."""
    drawn = {when: embeddings[name] for when in _WHENS if (name := f"{when}/{layout}") in embeddings}
    if not drawn:
        return None
    everything = np.concatenate(list(drawn.values())).astype(float)
    low, high = everything.min(0), everything.max(0)
    half = float((high - low).max()) / 2 or 1.0
    return {when: ((xy - (low + high) / 2) / half).round(4).ravel().tolist() for when, xy in drawn.items()}
