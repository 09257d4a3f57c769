"""“Which run?”: pick a run without target labels, and compare with each validator's pick and regret."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from da_core.evaluation.candidates import Candidate, candidates, judge_validator
from da_core.evaluation.validators import validators
from da_core.export import setting_words
from da_core.jobs.background_work import searches, studies
from da_core.jobs.store import Record, store
from da_core.several_runs.setting_differences import differences
from da_core.several_runs.trials import runs_of
from pages.charts import chart_table
from pages.lab import weight_sweep
from pages.run import run_row, validators_section
from pages.session import keys, state
from pages.session.words import _, language, number, percent, safe
from pages.shell import navigation

MOST = 60
"""Runs that are looked at: each is read from its file."""
LEAST = 2


def sets_of_runs() -> dict[str, list[str]]:
    """List the sets that one can choose among, by title, each with its runs' ids."""
    kept = [run for run in run_row.list_runs() if run.deleted_at is None and run.after is not None]
    sets: dict[str, list[str]] = {}
    study = studies().latest(state.owner())
    if study is not None and (of_study := runs_of(study.outcomes)):
        sets[_("Your latest study")] = list(dict.fromkeys(of_study.values()))
    search = searches().latest(state.owner())
    if search is not None and (of_search := [outcome.run_id for outcome in search.outcomes if outcome.run_id]):
        sets[_("Your latest search")] = of_search
    pairs = {run.run_id: run.pair for run in kept}
    ticked = [run for run in st.session_state.get(keys.TICKED_RUNS, []) if run in pairs]
    if len(ticked) >= LEAST and len({pairs[run] for run in ticked}) == 1:
        sets[_("The ticked runs")] = ticked
    for pair in dict.fromkeys(pairs.values()):
        of_pair = [run for run in kept if run.pair == pair]
        sets[run_row.pair_title(of_pair[0].experiment.data)] = [run.run_id for run in of_pair]
    return sets


def names(among: Sequence[Candidate]) -> list[str]:
    """Name the candidates by method and what sets them apart, each differently."""
    apart = differences([candidate.experiment for candidate in among])
    apart = {name: values for name, values in apart.items() if name.startswith("method.") or name == "seed"}
    titles = []
    for place, candidate in enumerate(among):
        parts = [
            _("Source only") if candidate.when == "before" else run_row.method_title(candidate.experiment.method.name)
        ]
        for name, values in apart.items():
            if values[place] is not None and (candidate.when == "after" or name == "seed"):
                parts.append(setting_words.titled_value(candidate.experiment, name, values[place], language()))
        titles.append(" · ".join(parts))
    return [f"{name} ({place})" if titles.count(name) > 1 else name for place, name in enumerate(titles, start=1)]


def table(among: Sequence[Candidate], called: Sequence[str], *, truth: bool, unlocked: bool, own: int | None) -> None:
    """Draw what each validator would pick and, once the truth is out, what that costs and the reader's ``own`` pick."""
    best = max(candidate.accuracy for candidate in among)
    rows: list[list[str]] = []
    if own is not None:
        lost = best - among[own].accuracy
        rows.append([_("You"), safe(called[own]), percent(among[own].accuracy), number(100 * lost, 1), ""])
    for name, kind in validators().items():
        judged = judge_validator(among, name)
        if judged is None or (kind.cost and not unlocked):
            continue
        pick = safe(called[judged.picked[0]])
        if len(judged.picked) > 1:
            pick = _("{count} tied", count=len(judged.picked))
        ranks = "–"
        if judged.correlation is not None:
            between = " … ".join(number(end, 2) for end in judged.interval or ()) or _("no interval")
            ranks = f"{number(judged.correlation, 2)} :gray[{between}]"
        title = f"{safe(_(kind.title))} ◆" if kind.labels != "none" else safe(_(kind.title))
        rows.append([title, pick, percent(judged.accuracy), number(100 * judged.regret, 1), ranks])
    header = [
        _("Validator"),
        _("It would pick"),
        _("Accuracy on the target"),
        _("Regret in points"),
        _("Rank correlation"),
    ]
    count = 5 if truth else 2
    drawn = pd.DataFrame([row[:count] for row in rows], columns=header[:count])
    chart_table.scores(drawn.set_index(header[0]), "regret")
    if truth:
        st.caption(
            _(
                "Regret: accuracy of the best of these models minus that of the one picked; ties are broken at "
                "random. Rank correlation: Spearman’s correlation of score and accuracy, with its approximate 95% "
                "interval. It resamples methods, because the seeds of one method resemble each other; fewer than six "
                "methods give no interval."
            )
        )


def choose(records: Sequence[Record], place: int) -> None:
    """Ask for the reader's pick, and show what the validators would pick and, when asked for, what is true."""
    among = candidates((record.experiment, record.result) for record in records)
    if len(among) < LEAST:
        st.info(_("Validators have scored fewer than two models here; runs of an earlier version have no scores."))
        return
    called = names(among)
    st.markdown(
        _(
            "{count} models and no target labels. Which one would you keep? Choose one, then see the validators’ "
            "picks and the true accuracies.",
            count=len(among),
        )
    )
    own = st.selectbox(
        _("Your pick"),
        range(len(among)),
        index=None,
        format_func=called.__getitem__,
        placeholder=_("Choose"),
        key=keys.which_run_pick(place),
    )
    left, right = st.columns(2)
    with left:
        truth = st.toggle(_("Show results"), key=keys.WHICH_RUN_TRUTH)
    with right:
        unlocked = validators_section.unlock()
    if own is not None or truth:
        table(among, called, truth=truth, unlocked=unlocked, own=own if truth else None)
    validators_section.explained()


navigation.header("which_run")
with st.spinner(_("Loading the methods…")):
    import da_core.methods  # noqa: F401  # their titles

sets = sets_of_runs()
if not sets:
    with st.container(border=True):
        st.markdown(_("**There are no runs to choose from yet.** Train models, or repeat one over methods and seeds."))
        with st.container(horizontal=True):
            navigation.link_to("train", _("Go to Train"))
            navigation.link_to("stability", _("Go to Stability"))
else:
    chosen = st.selectbox(_("Runs"), list(sets), key=keys.WHICH_RUN_SET)
    found = [record for run in sets[chosen][:MOST] if (record := store().load(run)) is not None]
    choose(found, list(sets).index(chosen))
weight_sweep.section()
