"""Pictures of a run's scores: how good each model is, class by class, and what it takes for what.

Colours belong to models here, never to domains, so no mark is source blue or target orange: *source only* is an open
grey square, *adapted* a filled one in the accent, *oracle* a tick, for it is a ceiling and not a contestant.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from numpy.typing import NDArray

from da_core import palette
from da_core.events import ClassScores, DomainScores, Result, Scores
from pages.charts import plotly_figure
from pages.session.words import _, number, percent, word
from pages.shell import theme

_ROW = 34  # pixels a row of a dot plot


@dataclass(frozen=True)
class ModelMark:
    """A model of a run, its name in the reader's language, and how its mark looks in a dot plot."""

    name: str
    scores: DomainScores
    mark: dict[str, Any]


def models(result: Result) -> list[ModelMark]:
    """List the models of a run, in the order of every table and picture."""
    grey, thick = {"color": palette.GREY}, {"line": {"width": 2.5, "color": palette.GREY}}
    named = [ModelMark(_("Source only"), result.source_only, {"symbol": "square-open", "size": 12, **grey, **thick})]
    if result.source_only_bn is not None:
        look = {"symbol": "diamond-tall-open", "size": 12, **grey, **thick}
        named.append(ModelMark(_("… with target batch norm"), result.source_only_bn, look))
    named.append(ModelMark(_("Adapted"), result.adapted, {"symbol": "square", "size": 12, "color": palette.ACCENT}))
    if result.oracle is not None:
        named.append(ModelMark(_("Oracle"), result.oracle, {"symbol": "line-ns-open", "size": 16, **grey, **thick}))
    return named


def metrics() -> dict[str, str]:
    """Map the metrics' names in the reader's language to those in `Scores`; all but the first count classes alike."""
    return {
        _("Accuracy"): "accuracy",
        _("Balanced accuracy"): "balanced_accuracy",
        _("Precision"): "precision",
        _("Recall"): "recall",
        _("F1"): "f1",
    }


def comparison(result: Result) -> go.Figure:
    """Draw each metric on the held-out part that is scored: a row a metric, a mark a model, with its interval."""
    names = list(metrics().values())
    return _dots(list(metrics()), models(result), lambda scores: [(scores, name) for name in names])


def class_f1(result: Result) -> go.Figure:
    """Draw F1 of each class on what is scored, before → after; the classes that gained most are on top."""
    before, after = _f1_of_classes(result)
    names = sorted(before, key=lambda name: after[name] - before[name], reverse=True)

    def in_order(scores: Scores) -> list[tuple[ClassScores, str]]:
        by_name = {each.name: each for each in scores.per_class}
        return [(by_name[name], "f1") for name in names]

    return _dots(plotly_figure.verbatim([word(name) for name in names]), models(result), in_order)


def class_f1_ends(result: Result) -> list[str]:
    """Write F1 before → after of the classes that gained most and least."""
    before, after = _f1_of_classes(result)
    names = sorted(before, key=lambda name: after[name] - before[name])
    ends = dict.fromkeys((names[-1], names[0]))
    return [f"{word(name)} {percent(before[name])} → {percent(after[name])}" for name in ends]


def _f1_of_classes(result: Result) -> tuple[dict[str, float], dict[str, float]]:
    before, after = result.source_only.scored, result.adapted.scored
    return {each.name: each.f1 for each in before.per_class}, {each.name: each.f1 for each in after.per_class}


def confusion(scores: Scores, classes: Sequence[str]) -> go.Figure:
    """Draw a confusion matrix: rows are true classes, columns predicted ones, colour is the share of the row."""
    counts = np.asarray(scores.confusion)
    names = plotly_figure.verbatim(classes)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    hover = [
        [
            _(
                "{true}, predicted as {predicted}: {count} ({share} of the class)",
                true=true,
                predicted=predicted,
                count=number(int(counts[row, column])),
                share=percent(share[row, column]),
            )
            for column, predicted in enumerate(names)
        ]
        for row, true in enumerate(names)
    ]
    texts = [[str(count) if count else "" for count in row] for row in counts]
    low, high = theme.colours().heat
    return _matrix(names, share, texts, hover, "%{customdata}", (0, 1), [[0, low], [1, high]])


