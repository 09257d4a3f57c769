"""Runs beside one another: results, pictures, curves, and what differs in their experiments; a pair's leaderboard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import streamlit as st

from da_core.evaluation.seed_statistics import spread
from da_core.export import setting_words
from da_core.jobs.database.run_database import KeptRun, on_target
from da_core.jobs.leaderboard import leaderboard
from da_core.jobs.store import AwayError, Record, store
from da_core.params import Scalar
from da_core.several_runs.setting_differences import differences
from pages.charts import chart_table, curves, seeds
from pages.run import current_run, run_row, two_runs
from pages.session import keys
from pages.session.words import _, explain, language, listing, number, percent, points, safe, seconds
from pages.shell import cards

MOST = 8
"""Runs beside one another: more columns and hues cannot be told apart."""


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
        for run, name in zip(runs, names, strict=True):
            if st.button(safe(_("Results of {run}", run=name)), type="tertiary"):
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
    two_runs.section(there[pair[0]], there[pair[1]], pair)


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
    for place, (run, column) in enumerate(zip(runs, map(safe, names), strict=True)):
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
    for name, run, record in zip(map(safe, names), runs, records, strict=True):
        table[name] = [
            share(run.before),
            f"**{share(run.after)}**",
            "–" if run.gain is None else points(run.gain),
            *from_record(record),
            seconds(run.seconds),
        ]
    st.table(table, border="horizontal", hide_index=True)


def _curves(names: Sequence[str], records: Sequence[Record | None]) -> None:
    """Draw one quantity over the epochs of the last phase that trained, a line a run."""
    histories = {name: record.history for name, record in zip(names, records, strict=True) if record is not None}
    titles = curves.quantities(histories.values())
    if not titles:
        st.markdown(_("These runs did not train epoch by epoch, so there are no curves."))
        return
    default = "accuracy/target" if "accuracy/target" in titles else None
    chosen = cards.segments(_("Curve"), titles, keys.COMPARE_CURVE, default=default)
    chart = curves.several(histories, chosen)
    chart.draw("compare-curves", _("{what} over the epochs, one line per run; at the end", what=titles[chosen]))
    chart_table.draw(chart.numbers(), "compare-curves")


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
    scores = {
        name: {run.seed: run.after for run in standing.runs if run.after is not None}
        for name, standing in zip(names, standings, strict=True)
    }
    spreads = {name: spread(list(of_seeds.values()), within=(0.0, 1.0)) for name, of_seeds in scores.items()}
    seeds.dots(scores, spreads, "leaderboard")
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
