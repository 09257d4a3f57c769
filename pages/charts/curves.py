"""Curves of training that grow in place: loss terms, accuracies, and the domain classifier's accuracy."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from da_core import palette
from da_core.evaluation.domain_accuracy import History, interpret
from da_core.events import Accuracies, Losses, Phase
from pages.charts import chart_table, loss_terms, vega_chart
from pages.session.words import _, number, percent, translate_message, word
from pages.shell import theme

Json = dict[str, Any]

_HEIGHT = 280
_TERMS = (palette.ACCENT, *palette.SERIES)


_SHARE: Json = {
    "field": "value",
    "type": "quantitative",
    "title": None,
    "scale": {"domain": [0, 1]},
    "axis": {"format": ".0%", "values": [0, 0.25, 0.5, 0.75, 1]},
}
_ANY_VALUE: Json = {"field": "value", "type": "quantitative", "title": None, "scale": {"zero": True}}


@dataclass(frozen=True)
class Chart:
    """Lines over the epochs: a table with the columns epoch, what and value, and how it is drawn.

    The lines and guides are plain Vega-Lite, since building and checking charts twice a second slows training.
    """

    table: pd.DataFrame
    epochs: int
    y: Json
    lines: Sequence[Json]
    guides: Sequence[Json] = ()
    height: int = _HEIGHT

    @property
    def spec(self) -> Json:
        """Build the chart in Vega-Lite."""
        axis, scale = {"tickMinStep": 1}, {"domain": [0, self.epochs]}
        x = {"field": "epoch", "type": "quantitative", "title": _("epoch"), "scale": scale, "axis": axis}
        lines = [line | {"encoding": {"x": x, "y": self.y} | line.get("encoding", {})} for line in self.lines]
        return {"height": self.height, "layer": [*lines, *self.guides]}

    def draw(self, key: str, title: str) -> None:
        """Put the chart on the page, each line's newest number in its sentence; its table is drawn by itself."""
        newest = dict(zip(self.table["what"], self.table["value"], strict=True))
        alt = chart_table.sentence(title, *(f"{name} {self._written(value)}" for name, value in newest.items()))
        vega_chart.draw(self.table, self.spec, key, alt, None)

    def numbers(self) -> pd.DataFrame:
        """Tabulate the lines, one a column, by epoch."""
        rows = zip(self.table["epoch"], self.table["what"], self.table["value"], strict=True)
        return chart_table.pivot(
            ((number(epoch, 0 if float(epoch).is_integer() else 2), name, self._written(v)) for epoch, name, v in rows),
            _("epoch"),
        )

    def _written(self, value: float) -> str:
        return percent(value) if self.y is _SHARE else number(value, 3)


def phases(history: History) -> list[Phase]:
    """List the phases that have begun to train, in their order."""
    return list(dict.fromkeys(event.phase for event in history))


def latest(history: History, phase: Phase) -> dict[str, float]:
    """Return the accuracies at the end of the newest epoch of a phase; empty before the first."""
    values = [event.values for event in history if isinstance(event, Accuracies) and event.phase == phase]
    return values[-1] if values else {}


def newest_quarter(history: History, phase: Phase, epochs: int) -> Accuracies | None:
    """Return the accuracies with which the newest quarter of a phase's epochs was completed; None before the first."""
    quarters: dict[int, Accuracies] = {}
    for event in history:
        if isinstance(event, Accuracies) and event.phase == phase:
            quarters.setdefault(int(4 * event.epoch / epochs), event)
    newest = max(quarters, default=0)
    return quarters[newest] if newest else None


