"""Runs in a row: one thing changed from the first to each, side by side while they go and afterwards."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from da_core.export import setting_words
from da_core.jobs.queue import queue
from da_core.jobs.scheduling.run_view import RunView
from da_core.jobs.store import AwayError, Record, store
from da_core.several_runs.setting_differences import differences
from pages.charts import chart_table, curves
from pages.run import change_one, current_run, live, run_row, two_runs
from pages.session import keys, state
from pages.session.polling import follow
from pages.session.words import _, explain, explaining, language, listing, number, percent, points, safe, signed
from pages.shell import navigation


def views(runs: Sequence[str]) -> list[RunView]:
    """View all runs of the row that there are, and keep those alive that go."""
    return [view for run in runs if (view := queue().view(run, renew=True)) is not None]


def are_over(row: Sequence[RunView]) -> bool:
    return not any(view.live for view in row)


def names(row: Sequence[RunView]) -> list[str]:
    """Name the first by its method, each other one by what is changed in it."""
    first = row[0].experiment
    titles = [run_row.method_title(first.method.name)]
    for view in row[1:]:
        changed = differences([first, view.experiment])
        if "method" in changed:
            titles.append(run_row.method_title(view.experiment.method.name))
            continue
        changes = [
            setting_words.titled_value(view.experiment, name, values[1], language()) for name, values in changed.items()
        ]
        titles.append(listing(changes[:2]) or run_row.method_title(view.experiment.method.name))
    return [f"{name} ({place})" if titles.count(name) > 1 else name for place, name in enumerate(titles, start=1)]


def side_by_side(row: Sequence[RunView]) -> None:
    """Draw each run's state or numbers in a column, and all curves on one axis."""
    called = names(row)
    records = [store().load(view.run_id) if view.state == "done" else None for view in row]
    for place, (column, view, name, record) in enumerate(
        zip(st.columns(len(row), border=True, gap="small"), row, called, records, strict=True)
    ):
        with column:
            st.markdown(f"**{safe(name)}**" if place else f"**{safe(name)}** :gray[{_('original')}]")
            if record is not None:
                finished(record, records[0] if place else None)
            else:
                going(view)
    chart = curves.several({name: view.history for name, view in zip(called, row, strict=True)})
    if chart.table.empty:
        return
    st.markdown(f"**{_('Accuracy on the target')}**")
    title, live = _("Accuracy on the target over the epochs, one line a run"), any(view.live for view in row)
    chart.draw("what-if-curves", title)
    if live:
        chart_table.draw_live(chart.numbers, "what-if-curves")
    else:
        chart_table.draw(chart.numbers(), "what-if-curves")
    if going_on := [place for place, view in enumerate(row) if view.live and place]:
        newest = going_on[-1]
        two_runs.pictures_so_far(row[0], row[newest], (called[0], called[newest]))


def going(view: RunView) -> None:
    """Draw how far a run is, and the way to stop it; of one that ended without a result, why."""
    if not view.live:
        st.warning(explain(view.error) if view.error else _("This run was stopped."))
        return
    st.progress(view.fraction, live.progress_words(view))
    if queue().owns(view.run_id, state.owner()):
        with st.popover(_("Stop"), key=keys.row_control("ask", view.run_id)):
            st.markdown(_("What this run has learned will be discarded."))
            if st.button(_("Stop and discard"), key=keys.row_control("stop", view.run_id)):
                with explaining():
                    queue().stop(view.run_id, state.owner())
                    st.rerun()


def finished(record: Record, first: Record | None) -> None:
    """Draw a run's accuracy before and after and, beside the ``first`` of the row, the gain between the two."""
    before, after = record.result.source_only.scored.accuracy, record.result.adapted.scored.accuracy
    st.metric(_("Adapted"), percent(after), points(after - before).replace("−", "-"), delta_color="off")
    st.caption(_("Source only: {accuracy}", accuracy=percent(before)))
    if first is None or not record.result.target_scored:
        return
    gained = two_runs.paired_gain(first, record)
    if gained is None:
        st.caption(_("The two runs share no scored samples, so they cannot be compared in pairs."))
        return
    low, high = gained.interval
    st.markdown(
        _(
            "**{points}** relative to the first run (95% interval {low} to {high}), on the {count} samples that both "
            "hold out.",
            points=points(gained.accuracy),
            low=signed(low),
            high=signed(high),
            count=number(gained.count),
        )
    )


def compared(row: Sequence[RunView]) -> None:
    """Draw the feature pictures of two finished runs, linked, and their confusion matrices."""
    called = names(row)
    done = {
        name: record
        for name, view in zip(called, row, strict=True)
        if view.state == "done" and (record := store().load(view.run_id)) is not None
    }
    later = [name for name in done if name != called[0]]
    if called[0] not in done or not later:
        return
    other = later[-1]
    if len(later) > 1:
        other = st.segmented_control(
            _("Compare the first run with"), later, default=other, required=True, key=keys.WHAT_IF_PAIR
        )
    two_runs.section(done[called[0]], done[other], (called[0], other))


navigation.header("what_if")
with st.spinner(_("Loading the methods…")):
    import da_core.methods  # noqa: F401  # their titles

runs = state.row()
here = views(runs)
if missing := [run for run in runs if run not in {view.run_id for view in here}]:
    try:
        store().is_damaged(missing[0])
        st.warning(_("A run in this link no longer exists; change the first run again to repeat it."))
    except AwayError as error:
        st.warning(explain(error))
if not here:
    run = state.run_id()
    record = store().load(run) if run else None
    with st.container(border=True):
        if record is None:
            st.markdown(_("**No finished run is open.** Open one of Runs, train a model, or begin with the example."))
            with st.container(horizontal=True, vertical_alignment="center"):
                navigation.link_to("runs", _("Go to Runs"))
                navigation.link_to("train", _("Go to Train"))
                current_run.offer_example()
        else:
            st.markdown(current_run.summary(record.experiment))
            change_one.ask(record.experiment, [record.run_id])
else:
    st.caption(current_run.summary(here[0].experiment))
    if len(here) < state.MOST_IN_A_ROW:
        change_one.ask(here[0].experiment, [view.run_id for view in here])
    follow(lambda: views(runs), are_over, side_by_side, was_over=are_over(here))
    compared(here)