def confusion_change(before: Scores, after: Scores, classes: Sequence[str]) -> go.Figure:
    """Draw what adapting changed in the confusion matrix: green where it is better, orange where it is worse.

    A sample more on the diagonal is better, one more beside it is worse. Colour is the change as a share of the row,
    full from half of it on.
    """
    was, now = np.asarray(before.confusion), np.asarray(after.confusion)
    change = now - was
    better = np.where(np.eye(len(classes), dtype=bool), change, -change)
    share = better / np.maximum(was.sum(axis=1, keepdims=True), 1)
    names = plotly_figure.verbatim(classes)
    texts = [[f"{value:+d}".replace("-", "−") if value else "" for value in row] for row in change]
    hover = [[f"{a} → {b}" for a, b in zip(*rows, strict=True)] for rows in zip(was, now, strict=True)]
    colours = [[0, palette.WRONG], [0.5, theme.colours().heat[0]], [1, palette.RIGHT]]
    return _matrix(names, share, texts, hover, "%{y} → %{x}: %{customdata}", (-0.5, 0.5), colours)


def _matrix(
    names: Sequence[str],
    values: NDArray[np.floating],
    texts: Sequence[Sequence[str]],
    hover: Sequence[Sequence[str]],
    template: str,
    scale: tuple[float, float],
    colours: Sequence[Sequence[Any]],
) -> go.Figure:
    """Draw a matrix of classes, each cell's text in black or white, whichever is read better there."""
    heat = go.Heatmap(
        z=values.round(4).tolist(),
        x=names,
        y=names,
        text=texts,
        customdata=hover,
        hovertemplate=template + "<extra></extra>",
        colorscale=colours,
        zmin=scale[0],
        zmax=scale[1],
        xgap=2,
        ygap=2,
        showscale=False,
    )
    figure = plotly_figure.base_figure(heat, height=max(300, 30 * len(heat.y) + 120))
    if len(heat.y) <= 20:
        cells = [
            (x, y, text, palette.readable_on(_shade(heat, value)))
            for y, values, texts in zip(heat.y, heat.z, heat.text, strict=True)
            for x, value, text in zip(heat.x, values, texts, strict=True)
        ]
        across, up, texts, inks = zip(*cells, strict=True)
        font = {"color": inks}
        figure.add_scatter(x=across, y=up, text=texts, textfont=font, mode="text", hoverinfo="skip", showlegend=False)
    figure.update_xaxes(title_text=_("predicted"), showgrid=False, side="bottom", tickangle=-45)
    figure.update_yaxes(title_text=_("true"), showgrid=False, autorange="reversed")
    return figure


def _shade(heat: go.Heatmap, value: float) -> str:
    """Compute the colour that a heat map gives a value."""
    share = min(max((value - heat.zmin) / (heat.zmax - heat.zmin), 0.0), 1.0)
    for (low, first), (high, last) in pairwise(heat.colorscale):
        if share <= high:
            return palette.mixed(first, last, (share - low) / (high - low))
    return str(last)


