"""Print-quality figures of a finished run, as SVG or PNG: drawn with Matplotlib, so that nobody needs a browser.

The colours are the screens': source a blue circle, target an orange diamond; models grey and violet, never those two.
Text in an SVG stays text, in the reader's own fonts.
"""

from __future__ import annotations

import functools
import importlib.util
import io
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib
import numpy as np
from matplotlib import colors, font_manager, ticker
from matplotlib.figure import Figure

from da_core import palette
from da_core.evaluation.umap_and_pca import pca
from da_core.events import LOSS_TITLES, Accuracies, DomainScores, Evidence, Losses, Scores
from da_core.export.scored_rows import METRICS, MODEL_TITLES, models_of
from da_core.i18n import Language
from da_core.run_folder import Record

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DOTS_PER_INCH = 300
ACCENT, INK, PAPER = palette.LIGHT.accent, palette.LIGHT.ink, palette.LIGHT.paper
HUES = (ACCENT, *palette.SERIES)
_CHINESE = "fonts/NotoSansCJKsc-Regular.otf"
"""A font of the package mplfonts with Chinese signs: what this machine has, and knows of, is another on each."""
_IN_BROWSERS = "Inter, Arial, 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', 'Noto Sans SC', sans-serif"
"""For the text of an SVG: the fonts of whoever reads it."""
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "da-lab",  # the same picture is the same file
    "text.parse_math": False,  # a class may be called “$5$”
    "font.size": 9,
    "axes.edgecolor": palette.PRINTED_AXIS,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "legend.frameon": False,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}
_drawing = threading.Lock()
"""Matplotlib's settings are one for the whole process."""

Draw = Callable[[Figure, Record, Language], None]


def names(record: Record) -> list[str]:
    """Name the figures that there are of a run, as their files are called."""
    of_run = {
        "before-after": True,
        "scores": record.result.adapted.target is not None,
        "f1-by-class": record.result.adapted.target is not None,
        "confusion": record.result.adapted.target is not None,
        "curves": bool(record.history),
    }
    return [name for name, there in of_run.items() if there]


def svg(record: Record, name: str, language: Language) -> str:
    """Draw one figure as an SVG document."""
    return _drawn(record, name, language, "svg").decode().replace("'DejaVu Sans'", _IN_BROWSERS)


def png(record: Record, name: str, language: Language) -> bytes:
    """Draw one figure as a PNG of 300 dots an inch."""
    return _drawn(record, name, language, "png")


@functools.cache
def chinese_font() -> str:
    """Make a font with Chinese signs known to Matplotlib; return its name."""
    package = importlib.util.find_spec("mplfonts")  # not imported: it would set the fonts of the whole process
    assert package is not None
    assert package.origin is not None
    path = Path(package.origin).parent / _CHINESE
    font_manager.fontManager.addfont(path)
    return font_manager.FontProperties(fname=path).get_name()


def _drawn(record: Record, name: str, language: Language, kind: str) -> bytes:
    draw, width, height = _FIGURES[name]
    rows = len(record.result.classes)
    families = [chinese_font(), "DejaVu Sans"]
    file = io.BytesIO()
    with _drawing, matplotlib.rc_context({**_STYLE, "font.family": families}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")  # SVG text is drawn by whoever reads it
        figure = Figure(figsize=(width, height(rows)), layout="constrained")
        draw(figure, record, language)
        stamp = {"Date": None} if kind == "svg" else {}
        figure.savefig(file, format=kind, dpi=DOTS_PER_INCH, metadata=stamp)
    return file.getvalue()


def layout(evidence: Evidence) -> dict[str, np.ndarray[Any, Any]]:
    """Lay out the held-out samples before and after, source first: by UMAP where the run made it, else by PCA."""
    for kind in ("umap", "pca"):
        if f"after/{kind}" in evidence.embeddings:
            return {when: evidence.embeddings[f"{when}/{kind}"] for when in ("before", "after")}
    points: dict[str, np.ndarray[Any, Any]] = {}
    for when in ("before", "after"):
        F = np.concatenate([evidence.source_features[when], evidence.target_features[when]])  # type: ignore[index]
        points[when] = pca(F, start=points.get("before"))
    return points


def _before_after(figure: Figure, record: Record, language: Language) -> None:
    evidence, result = record.evidence, record.result
    points = layout(evidence)
    count = len(evidence.source_label)
    names_of = {"before": language.translate("Before: source only"), "after": language.translate("After: adapted")}
    for axes, (when, XY) in zip(figure.subplots(1, 2), points.items(), strict=True):
        looks = ((XY[:count], palette.SOURCE, "o", "source"), (XY[count:], palette.TARGET, "D", "target"))
        for part, colour, marker, domain in looks:
            size = 9 if marker == "o" else 7
            axes.scatter(*part.T, s=size, c=colour, marker=marker, linewidths=0, alpha=0.6, label=language.word(domain))
        scores = result.source_only if when == "before" else result.adapted
        reached = "" if scores.target is None else f" · {language.percent(scores.target.accuracy)}"
        axes.set_title(names_of[when] + reached)
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_visible(True)
        axes.set_aspect("equal", adjustable="datalim")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=2, markerscale=2)


def _scores(figure: Figure, record: Record, language: Language) -> None:
    titles = {name: language.translate(title) for name, title in METRICS.items() if name != "balanced_accuracy"}
    values = {
        name: [getattr(on_target(scores), metric) for metric in titles]
        for name, scores in models(record, language).items()
    }
    _dots(figure.subplots(), list(titles.values()), values)