def draw(history: History, phase: Phase, epochs: int, *, live: bool = False) -> None:
    """Draw the curves of one phase, each with its latest number, and offer a table of them all."""
    values = latest(history, phase)
    left, right = st.columns(2, gap="medium")
    with left:
        terms = dict.fromkeys(
            name for event in history if isinstance(event, Losses) and event.phase == phase for name in event.terms
        )
        _title(_("Loss"), help=loss_terms.explained(terms))
        drawn = [losses(history, phase, epochs)]
        drawn[0].draw(f"losses-{phase}", _("Each loss term over the epochs"))
    with right:
        both = [f"{word(name)} {percent(values[name])}" for name in ("source", "target") if name in values]
        _title(_("Accuracy on held-out samples"), *both)
        alt_text = _("Accuracy on held-out source and target samples over the epochs")
        drawn.append(accuracies(history, phase, epochs))
        drawn[-1].draw(f"accuracies-{phase}", alt_text)
    if "domain" in values:
        left, right = st.columns(2, gap="medium", vertical_alignment="center")
        with left:
            _title(_("Accuracy of the domain classifier"), percent(values["domain"]))
            alt_text = _("Accuracy of the domain classifier over the epochs; 50% is chance")
            drawn.append(domain(history, phase, epochs))
            drawn[-1].draw(f"domain-{phase}", alt_text)
        notice = interpret(history, history[-1].epoch / epochs)
        if notice is not None:
            right.markdown(translate_message(notice.message, notice.values))
    if all(chart.table.empty for chart in drawn):
        return
    if live:
        chart_table.draw_live(partial(_by_epoch, drawn), "curves")
    else:
        chart_table.draw(_by_epoch(drawn), "curves")


def _by_epoch(drawn: Sequence[Chart]) -> pd.DataFrame:
    """Tabulate charts of one phase, the first of them of its losses, by epoch."""
    losses, *shares = drawn
    losses = replace(losses, table=losses.table.assign(what=losses.table["what"].map(_loss)))
    return pd.concat([chart.numbers() for chart in (losses, *shares) if not chart.table.empty], axis=1).fillna("")


def _loss(term: str) -> str:
    return _("Loss: {term}", term=term)


def _title(text: str, *numbers: str, help: str | None = None) -> None:
    st.markdown(" · ".join([f"**{text}**", *numbers]), help=help)


def losses(history: History, phase: Phase, epochs: int) -> Chart:
    """Chart each loss term, a line of its own hue and dash."""
    table = _table(history, Losses, phase)
    names = list(dict.fromkeys(table["what"]))
    # a line needs two values: until then a mark shows the first
    line = {"type": "line", "strokeWidth": 2, "point": len(table) <= len(names)}
    colour = _lines(names, [_TERMS[i % len(_TERMS)] for i in range(len(names))])
    bare = {"axis": {"labels": False, "ticks": False}}  # an axis without values would be labelled 0.000000
    y = _ANY_VALUE | bare if table.empty else _ANY_VALUE
    return Chart(table, epochs, y, [{"mark": line, "encoding": {**colour, "tooltip": _tooltip(".3f")}}])


def accuracies(history: History, phase: Phase, epochs: int) -> Chart:
    """Chart source and target accuracy in their own colours and marks; a dashed line is what source only reached."""
    table = _table(history, Accuracies, phase, ("source", "target"))
    names, hues = [word("source"), word("target")], [palette.SOURCE, palette.TARGET]
    colour = _hues(names, hues)
    shape = {
        "field": "what",
        "scale": {"domain": names, "range": [palette.SOURCE_SYMBOL, palette.TARGET_SYMBOL]},
        "title": None,
    }
    lines: list[Json] = [
        {"mark": {"type": "line", "strokeWidth": 2}, "encoding": {"color": colour}},
        {
            "mark": {"type": "point", "filled": True, "size": 45, "opacity": 1},
            "encoding": {"color": colour, "shape": shape, "tooltip": _tooltip(".1%")},
        },
    ]
    yardstick = None if phase == "source_only" else latest(history, "source_only").get("target")
    guides = [] if yardstick is None else _guide(yardstick, _("target, source only"))
    return Chart(table, epochs, _SHARE, lines, guides)


def quantities(histories: Iterable[History]) -> dict[str, str]:
    """List what `several` can chart of these runs, accuracies first, with their titles."""
    titles = {"accuracy/source": _("Source accuracy"), "accuracy/target": _("Target accuracy")}
    names = [name for history in histories for event in _last_phase(history) for name in _values(event)]
    return {
        name: titles.get(name, _("Domain classifier")) if _is_share(name) else _loss(loss_terms.title(name[5:]))
        for name in sorted(dict.fromkeys(names), key=lambda name: not _is_share(name))
    }