def reliability(result: Result) -> go.Figure:
    """Draw how often source only and adapted are right on the target where they are so sure: a reliability diagram."""
    traces = [
        go.Scatter(
            x=[0, 1],
            y=[0, 1],
            mode="lines",
            line={"color": theme.ink(), "width": 1, "dash": "dash"},
            opacity=0.5,
            hoverinfo="skip",
            showlegend=False,
        )
    ]
    for model in models(result):
        calibration = model.scores.scored.calibration
        if calibration is None or model.scores not in (result.source_only, result.adapted):
            continue
        most = max(b.count for b in calibration.bins)
        traces.append(
            go.Scatter(
                x=[b.confidence for b in calibration.bins],
                y=[b.accuracy for b in calibration.bins],
                name=model.name,
                mode="lines+markers",
                line={"color": model.mark["color"], "width": 2},
                marker=model.mark | {"size": [6 + 12 * (b.count / most) ** 0.5 for b in calibration.bins]},
                customdata=[number(b.count) for b in calibration.bins],
                hovertemplate=_(
                    "sure {sure}, right {right}, {count} samples",
                    sure="%{x:.0%}",
                    right="%{y:.0%}",
                    count="%{customdata}",
                )
                + f"<extra>{model.name}</extra>",
            )
        )
    figure = plotly_figure.base_figure(*traces, height=340, legend=True)
    figure.update_xaxes(title_text=_("how sure the model is"), **plotly_figure.SHARES)
    figure.update_yaxes(title_text=_("how often it is right"), **plotly_figure.SHARES)
    return figure


def confusion_alt(scores: Scores, classes: Sequence[str], title: str) -> str:
    """Describe a confusion matrix in one sentence: how much is right, and the commonest mistake."""
    wrong = np.asarray(scores.confusion).copy()
    np.fill_diagonal(wrong, 0)
    true, predicted = np.unravel_index(int(wrong.argmax()), wrong.shape)
    return _(
        "{title}: {accuracy} right; the most frequent error is {true} predicted as {predicted} ({count} times).",
        title=title,
        accuracy=percent(scores.accuracy),
        true=classes[int(true)],
        predicted=classes[int(predicted)],
        count=number(int(wrong.max())),
    )


def draw_confusions(*models: tuple[str, str, Scores, Sequence[str]]) -> None:
    """Draw the confusion matrices of two models side by side, in one scale, each of a key, a title and its classes."""
    for column, (key, title, scores, classes) in zip(st.columns(2, gap="medium"), models, strict=True):
        with column:
            st.markdown(f"**{title}**")
            plotly_figure.draw(confusion(scores, classes), key, confusion_alt(scores, classes, title))


def _dots(
    rows: Sequence[str],
    marks: Sequence[ModelMark],
    values_of: Callable[[Scores], Sequence[tuple[Scores | ClassScores, str]]],
) -> go.Figure:
    """Draw one row a name, one mark a model, and a line from source only to adapted: what adapting changed.

    ``values_of`` gives for each row the scores of a model's and which of them it is. Source only and adapted have their
    intervals as thin lines; more would be a thicket.
    """
    at = {
        model.name: [(getattr(of, name), of.intervals.get(name)) for of, name in values_of(model.scores.scored)]
        for model in marks
    }
    before, after = (at[name] for name in (_("Source only"), _("Adapted")))
    starts, ends = ([value for value, _interval in values] for values in (before, after))
    traces = [plotly_figure.links(starts, ends, rows, palette.ACCENT, 0.35)]
    for model in marks:
        values = [value for value, _interval in at[model.name]]
        ranges = [interval or (value, value) for value, interval in at[model.name]]
        with_interval = at[model.name] is before or at[model.name] is after
        traces.append(
            go.Scatter(
                x=values,
                y=list(rows),
                name=model.name,
                mode="markers",
                marker=model.mark,
                error_x={
                    "type": "data",
                    "symmetric": False,
                    "array": [high - value for value, (_low, high) in zip(values, ranges, strict=True)],
                    "arrayminus": [value - low for value, (low, _high) in zip(values, ranges, strict=True)],
                    "thickness": 1.2,
                    "width": 0,
                    "color": model.mark["color"],
                    "visible": with_interval,
                },
                customdata=[[percent(low), percent(high)] for low, high in ranges],
                hovertemplate="%{y}: %{x:.1%} (%{customdata[0]} … %{customdata[1]})<extra>" + model.name + "</extra>",
            )
        )
    figure = plotly_figure.base_figure(*traces, height=_ROW * len(rows) + 96, legend=True)
    figure.update_xaxes(showgrid=True, **plotly_figure.SHARES)
    figure.update_yaxes(**plotly_figure.ROWS)
    return figure