def _classes(figure: Figure, record: Record, language: Language) -> None:
    values = {
        name: [label.f1 for label in on_target(scores).per_class] for name, scores in models(record, language).items()
    }
    classes = [language.word(name) for name in record.result.classes]
    axes = figure.subplots()
    _dots(axes, classes, values)
    axes.set_xlabel(language.translate("F1"))


def _confusion(figure: Figure, record: Record, language: Language) -> None:
    classes = [language.word(name) for name in record.result.classes]
    two = ((record.result.source_only, "Before: source only"), (record.result.adapted, "After: adapted"))
    scale = colors.LinearSegmentedColormap.from_list("accent", palette.LIGHT.heat)
    for axes, (scores, title) in zip(figure.subplots(1, 2, sharey=True), two, strict=True):
        counts = np.asarray(on_target(scores).confusion)
        share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        edges = np.arange(len(classes) + 1) - 0.5
        axes.pcolormesh(edges, edges, share, cmap=scale, vmin=0, vmax=1, edgecolors=PAPER, linewidth=1)
        axes.set_aspect("equal")
        if len(classes) <= 20:
            for row, column in np.argwhere(counts):
                ink = PAPER if share[row, column] > 0.55 else INK
                axes.text(column, row, str(counts[row, column]), ha="center", va="center", color=ink, fontsize=8)
        axes.set_title(language.translate(title))
        axes.set_xticks(range(len(classes)), classes, rotation=45, ha="right", rotation_mode="anchor")
        axes.set_yticks(range(len(classes)), classes)
        axes.set_xlabel(language.translate("predicted"))
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
    figure.axes[0].set_ylabel(language.translate("true"))
    figure.axes[0].invert_yaxis()


def _curves(figure: Figure, record: Record, language: Language) -> None:
    """Draw losses and accuracies of the adapting phase, or of source only where nothing else trained."""
    phase = "adapt" if any(event.phase == "adapt" for event in record.history) else "source_only"
    hues = {"source": palette.SOURCE, "target": palette.TARGET, "domain": ACCENT}
    left, right = figure.subplots(1, 2)
    for axes, kind in ((left, Losses), (right, Accuracies)):
        series: dict[str, list[tuple[float, float]]] = {}
        for event in record.history:
            if isinstance(event, kind) and event.phase == phase:
                for name, value in (event.terms if isinstance(event, Losses) else event.values).items():
                    series.setdefault(name, []).append((event.epoch, value))
        for place, (name, points) in enumerate(series.items()):
            colour = hues.get(name, palette.GREY) if kind is Accuracies else HUES[place % len(HUES)]
            label = language.word(LOSS_TITLES.get(name, name) if kind is Losses else name)
            if kind is Accuracies and name == "domain":
                label = language.translate("Accuracy of the domain classifier")
            axes.plot(*zip(*points, strict=True), color=colour, linewidth=1.4, label=label)
        axes.set_xlabel(language.translate("epoch"))
        if series:
            axes.legend(loc="best", fontsize=8)
    left.set_title(language.translate("Loss"))
    right.set_title(language.translate("Accuracy on held-out samples"))
    right.set_ylim(0, 1.02)
    right.yaxis.set_major_formatter(ticker.PercentFormatter(1, 0))


def on_target(scores: DomainScores) -> Scores:
    """Take the scores on the target, of a run whose target has labels."""
    assert scores.target is not None
    return scores.target


def models(record: Record, language: Language) -> dict[str, DomainScores]:
    """List the models of a run by their names, in the order of every table and picture."""
    return {
        language.translate(MODEL_TITLES[name]): scores
        for name, scores in models_of(record.result).items()
        if name != "source_only_bn"
    }


def _dots(axes: Axes, rows: list[str], values: dict[str, list[float]]) -> None:
    """Draw a row per name, a mark per model, and a line from source only to adapted."""
    looks = (("s", "none", palette.GREY), ("s", ACCENT, ACCENT), ("|", palette.GREY, palette.GREY))
    heights = np.arange(len(rows))
    before, after, *_rest = values.values()
    axes.hlines(heights, before, after, color=ACCENT, linewidth=2.2, alpha=0.35)
    for (name, of_model), (marker, face, edge) in zip(values.items(), looks, strict=False):
        size = {"s": 6.5, "|": 11}[marker]
        axes.plot(
            of_model, heights, marker, ms=size, mfc=face, mec=edge, mew=1.6, label=name, linestyle="none", clip_on=False
        )
    axes.set_yticks(heights, rows)
    axes.set_xlim(0, 1)
    axes.invert_yaxis()
    axes.xaxis.set_major_formatter(ticker.PercentFormatter(1, 0))
    axes.grid(axis="x", color=palette.LIGHT.line, linewidth=0.8)
    axes.tick_params(length=0)
    axes.spines["left"].set_visible(False)
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=len(values), borderaxespad=0.2)


_FIGURES: dict[str, tuple[Draw, float, Callable[[int], float]]] = {
    "before-after": (_before_after, 7.2, lambda _classes: 3.9),
    "scores": (_scores, 7.2, lambda _classes: 2.1),
    "f1-by-class": (_classes, 7.2, lambda classes: 1.0 + 0.26 * classes),
    "confusion": (_confusion, 7.2, lambda classes: min(4.4, 2.4 + 0.2 * classes)),
    "curves": (_curves, 7.2, lambda _classes: 2.7),
}