def several(histories: Mapping[str, History], quantity: str = "accuracy/target") -> Chart:
    """Chart one quantity of several runs on one axis, a line each: while adapting, or source only where that is all."""
    rows: list[tuple[float, str, float]] = []
    for name, history in histories.items():
        events = _last_phase(history)
        label = name if events and events[0].phase == "adapt" else f"{name} ({_('Source only')})"
        rows += [(event.epoch, label, _values(event)[quantity]) for event in events if quantity in _values(event)]
    table = pd.DataFrame(rows, columns=["epoch", "what", "value"])
    names = list(dict.fromkeys(table["what"]))
    colour = _lines(names, [theme.class_colour(place) for place in range(len(names))])
    mark = {"type": "line", "strokeWidth": 2.5, "point": {"size": 40}}
    y, digits = (_SHARE, ".1%") if _is_share(quantity) else (_ANY_VALUE, ".3f")
    line: Json = {"mark": mark, "encoding": {**colour, "tooltip": _tooltip(digits)}}
    return Chart(table, max(1, math.ceil(table["epoch"].max())) if rows else 1, y, [line])


def _is_share(quantity: str) -> bool:
    return quantity.startswith("accuracy/")


def _last_phase(history: History) -> list[Losses | Accuracies]:
    """List the events of adapting, or of source only where there are none."""
    adapting = [event for event in history if event.phase == "adapt"]
    return adapting or [event for event in history if event.phase == "source_only"]


def _values(event: Losses | Accuracies) -> dict[str, float]:
    kind, values = ("loss", event.terms) if isinstance(event, Losses) else ("accuracy", event.values)
    return {f"{kind}/{name}": value for name, value in values.items()}


def domain(history: History, phase: Phase, epochs: int) -> Chart:
    """Chart how often the domain classifier is right, with chance, 50%, as a guide."""
    table = _table(history, Accuracies, phase, ("domain",))
    mark = {"color": palette.ACCENT, "opacity": 1}
    lines: list[Json] = [
        {"mark": {"type": "line", "strokeWidth": 2, **mark}},
        {
            "mark": {"type": "point", "filled": True, "size": 40, "shape": "square", **mark},
            "encoding": {"tooltip": _tooltip(".1%")},
        },
    ]
    return Chart(table, epochs, _SHARE, lines, _guide(0.5, _("chance")), _HEIGHT - 60)


def _table(
    history: History, kind: type[Losses | Accuracies], phase: Phase, only: Iterable[str] | None = None
) -> pd.DataFrame:
    rows = [
        (event.epoch, (loss_terms.title if kind is Losses else word)(name), value)
        for event in history
        if isinstance(event, kind) and event.phase == phase
        for name, value in (event.terms if isinstance(event, Losses) else event.values).items()
        if only is None or name in only
    ]
    return pd.DataFrame(rows, columns=["epoch", "what", "value"])


def _hues(names: Sequence[str], hues: Sequence[str]) -> Json:
    legend = {"orient": "top", "title": None, "offset": 4, "symbolStrokeWidth": 3}
    return {"field": "what", "scale": {"domain": list(names), "range": list(hues)}, "legend": legend, "title": None}


def _lines(names: Sequence[str], hues: Sequence[str]) -> Json:
    """Encode lines by hue and dash, in one legend."""
    dashes = [list(theme.dash(place)) for place in range(len(names))]
    dash = {"field": "what", "scale": {"domain": list(names), "range": dashes}, "title": None}
    return {"color": _hues(names, hues), "strokeDash": dash}


def _tooltip(number: str) -> list[Json]:
    return [
        {"field": "what", "title": " "},
        {"field": "epoch", "type": "quantitative", "title": _("epoch"), "format": ".1f"},
        {"field": "value", "type": "quantitative", "title": _("value"), "format": number},
    ]


def _guide(height: float, label: str) -> list[Json]:
    """Make a dashed line across, named at its right end; it has one row of data of its own, so it is drawn once."""
    once: Json = {"values": [{}]}
    y = {"datum": height}
    # its name stands beside it, so a reader of the page's roles need not meet it
    rule = {"type": "rule", "strokeDash": [5, 4], "color": theme.ink(), "opacity": 0.5, "aria": False}
    text = {"type": "text", "text": label, "align": "right", "baseline": "top", "dx": -4, "dy": 4}
    return [
        {"data": once, "mark": rule, "encoding": {"y": y}},
        {
            "data": once,
            "mark": text | {"color": theme.ink(), "opacity": 0.7},
            "encoding": {"x": {"value": "width"}, "y": y},
        },
    ]
