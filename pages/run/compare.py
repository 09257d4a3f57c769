"""Runs beside one another: results, pictures, curves, and what differs in their experiments; a pair's leaderboard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import plotly.graph_objects as go
import streamlit as st

from da_core import palette
from da_core.events import Losses
from da_core.export import setting_words
from da_core.jobs.database.run_database import KeptRun, on_target
from da_core.jobs.store import AwayError, Record, store
from da_core.params import Scalar
from da_core.several_runs.leaderboard import differences, leaderboard
from pages.charts import chart_table, loss_terms, plotly_figure
from pages.run import current_run, run_row, two_runs
from pages.session import keys
from pages.session.words import _, explain, language, listing, number, percent, points, safe, seconds
from pages.shell import theme

MOST = 8
"""Runs beside one another: more columns and hues cannot be told apart."""
_SYMBOLS = ("circle", "square", "diamond", "cross", "x", "triangle-up", "star", "hexagon")
_ROW = 44  # pixels a method in the leaderboard


def side_by_side(runs: Sequence[KeptRun]) -> None:
    """Draw everything that two or more runs can be compared by."""
    if len(runs) < 2:
        st.markdown(_("Tick two or more runs in the list to see them side by side."))
        return
    if len(runs) > MOST:
        st.info(_("Only the first {count} ticked runs are shown.", count=MOST))
    runs = runs[:MOST]
    if len({run.pair for run in runs}) > 1:
        st.info(_("These runs are of different domain pairs: their accuracies cannot be compared."))
    names = run_row.titles(runs)
    records, damaged, away = list[Record | None](), list[str](), None
    for run, name in zip(runs, names, strict=True):
        try:
            records.append(_record(run.run_id))
            damaged += [name] if records[-1] is None else []
        except AwayError as error:
            records.append(None)
            away = error
    if away is not None:
        st.warning(explain(away))
    if damaged:
        st.warning(
            _(
                "The files of {runs} are damaged or missing, so only what the list of runs contains is shown. Run it "
                "again.",
                runs=safe(listing(damaged)),
            )
        )
    st.subheader(_("Outcome"), anchor=False)
    _results(runs, names, records)
    _pictures(names, records)
    st.subheader(_("Training curves"), anchor=False)
    _curves(names, records)
    st.subheader(_("What differs"), anchor=False)
    _diff(runs, names)
    with st.container(horizontal=True):
        for place, (run, name) in enumerate(zip(runs, names, strict=True)):
            if st.button(safe(_("Results of {run}", run=name)), key=keys.compared_run(place), type="tertiary"):
                run_row.open_run(run, "results")


def _record(run_id: str) -> Record | None:
    """Load a run whole; None where it has gone or is damaged. Raises `AwayError`."""
    record = store().load(run_id)
    if record is None:
        store().is_damaged(run_id)  # or away
        return None
    return record if current_run.is_whole(record) else None


def _pictures(names: Sequence[str], records: Sequence[Record | None]) -> None:
    """Draw feature pictures and confusion matrices of two of the runs side by side."""
    there = {name: record for name, record in zip(names, records, strict=True) if record is not None}
    pairs = list(combinations(there, 2))
    if not pairs:
        return
    pair = pairs[0]
    if len(pairs) > 1:
        pair = st.selectbox(
            _("Pictures of"),
            pairs,
            format_func=lambda each: _("{first} and {second}", first=each[0], second=each[1]),
            key=keys.COMPARE_PAIR,
        )
    first, second = (there[name] for name in pair)
    st.subheader(_("The same samples in both"), anchor=False)
    two_runs.pictures(first, second, pair)
    st.subheader(_("Confusion matrix"), anchor=False)
    two_runs.confusions(first, second, pair)


def _diff(runs: Sequence[KeptRun], names: Sequence[str]) -> None:
    """Tabulate in words the settings that are not the same; those that only some of the runs have are folded away."""
    differing = differences([run.experiment for run in runs])
    if not differing:
        st.markdown(_("Nothing differs: these runs are of the same experiment."))
        return
    of_all = {name: values for name, values in differing.items() if None not in values}
    of_some = {name: values for name, values in differing.items() if None in values}
    if of_all:
        st.table(_in_words(of_all, runs, names), border="horizontal", hide_index=True)
    if of_some:
        with st.expander(_("{count} settings that only some of them have", count=len(of_some))):
            st.table(_in_words(of_some, runs, names), border="horizontal", hide_index=True)


def _in_words(
    settings: Mapping[str, Sequence[Scalar | None]], runs: Sequence[KeptRun], names: Sequence[str]
) -> dict[str, list[str]]:
    """Write a table of settings, a row each, one column a run; a setting has its title from a run that has it."""
    titles = []
    for name, values in settings.items():
        known = next(run.experiment for run, value in zip(runs, values, strict=True) if value is not None)
        titles.append(safe(setting_words.setting_title(known, name, language())))
    table = {"": titles}
    for place, (run, column) in enumerate(zip(runs, _columns(names), strict=True)):
        table[column] = [
            safe(setting_words.setting_value(run.experiment, name, values[place], language()))
            for name, values in settings.items()
        ]
    return table


def _results(runs: Sequence[KeptRun], names: Sequence[str], records: Sequence[Record | None]) -> None:
    """Tabulate scores and distances, one column a run; a dash where there is none."""

    def share(value: float | None) -> str:
        return "–" if value is None else percent(value)

    def from_record(record: Record | None) -> list[str]:
        if record is None:
            return ["–"] * 4
        result = record.result
        before, after = result.shift.before, result.shift.after
        return [
            share(None if result.oracle is None else on_target(result.oracle)),
            percent(result.adapted.source.accuracy),
            f"{number(before.proxy_a_distance, 2)} → {number(after.proxy_a_distance, 2)}",
            f"{number(before.mmd, 3)} → {number(after.mmd, 3)}",
        ]

    labels = [
        _("Source only, on the target"),
        _("Adapted, on the target"),
        _("Gain on the target"),
        _("Oracle, on the target"),
        _("Adapted, on the source"),
        _("Proxy A-distance"),
        _("MMD²"),
        _("Time"),
    ]
    table = {"": labels}
    for name, run, record in zip(_columns(names), runs, records, strict=True):
        table[name] = [
            share(run.before),
            f"**{share(run.after)}**",
            "–" if run.gain is None else points(run.gain),
            *from_record(record),
            seconds(run.seconds),
        ]
    st.table(table, border="horizontal", hide_index=True)


def _columns(names: Sequence[str]) -> list[str]:
    return [safe(name) for name in names]


def _curves(names: Sequence[str], records: Sequence[Record | None]) -> None:
    """Draw one quantity over the epochs of the last phase that trained, a line a run."""
    curves = [_curves_of(record) for record in records]
    kinds = list(dict.fromkeys(kind for of_run in curves for kind in of_run))
    if not kinds:
        st.markdown(_("These runs did not train epoch by epoch, so there are no curves."))
        return
    labels = {kind: _kind(*kind.split("/", 1)) for kind in kinds}
    chosen = st.segmented_control(
        _("Curve"),
        kinds,
        default="accuracy/target" if "accuracy/target" in kinds else kinds[0],
        format_func=labels.__getitem__,
        required=True,
        key=keys.COMPARE_CURVE,
        label_visibility="collapsed",
    )
    traces = [
        go.Scatter(
            x=[epoch for epoch, _value in of_run[chosen]],
            y=[value for _epoch, value in of_run[chosen]],
            name=plotly_figure.verbatim([name])[0] + ("" if _adapts(record) else f" ({_('Source only')})"),
            mode="lines+markers" if len(of_run[chosen]) < 60 else "lines",
            line={"color": theme.class_colour(place), "width": 2.5, "dash": _dash(place)},
            marker={"size": 7, "symbol": _SYMBOLS[place % len(_SYMBOLS)]},
        )
        for place, (name, of_run, record) in enumerate(zip(names, curves, records, strict=True))
        if chosen in of_run
    ]
    figure = plotly_figure.base_figure(*traces, height=360, legend=True).update_layout(showlegend=True)
    longest = max(max(trace.x) for trace in traces)
    figure.update_xaxes(title_text=_("epoch"), showgrid=True, dtick=max(1, round(longest / 10)))
    if chosen.startswith("accuracy/"):
        figure.update_yaxes(range=[0, 1.02], tickformat=".0%")
    share = chosen.startswith("accuracy/")
    last = [
        f"{name} {percent(of[chosen][-1][1]) if share else number(of[chosen][-1][1], 3)}"
        for name, of in zip(names, curves, strict=True)
        if chosen in of
    ]
    alt = chart_table.sentence(_("{what} over the epochs, one line per run; at the end", what=labels[chosen]), *last)
    plotly_figure.draw(figure, "compare-curves", alt)


def _dash(place: int) -> str:
    return ",".join(f"{length}px" for length in theme.dash(place)) if place else "solid"


def _kind(kind: str, name: str) -> str:
    if kind == "accuracy":
        return {"source": _("Source accuracy"), "target": _("Target accuracy")}.get(name, _("Domain classifier"))
    return _("Loss: {term}", term=loss_terms.title(name))


def _adapts(record: Record | None) -> bool:
    """Tell whether the run adapted epoch by epoch, so that there are curves of it."""
    return record is not None and any(event.phase == "adapt" for event in record.history)


def _curves_of(record: Record | None) -> dict[str, list[tuple[float, float]]]:
    """Collect the curves, (epoch, value) by name, of the adapting phase, or of source only where only that trained."""
    history = () if record is None else record.history
    phase = "adapt" if _adapts(record) else "source_only"
    curves: dict[str, list[tuple[float, float]]] = {}
    for event in history:
        if event.phase != phase:
            continue
        kind, values = ("loss", event.terms) if isinstance(event, Losses) else ("accuracy", event.values)
        for name, value in values.items():
            curves.setdefault(f"{kind}/{name}", []).append((event.epoch, value))
    return dict(sorted(curves.items(), key=lambda item: item[0].startswith("loss")))


def leaderboard_of(runs: Sequence[KeptRun]) -> None:
    """Draw which method does best on a pair, with every seed's dot."""
    pairs = {key: run_row.pair_title(data) for key, data in run_row.pairs(runs).items()}
    if not pairs:
        st.markdown(_("There is nothing to rank yet."))
        return
    pair = st.selectbox(_("Domain pair"), list(pairs), format_func=pairs.__getitem__, key=keys.LEADERBOARD_PAIR)
    standings = leaderboard([run for run in runs if run.pair == pair and run.is_readable])
    if not standings:
        st.markdown(_("There is nothing to rank yet."))
        return
    names = [run_row.method_title(standing.method) for standing in standings]
    dots = go.Scatter(
        x=[run.after for standing in standings for run in standing.runs],
        y=[name for name, standing in zip(names, standings, strict=True) for _run in standing.runs],
        mode="markers",
        name=_("each seed"),
        marker={"size": 10, "color": palette.ACCENT, "opacity": 0.45},
        customdata=[run.seed for standing in standings for run in standing.runs],
        hovertemplate=_("seed {seed}", seed="%{customdata}") + ": %{x:.1%}<extra></extra>",
    )
    mean_ticks = go.Scatter(
        x=[standing.mean for standing in standings if len(standing.runs) > 1],  # that of one seed is no mean
        y=[name for name, standing in zip(names, standings, strict=True) if len(standing.runs) > 1],
        mode="markers",
        name=_("mean"),
        marker={"symbol": "line-ns-open", "size": 20, "color": theme.ink(), "line": {"width": 3}},
        hovertemplate="%{y}: %{x:.1%}<extra></extra>",
    )
    figure = plotly_figure.base_figure(dots, mean_ticks, height=_ROW * len(standings) + 90, legend=True)
    figure.update_xaxes(showgrid=True, **plotly_figure.SHARES)
    figure.update_yaxes(**plotly_figure.ROWS)
    means = [f"{name} {percent(standing.mean)}" for name, standing in zip(names, standings, strict=True)]
    alt = chart_table.sentence(_("Accuracy on the target of each method, the best first"), *means)
    plotly_figure.draw(figure, "leaderboard", alt)
    st.table(
        {
            _("Method"): [safe(name) for name in names],
            _("Accuracy on the target"): [
                percent(standing.mean)
                if len(standing.runs) > 1
                else _("{accuracy} (one seed)", accuracy=percent(standing.mean))
                for standing in standings
            ],
            _("Gain on the target"): [_gain(standing.runs) for standing in standings],
            _("Seeds"): [number(len(standing.runs)) for standing in standings],
            _("Settings tried"): [number(standing.configurations) for standing in standings],
        },
        border="horizontal",
        hide_index=True,
    )
    st.caption(
        _(
            "Each method with its best settings, chosen by accuracy on the target. The more settings and the fewer "
            "seeds were tried, the more of a lead is luck."
        )
    )


def _gain(runs: Sequence[KeptRun]) -> str:
    gains = [run.gain for run in runs if run.gain is not None]
    return points(sum(gains) / len(gains)) if gains else "–"
