"""The same experiment over several seeds and methods: each seed's dot, mean and spread, and pairs compared."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from da_core.evaluation.seed_statistics import comparisons, own_baselines, spread
from da_core.jobs.background_work import StudyView, studies
from da_core.jobs.store import store
from da_core.several_runs.study import SEEDS, Study
from da_core.several_runs.trials import runs_of
from pages.charts import chart_table, seeds
from pages.lab import work_controls
from pages.run import current_run, run_row
from pages.session import keys, state
from pages.session.words import _, listing
from pages.shell import navigation

MOST_METHODS = 6
"""Methods whose dots can still be told apart in one chart."""
Scores = Mapping[str, Mapping[int, float]]


def form(latest: StudyView | None, going: bool) -> None:
    """Ask which methods and how many seeds; all else is the experiment of the walk."""
    with st.spinner(_("Loading the methods…")):
        from da_core.methods import methods

    experiment = state.experiment()
    same = latest is not None and latest.plan.experiment == experiment
    of_latest = latest.plan.methods if latest and same else (experiment.method,)
    chosen = list(dict.fromkeys(spec.name for spec in of_latest))  # a sweep has one method several times
    st.session_state.setdefault(keys.STUDY_METHODS, chosen)
    st.session_state.setdefault(keys.STUDY_SEEDS, latest.plan.seeds if latest and same else 5)
    with st.container(border=True):
        st.markdown(current_run.summary(experiment, as_study=True))
        left, right = st.columns([3, 2], gap="large")
        with left:
            known = [name for name in methods() if name not in ("source_only", "oracle")]
            names = work_controls.choose_methods(known, keys.STUDY_METHODS, MOST_METHODS)
        hint = _("Number of runs of each method, each with another seed.")
        count = right.slider(_("Seeds"), *SEEDS, key=keys.STUDY_SEEDS, help=hint)
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.button(_("Run the study"), type="primary", disabled=going or not names):
                work_controls.begin(studies(), Study.of(state.experiment(), names, count))
            st.caption(_("{count} runs; finished ones are reused.", count=len(names) * count))


def panel(view: StudyView) -> None:
    """Draw the visitor's study."""
    work_controls.draw_trials(studies(), view)
    scores = scored(view)
    if scores is None:
        st.info(_("The target has no labels, so seeds cannot be compared."))
    elif scores[0]:
        report(view, *scores)


def scored(view: StudyView) -> tuple[Scores, Scores] | None:
    """Collect target accuracy by method's title and seed, before and after; None where the target has no labels."""
    both: tuple[dict[str, dict[int, float]], dict[str, dict[int, float]]] = ({}, {})
    for (method, seed), run in runs_of(view.outcomes).items():
        record = store().load(run)
        if record is None:
            continue
        before, after = record.result.source_only.target, record.result.adapted.target
        if before is None or after is None:
            return None
        for scores, accuracy in zip(both, (before.accuracy, after.accuracy), strict=True):
            scores.setdefault(run_row.method_title(method), {})[seed] = accuracy
    return both


def report(view: StudyView, before: Scores, after: Scores) -> None:
    """Draw the scores of all seeds and what can be said of them; each method beside the source only it starts from."""
    baselines, own = own_baselines(
        before, lambda some: _("Source only of {methods}", methods=listing(some)) if some else _("Source only")
    )
    scores = {**baselines, **after}
    spreads = {name: spread(list(of_seeds.values()), within=(0.0, 1.0)) for name, of_seeds in scores.items()}
    st.subheader(_("Accuracy on the target by seed"), anchor=False)
    st.caption(current_run.summary(view.plan.experiment, as_study=True))
    seeds.dots(scores, spreads, "study-dots")
    chart_table.scores(seeds.spread_table(spreads), "spread")
    st.caption(
        _(
            "The interval shows the luck of training on these data; it is no forecast for new data. With few seeds it "
            "misses a seed that rarely collapses: look at the dots."
        )
    )
    if all(each.deviation < 1e-9 for each in spreads.values() if each.interval) and sum(
        len(each.seeds) for each in view.outcomes
    ) > len(after):
        st.info(
            _(
                "Every seed gave the same result: neither the split nor the start is random here, so seeds say "
                "nothing about stability."
            )
        )
    if len(baselines) > 1:
        st.caption(
            _(
                "The methods do not all start from the same source-only model: some need batch norm, and some refit "
                "the head. Each is compared with its own source-only model."
            )
        )
    compared = comparisons(scores, own)
    if not compared or compared[0].interval is None:
        st.caption(_("With at least two seeds of each method, pairs of methods can be compared."))
        return
    st.subheader(_("Is it better than source only?"), anchor=False)
    chart_table.scores(seeds.pair_table(compared), "pairs")
    if min(pair.count for pair in compared) < seeds.LEAST_SEEDS:
        st.caption(_("A verdict needs at least {count} seeds.", count=seeds.LEAST_SEEDS))
    st.caption(
        _(
            "Within a seed all methods share the split, the start and the batches, so differences are taken within "
            "seeds. All intervals hold together with 95% confidence (Student's t, Bonferroni)."
        )
    )
    between = comparisons(after)
    if between:
        with st.expander(_("Every pair of methods")):
            chart_table.scores(seeds.pair_table(between), "all-pairs")


navigation.header("stability")
latest = studies().latest(state.owner())
form(latest, going=not work_controls.is_over(latest))
work_controls.follow_latest(studies(), latest, panel)
