"""A study's picture, which grows in place: a dot a seed, the mean and its interval."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from da_core import palette
from da_core.data.sources import sources
from da_core.evaluation.seed_statistics import Spread
from da_core.experiment import Experiment
from pages.session.words import _, percent, word
from pages.shell import theme

_ROW = 54
Json = dict[str, Any]


def summary(experiment: Experiment) -> str:
    """Say in one line what all runs of a study have in common."""
    from da_core.networks import networks

    parts = [
        f"**{word(sources()[experiment.data.name].title)}**",
        word(networks()[experiment.network.name].title),
        _("{count} epochs of batches of {size}", count=experiment.training.epochs, size=experiment.training.batch_size),
        _("seeds from {seed} on", seed=experiment.seed),
    ]
    return " · ".join(parts)


def dots(scores: Mapping[str, Mapping[int, float]], spreads: Mapping[str, Spread]) -> None:
    """Draw one row a method, source only first. Plain Vega-Lite, so that it is drawn anew without a flicker."""
    names = list(scores)
    each = pd.DataFrame(
        [(name, seed, value, i) for i, name in enumerate(names) for seed, value in scores[name].items()],
        columns=["method", "seed", "value", "place"],
    )
    y: Json = {"field": "method", "type": "nominal", "title": None, "sort": names, "axis": {"labelLimit": 260}}
    low = min([*each["value"], *(spread.interval[0] for spread in spreads.values() if spread.interval)])
    scale = {"domain": [max(0, math.floor(10 * low) / 10), 1]}
    x: Json = {"type": "quantitative", "title": None, "axis": {"format": ".0%", "tickCount": 6}, "scale": scale}
    means = [
        {
            "method": name,
            "mean": spread.mean,
            "low": (spread.interval or (spread.mean,) * 2)[0],
            "high": min((spread.interval or (spread.mean,) * 2)[1], 1),
            "written": percent(spread.mean),
        }
        for name, spread in spreads.items()
    ]
    rule: Json = {
        "data": {"values": means},
        "mark": {"type": "rule", "strokeWidth": 5, "opacity": 0.3, "color": palette.ACCENT, "clip": True},
        "encoding": {"y": y, "x": x | {"field": "low"}, "x2": {"field": "high"}},
    }
    tick: Json = {
        "data": {"values": means},
        "mark": {"type": "tick", "thickness": 3, "size": 26, "color": palette.ACCENT},
        "encoding": {"y": y, "x": x | {"field": "mean"}, "tooltip": {"field": "written", "title": _("Mean")}},
    }
    seed_dots: Json = {
        "mark": {"type": "point", "filled": True, "size": 70, "opacity": 0.75, "color": theme.ink()},
        "encoding": {
            "y": y,
            "x": x | {"field": "value"},
            "tooltip": [
                {"field": "method", "title": " "},
                {"field": "seed", "title": _("seed")},
                {"field": "value", "title": _("accuracy"), "format": ".1%"},
            ],
        },
    }
    spec = {"height": _ROW * len(names) + 30, "layer": [rule, tick, seed_dots]}
    st.vega_lite_chart(each, spec, key="study-dots", alt=_("Accuracy of each method with each seed, and its mean"))
