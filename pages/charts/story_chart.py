"""Pictures of a story's numbers: a bar a run with a dot a seed, the same as a table, and two maps side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from da_core import palette
from da_core.teaching.stories.story_file import Measure
from da_core.teaching.stories.story_numbers import FeatureMap
from pages.charts import chart_table, vega_chart
from pages.session.words import _, number, percent, word
from pages.shell import theme

_ROW = 40
Json = dict[str, Any]


def measure_titles() -> dict[Measure, str]:
    """Say in the reader's language what is measured."""
    return {
        "accuracy": _("Accuracy on the target"),
        "source": _("Accuracy on held-out source samples"),
        "critic": _("Accuracy of the method's own domain classifier"),
        "fresh": _("Accuracy of a newly trained domain classifier"),
        "effective": _("Effective sample size of the source"),
        "kept": _("Neighbours that a map preserves"),
        "same_neighbour": _("Digits with the same nearest digit on both maps"),
    }


def bars(values: Mapping[str, Sequence[float]], key: str, alt: str) -> None:
    """Draw the mean of each run, by its label, as a bar and its seeds as dots; values in per cent."""
    each = pd.DataFrame(
        [(label, value) for label, seeds in values.items() for value in seeds], columns=["run", "value"]
    )
    y: Json = {"field": "run", "type": "nominal", "title": None, "sort": list(values), "axis": {"labelLimit": 260}}
    axis = {"values": [0, 25, 50, 75, 100], "labelExpr": "datum.label + '%'"}
    x: Json = {"type": "quantitative", "title": None, "scale": {"domain": [0, 100]}, "axis": axis}
    bar: Json = {
        "mark": {"type": "bar", "color": palette.ACCENT, "opacity": 0.55, "height": {"band": 0.6}},
        "encoding": {"y": y, "x": x | {"field": "value", "aggregate": "mean"}},
    }
    dots: Json = {
        "mark": {"type": "point", "filled": True, "size": 50, "opacity": 0.8, "color": theme.ink()},
        "encoding": {"y": y, "x": x | {"field": "value"}},
    }
    alt = chart_table.sentence(alt, *(f"{label} {_written(seeds)}" for label, seeds in values.items()))
    vega_chart.draw(each, {"height": _ROW * len(values) + 30, "layer": [bar, dots]}, key, alt, None)


def table(columns: Mapping[str, Mapping[str, Sequence[float]]]) -> pd.DataFrame:
    """Tabulate the means of runs by measure, with the lowest and the highest seed where they differ."""
    return pd.DataFrame(
        {measure: {run: _written(seeds) for run, seeds in values.items()} for measure, values in columns.items()}
    )


def _written(seeds: Sequence[float]) -> str:
    mean, low, high = sum(seeds) / len(seeds) / 100, min(seeds) / 100, max(seeds) / 100
    if percent(low) == percent(high):
        return percent(mean)
    return f"{percent(mean)} ({percent(low)} – {percent(high)})"


def _middles(feature_map: FeatureMap) -> pd.DataFrame:
    """Tabulate where the classes of a map lie: how many samples, and their middle."""
    rows = []
    for name in sorted(set(feature_map.classes)):
        xs, ys = zip(
            *[at for at, label in zip(feature_map.points, feature_map.classes, strict=True) if label == name],
            strict=True,
        )
        rows.append([number(len(xs)), *(number(sum(each) / len(each), 1) for each in (xs, ys))])
    names = pd.Index([word(name) for name in sorted(set(feature_map.classes))], name=_("Class"))
    return pd.DataFrame(rows, names, [_("Samples"), _("centre, horizontal"), _("centre, vertical")])


def maps(drawn: Sequence[FeatureMap], key: str) -> None:
    """Draw maps side by side, each sample as the name of its class."""
    for place, (column, feature_map) in enumerate(zip(st.columns(len(drawn)), drawn, strict=True), start=1):
        rows = [
            {
                "x": x,
                "y": y,
                "class": word(name),
                "hue": theme.class_colour(sorted(set(feature_map.classes)).index(name)),
            }
            for (x, y), name in zip(feature_map.points, feature_map.classes, strict=True)
        ]
        axis: Json = {"type": "quantitative", "title": None, "axis": None, "scale": {"zero": False}}
        spec: Json = {
            "height": 320,
            "mark": {"type": "text", "fontSize": 11, "fontWeight": "bold"},
            "encoding": {
                "x": axis | {"field": "x"},
                "y": axis | {"field": "y"},
                "text": {"field": "class"},
                "color": {"field": "hue", "type": "nominal", "scale": None},
            },
        }
        column.markdown(f"**{_('Map {place}', place=place)}** :gray[{_('seed {seed}', seed=feature_map.seed)}]")
        with column:
            title = _("Map {place} of the same samples, each drawn as the name of its class", place=place)
            alt = chart_table.sentence(title, _("{count} samples", count=number(len(rows))))
            vega_chart.draw(pd.DataFrame(rows), spec, f"{key}-{place}", alt, _middles(feature_map))
