"""Finished pictures, in Plotly: how good each model is, class by class, and what is taken for what.

Colours belong to models here, never to domains, so no mark is source blue or target orange: *source only* is an open
grey square, *adapted* a filled one in the accent, *oracle* a tick, for it is a ceiling and not a contestant.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from da_core.events import DomainScores, Result, Scores
from pages.parts import theme
from pages.parts.words import _, number, percent, word

_GREY = "#8A919C"
_ROW = 34  # pixels a row of a dot plot


def models(result: Result) -> list[tuple[str, DomainScores]]:
    """The models of a run with their names in the reader's language, in the order of every table and picture."""
    named = [(_("Source only"), result.source_only), (_("Adapted"), result.adapted)]
    if result.oracle is not None:
        named.append((_("Oracle"), result.oracle))
    return named


def metrics() -> dict[str, Callable[[Scores], float]]:
    """The four metrics by their names in the reader's language; all but the first are macro averages."""
    return {
        _("Accuracy"): lambda scores: scores.accuracy,
        _("Precision"): lambda scores: scores.precision,
        _("Recall"): lambda scores: scores.recall,
        _("F1"): lambda scores: scores.f1,
    }


def comparison(result: Result) -> go.Figure:
    """Accuracy, precision, recall and F1 on the held-out part that is scored: one row a metric, one mark a model."""
    values = [[of(scores.scored) for of in metrics().values()] for _model, scores in models(result)]
    return _dots(list(metrics()), [name for name, _scores in models(result)], values)


def class_f1(result: Result) -> go.Figure:
    """F1 of each class on what is scored, before → after; the classes that gained most are on top."""

    def f1(scores: DomainScores) -> dict[str, float]:
        return {one.name: one.f1 for one in scores.scored.per_class}

    before, after = f1(result.source_only), f1(result.adapted)
    names = sorted(before, key=lambda name: after[name] - before[name], reverse=True)
    of_models = [[f1(scores)[name] for name in names] for _model, scores in models(result)]
    return _dots(_verbatim([word(name) for name in names]), [name for name, _scores in models(result)], of_models)


def confusion(scores: Scores, classes: Sequence[str]) -> go.Figure:
    """Rows are true classes, columns predicted ones; colour is the share of the row, so that rare classes show too.

    The scale always runs from 0 to 100 %: two such pictures can be compared by eye.
    """
    counts = np.asarray(scores.confusion)
    names = _verbatim(classes)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    hover = [
        [
            _(
                "{true}, taken for {predicted}: {count} ({share} of the class)",
                true=true,
                predicted=predicted,
                count=number(int(counts[row, column])),
                share=percent(share[row, column]),
            )
            for column, predicted in enumerate(names)
        ]
        for row, true in enumerate(names)
    ]
    low, high = theme.heat(theme.is_dark())
    heat = go.Heatmap(
        z=share.round(4),
        x=names,
        y=names,
        text=[[str(count) if count else "" for count in row] for row in counts],
        texttemplate="%{text}" if len(classes) <= 20 else None,
        customdata=hover,
        hovertemplate="%{customdata}<extra></extra>",
        colorscale=[[0, low], [1, high]],
        zmin=0,
        zmax=1,
        xgap=2,
        ygap=2,
        showscale=False,
    )
    figure = plain(heat, height=max(300, 30 * len(classes) + 120))
    figure.update_xaxes(title_text=_("predicted"), showgrid=False, side="bottom", tickangle=-45)
    figure.update_yaxes(title_text=_("true"), showgrid=False, autorange="reversed")
    return figure


def confusion_alt(scores: Scores, classes: Sequence[str], title: str) -> str:
    """One sentence for those who cannot see the matrix: how much is right, and the commonest mistake."""
    wrong = np.asarray(scores.confusion).copy()
    np.fill_diagonal(wrong, 0)
    true, predicted = np.unravel_index(int(wrong.argmax()), wrong.shape)
    return _(
        "{title}: {accuracy} right; most often {true} is taken for {predicted} ({count} times).",
        title=title,
        accuracy=percent(scores.accuracy),
        true=classes[int(true)],
        predicted=classes[int(predicted)],
        count=number(int(wrong.max())),
    )


def draw(figure: go.Figure, key: str, alt: str) -> None:
    """Put a finished figure on the page, with a toolbar of one button: save as a picture (made in the browser)."""
    st.plotly_chart(
        figure,
        key=key,
        alt=alt,
        config={
            "displaylogo": False,
            "displayModeBar": True,
            "modeBarButtons": [["toImage"]],
            "toImageButtonOptions": {"format": "svg", "filename": key},
            "scrollZoom": False,
        },
    )


def _dots(rows: Sequence[str], names: Sequence[str], values: Sequence[Sequence[float]]) -> go.Figure:
    """One row a name, one mark a model, and a line from source only to adapted: what adapting changed."""
    looks = (
        {"symbol": "square-open", "size": 12, "color": _GREY, "line": {"width": 2.5, "color": _GREY}},
        {"symbol": "square", "size": 12, "color": theme.ACCENT},
        {"symbol": "line-ns-open", "size": 16, "color": _GREY, "line": {"width": 2.5, "color": _GREY}},
    )
    change_x = [x for before, after in zip(values[0], values[1], strict=True) for x in (before, after, None)]
    change_y = [row for row in rows for _end in range(3)]
    traces = [
        go.Scatter(
            x=change_x,
            y=change_y,
            mode="lines",
            line={"color": theme.ACCENT, "width": 3},
            opacity=0.35,
            hoverinfo="skip",
            showlegend=False,
        )
    ]
    traces += [
        go.Scatter(
            x=list(of_model),
            y=list(rows),
            name=name,
            mode="markers",
            marker=look,
            hovertemplate="%{y}: %{x:.1%}<extra>" + name + "</extra>",
        )
        for name, of_model, look in zip(names, values, looks, strict=False)
    ]
    figure = plain(*traces, height=_ROW * len(rows) + 96)
    figure.update_layout(legend={"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom", "title": None})
    figure.update_xaxes(
        range=[-0.02, 1.02], tickformat=".0%", dtick=0.25, zeroline=False, showgrid=True, gridcolor=theme.faint()
    )
    figure.update_yaxes(autorange="reversed", showgrid=False, ticklabelstandoff=8)
    return figure


def _verbatim(names: Sequence[str]) -> list[str]:
    """Names so that Plotly, which reads some HTML, shows them as they are."""
    return [html.escape(name, quote=False) for name in names]


def plain(*traces: go.Scatter | go.Heatmap | go.Bar, height: int) -> go.Figure:
    """A figure on the page's own paper that neither zooms nor pans."""
    figure = go.Figure(traces)
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 24, "t": 32, "b": 8},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        dragmode=False,
        modebar={"bgcolor": "rgba(0,0,0,0)"},
    )
    figure.update_xaxes(automargin=True, fixedrange=True)
    figure.update_yaxes(automargin=True, fixedrange=True)
    return figure
