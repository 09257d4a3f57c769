"""A study: its picture, which grows in place (a dot a seed, the mean and its interval), its tables and verdicts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from da_core import palette
from da_core.evaluation.seed_statistics import Comparison, Spread
from pages.charts import chart_table, vega_chart
from pages.session.words import _, number, percent, points, signed
from pages.shell import theme

_ROW = 54
LEAST_SEEDS = 4
"""Fewer seeds get no verdict: three of a kind are no rarity."""
Json = dict[str, Any]


def dots(scores: Mapping[str, Mapping[int, float]], spreads: Mapping[str, Spread], key: str) -> None:
    """Draw one row per method, in this order. Plain Vega-Lite, which redraws without a flicker."""
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
            **dict(zip(("low", "high"), spread.interval or (spread.mean,) * 2, strict=True)),
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
    alt = chart_table.sentence(
        _("Accuracy of each method with each seed, and its mean"),
        *(f"{name} {percent(spread.mean)}" for name, spread in spreads.items()),
    )
    table = chart_table.pivot(
        ((name, str(seed), percent(value)) for name in names for seed, value in scores[name].items()),
        f"{_('Method')} / {_('seed')}",
    )
    vega_chart.draw(each, spec, key, alt, table)


def spread_table(spreads: Mapping[str, Spread]) -> pd.DataFrame:
    """Tabulate mean, deviation and interval of each method."""
    return pd.DataFrame(
        {
            _("Mean"): [percent(spread.mean) for spread in spreads.values()],
            _("Standard deviation"): [
                number(100 * spread.deviation, 1) if spread.interval else "" for spread in spreads.values()
            ],
            _("Mean, approximate 95%"): [
                f"{number(100 * spread.interval[0], 1)} – {percent(spread.interval[1])}" if spread.interval else ""
                for spread in spreads.values()
            ],
            _("Seeds"): [number(len(spread.values)) for spread in spreads.values()],
        },
        index=pd.Index(list(spreads)),
    )


def pair_table(pairs: Sequence[Comparison]) -> pd.DataFrame:
    """Tabulate the differences of pairs, each with its interval and verdict."""
    return pd.DataFrame(
        {
            _("Difference"): [points(pair.mean) for pair in pairs],
            _("Interval"): [
                "" if pair.interval is None else " … ".join(signed(end) for end in pair.interval) for pair in pairs
            ],
            _("Verdict"): [verdict(pair) for pair in pairs],
        },
        index=pd.Index([_("{first} − {second}", first=pair.first, second=pair.second) for pair in pairs]),
    )


def verdict(pair: Comparison) -> str:
    """Say in words whether the first is better, on how many seeds, and how many would settle it."""
    if pair.interval is None or pair.count < LEAST_SEEDS:
        return ""
    if pair.mean >= 0:
        seen = _("Better on {seeds} of {count} seeds", seeds=pair.better, count=pair.count)
    else:
        seen = _("Worse on {seeds} of {count} seeds", seeds=pair.worse, count=pair.count)
    if not pair.interval[0] <= 0 <= pair.interval[1]:
        return _("{seen}: more than luck.", seen=seen)
    if pair.needed is not None:
        return _("{seen}; about {needed} seeds would settle it.", seen=seen, needed=pair.needed)
    return _("{seen}; not significant with these seeds.", seen=seen)
