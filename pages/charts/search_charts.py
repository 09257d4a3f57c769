"""A search: its leaderboard, which settings matter, and a method's runs as lines through its settings."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from da_core import palette
from da_core.evaluation.validators import validators
from da_core.export.search_table import spread_words
from da_core.export.setting_words import method_settings
from da_core.export.validator_rows import score_words
from da_core.params import Params, describe
from da_core.several_runs.search import Search
from da_core.several_runs.tried import Tried, ranked
from pages.charts import chart_table, plotly_figure, vega_chart
from pages.session.words import _, language, percent, safe, word
from pages.shell import theme

_SHOWN = 15
_BAR = 34  # pixels


def leaderboard(search: Search, tried: Sequence[Tried], *, reveal: bool) -> pd.DataFrame:
    """Tabulate the best settings so far, the best first; with ``reveal``, accuracy on the target as well."""
    from da_core.methods import methods

    rows = ranked(tried)[:_SHOWN]
    titles = [safe(word(methods()[trial.method.name].title)) for trial in rows]
    table = {
        _("Place"): [str(place) for place in range(1, len(rows) + 1)],
        _("Method"): titles,
        _("Settings"): [safe(method_settings(trial.method, language())) or _("its defaults") for trial in rows],
        word(validators()[search.validator].title): [
            score_words(search.validator, trial.score, language()) for trial in rows
        ],
    }
    if search.seeds > 1:
        table[_("Range over the seeds")] = [
            spread_words(trial, lambda score: score_words(search.validator, score, language())) or "–" for trial in rows
        ]
    if reveal:
        table[_("Accuracy on the target")] = [
            "–" if trial.target_accuracy is None else percent(trial.target_accuracy) for trial in rows
        ]
    return pd.DataFrame(table).set_index(_("Place"))


def bars(shares: Mapping[str, float], kind: type[Params]) -> None:
    """Draw the importance of each setting of a method. Plain Vega-Lite, which redraws without a flicker."""
    titles = {hyper.name: word(hyper.title) for hyper in describe(kind)}
    rows = pd.DataFrame(
        [(titles[name], share, percent(share)) for name, share in shares.items()], columns=["what", "share", "written"]
    )
    spec: dict[str, Any] = {
        "height": _BAR * len(rows) + 30,
        "mark": {"type": "bar", "color": palette.ACCENT, "height": {"band": 0.6}},
        "encoding": {
            "y": {
                "field": "what",
                "type": "nominal",
                "title": None,
                "sort": list(rows["what"]),
                "axis": {"labelLimit": 220},
            },
            "x": {"field": "share", "type": "quantitative", "title": None, "axis": {"format": ".0%", "tickCount": 5}},
            "tooltip": [{"field": "what", "title": " "}, {"field": "written", "title": _("value")}],
        },
    }
    labels = [f"{what} {written}" for what, written in zip(rows["what"], rows["written"], strict=True)]
    alt = chart_table.sentence(_("Share of the scores’ variance that each setting explains"), *labels)
    table = rows.set_index("what")[["written"]].rename_axis(_("Setting")).set_axis([_("Share")], axis=1)
    vega_chart.draw(rows, spec, "search-bars", alt, table)


def parallel(search: Search, tried: Sequence[Tried], method: str, kind: type[Params], space: Mapping[str, Any]) -> None:
    """Draw a line for each run of a method, through its settings to its score: the better, the stronger."""
    runs = [trial for trial in reversed(ranked(tried)) if trial.method.name == method]  # the best is drawn last
    values = [kind(**trial.method.params).model_dump() for trial in runs]
    titles = {hyper.name: word(hyper.title) for hyper in describe(kind)}
    dimensions = [_axis(titles[name], [trial[name] for trial in values], axis) for name, axis in space.items()]
    scores = [trial.score or 0.0 for trial in runs]
    title = word(validators()[search.validator].title)
    dimensions.append({"label": _short(title), "values": scores})
    line = {"color": scores, "colorscale": [[0, palette.translucent(palette.GREY, 0.35)], [1, palette.ACCENT]]}
    ink = {"color": theme.ink(), "size": 12}
    trace = go.Parcoords(
        dimensions=dimensions, line=line, labelfont=ink, tickfont=ink, rangefont={"color": palette.CLEAR}
    )
    margin = {"l": 84, "r": 84, "t": 60, "b": 24}
    figure = plotly_figure.base_figure(trace, height=320, margin=margin)
    written = [score_words(search.validator, trial.score, language()) for trial in runs]
    table = pd.DataFrame(
        [[_yes_or_no(trial[name]) for name in space] + [score] for trial, score in zip(values, written, strict=True)],
        index=pd.Index(range(1, len(runs) + 1)),
        columns=[*(titles[name] for name in space), title],
    )[::-1]
    table.index = pd.Index([str(place) for place in range(1, len(runs) + 1)], name=_("Place"))
    alt = chart_table.sentence(
        _("One line per run, through its settings to its score"),
        _("{count} runs", count=len(runs)),
        f"{title} {written[0]} … {written[-1]}",
    )
    plotly_figure.draw(figure, "search-parallel", alt, table)


def _axis(title: str, values: Sequence[Any], axis: Any) -> dict[str, Any]:
    """Describe one setting's axis: choices by their place, a logarithmic scale by powers of ten."""
    label = _short(title)
    if hasattr(axis, "choices"):
        places = [axis.choices.index(value) for value in values]
        names = [_yes_or_no(choice) for choice in axis.choices]
        return {"label": label, "values": places, "tickvals": list(range(len(names))), "ticktext": names}
    if not axis.log:
        return {"label": label, "values": list(values), "range": [axis.low, axis.high]}
    ends = [math.log10(axis.low), math.log10(axis.high)]
    ticks = [*ends, *range(math.floor(ends[0]) + 1, math.ceil(ends[1]))]
    logs = [math.log10(value) for value in values]
    return {
        "label": label,
        "values": logs,
        "range": ends,
        "tickvals": ticks,
        "ticktext": [f"{10**log:.3g}" for log in ticks],
    }


def _yes_or_no(choice: Any) -> str:
    if isinstance(choice, bool):
        return _("yes") if choice else _("no")
    return plotly_figure.verbatim([str(choice)])[0]


def _short(title: str) -> str:
    return plotly_figure.verbatim([title if len(title) <= 22 else title[:21] + "…"])[0]
