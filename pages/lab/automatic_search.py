"""A search in the background: methods and settings by a validator, the best so far usable at any moment."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import streamlit as st

from da_core.evaluation.validators import validators
from da_core.experiment import Experiment, MethodSpec
from da_core.export.search_table import leaderboard_csv, regret
from da_core.export.setting_words import method_settings
from da_core.jobs.background_work import SearchView, searches
from da_core.several_runs.search import MOST_RUNS, MOST_SEEDS, Budget, Search
from da_core.several_runs.search_proposals import LEAST_FOR_IMPORTANCE, importance, importance_of_method
from da_core.several_runs.tried import Tried, best, over_seeds, ranked
from pages.charts import chart_table, search_charts
from pages.lab import suggested_methods, work_controls
from pages.run import run_row, validators_section
from pages.run.export_buttons import download
from pages.session import keys, state
from pages.session.polling import when_ready
from pages.session.words import _, language, number, paragraph, percent, safe, translate_message, word
from pages.shell import cards, navigation

LONGEST = 240
"""Minutes that the form offers; the command line takes more."""

_USUAL_VALIDATOR = "information_maximisation"
"""What the search for defaults asks too. It loses less than a point on the pictures of the shipped benchmark, where SND
and DEV lose more than forty."""


def ask(latest: SearchView | None, going: bool) -> None:
    """Draw the form, once it is known which methods to begin with: those of before, or what suits the pair."""
    experiment = state.experiment()
    before = latest.plan if latest is not None and latest.plan.experiment == experiment else None
    if before is not None or keys.SEARCH_METHODS in st.session_state:
        form(before, going, before.methods if before else ())
        return
    key = f"{experiment.data.model_dump_json()}/{experiment.seed}"
    work = suggested_methods.suggestions.submit(key, experiment)
    when_ready(work, partial(form, before, going), _("Finding methods that suit the pair…"))


def form(before: Search | None, going: bool, suggested: Sequence[str]) -> None:
    """Ask for methods, validator and budget; all else is the experiment of the walk."""
    with st.spinner(_("Loading the methods…")):
        from da_core.methods import methods
    experiment = state.experiment()
    known = [name for name in methods() if name != "oracle"]
    first = {"source_only", experiment.method.name, *suggested}
    first_choice = list(before.methods) if before else [name for name in known if name in first]
    st.session_state.setdefault(keys.SEARCH_METHODS, first_choice)
    with st.container(border=True):
        st.markdown(summary(experiment))
        names = work_controls.choose_methods(known, keys.SEARCH_METHODS)
        left, right = st.columns(2, gap="large")
        with right:
            unlocked = validators_section.unlock()
        offered = [name for name, kind in validators().items() if unlocked or not kind.cost]
        if st.session_state.get(keys.SEARCH_VALIDATOR) not in offered:
            kept = before.validator if before and before.validator in offered else _USUAL_VALIDATOR
            st.session_state[keys.SEARCH_VALIDATOR] = kept
        validator = left.selectbox(
            _("Choose by"), offered, format_func=lambda name: _(validators()[name].title), key=keys.SEARCH_VALIDATOR
        )
        kind = validators()[validator]
        if kind.cost:
            st.warning(_(kind.cost))
        left.caption(paragraph(_(kind.summary), _("Where it fails:"), _(kind.fails)))
        with st.container(horizontal=True, vertical_alignment="bottom"):
            budget = ask_budget()
            seeds = ask_seeds(before)
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.button(_("Start the search"), type="primary", disabled=going or not names):
                search = Search.of(
                    experiment, names, validator, budget, seed=experiment.seed, seeds=seeds, unlocked=unlocked
                )
                work_controls.begin(searches(), search)
            st.caption(_("Each method runs with its defaults first, then with promising settings."))


def summary(experiment: Experiment) -> str:
    """Say in one line what all runs of a search have in common."""
    from da_core.networks import networks

    parts = [
        f"**{safe(run_row.pair_title(experiment.data))}**",
        word(networks()[experiment.network.name].title),
        _("seed {seed}", seed=experiment.seed),
    ]
    return " · ".join(parts)


def ask_budget() -> Budget:
    """Ask for a number of runs or of minutes."""
    units = {"runs": _("Number of runs"), "minutes": _("Minutes")}
    if cards.segments(_("Budget"), units, keys.SEARCH_UNIT, shown=True) == "minutes":
        return Budget(minutes=st.number_input(units["minutes"], 1, LONGEST, 5, key=keys.SEARCH_MINUTES))
    return Budget(runs=st.number_input(units["runs"], 1, MOST_RUNS, 20, key=keys.SEARCH_RUNS))


def ask_seeds(before: Search | None) -> int:
    """Ask with how many seeds a method and its settings are tried."""
    st.session_state.setdefault(keys.SEARCH_SEEDS, 1 if before is None else before.seeds)
    hint = _(
        "Each method and setting runs with this many seeds, and the mean counts, so a lucky run wins less easily. "
        "Each seed counts as a run; on a machine with several cores seeds train side by side."
    )
    return int(st.number_input(_("Seeds"), 1, MOST_SEEDS, key=keys.SEARCH_SEEDS, help=hint))


def panel(view: SearchView) -> None:
    """Draw the visitor's search as it is now."""
    st.subheader(_("Search results"), anchor=False)
    seeds, budget = [_("{count} seeds each", count=view.plan.seeds)] if view.plan.seeds > 1 else [], view.plan.budget
    minutes = _("{count} minutes", count=number(budget.minutes or 0, 0))
    amount = minutes if budget.runs is None else _("{count} runs", count=budget.runs)
    st.caption(" · ".join([summary(view.plan.experiment), amount, *seeds]))
    place = len(view.outcomes) + 1
    work_controls.draw_state(
        searches(),
        view,
        lambda run: _("Run {place}: {method}", place=place, method=named(run.method)),
        partial(view.plan.budget.share, view.outcomes),
    )
    if view.state == "done":
        st.caption(_("Search finished: {count} runs.", count=len(view.outcomes)))
    tried = over_seeds(view.plan, view.outcomes)
    if ranked(tried):
        report(view, tried)
    failed = [run for run in tried if run.score is None]
    if failed:
        with st.expander(_("Runs without a score: {count}", count=len(failed))):
            for run in failed:
                why = translate_message(run.problem, run.values)
                st.markdown(f"**{safe(named(run.method))}**: {safe(why)}")


def named(method: MethodSpec) -> str:
    """Name a method with the settings that are not its defaults."""
    return " · ".join(filter(None, (run_row.method_title(method.name), method_settings(method, language()))))


def report(view: SearchView, tried: Sequence[Tried]) -> None:
    """Draw the best so far, the leaderboard, the truth if it is asked for, and what mattered."""
    first = best(tried)
    assert first is not None
    with st.container(horizontal=True, vertical_alignment="center"):
        method = safe(named(first.method))
        ended = view.state == "done"
        st.markdown(_("Best: **{method}**", method=method) if ended else _("Best so far: **{method}**", method=method))
        hint = _("Make it the experiment of “Step by step” and open its run.")
        if st.button(_("Use the best"), help=hint):
            state.replace(view.plan.experiment_with(first.method))
            state.set_run(first.run_id or None)
            navigation.switch_to("results")
    scored_target = all(run.target_accuracy is not None for run in ranked(tried))
    reveal = scored_target and st.toggle(
        _("Show accuracy on the target"), key=keys.SEARCH_TRUTH, help=_("This needs the target's labels.")
    )
    chart_table.scores(search_charts.leaderboard(view.plan, tried, reveal=reveal), "search")
    lost = regret(tried) if reveal else None
    if lost is not None:
        st.markdown(_("Regret: **{points}** points below the best of these runs.", points=number(100 * lost, 1)))
    with st.container(horizontal=True, vertical_alignment="center"):
        download(_("Leaderboard (CSV)"), partial(leaderboard_csv, view.plan, tried), "leaderboard.csv", "text/csv")
        navigation.link_to("which_run", _("Compare with the other validators’ picks") + " →")
    draw_importance(view.plan, tried, first.method.name)


def draw_importance(search: Search, tried: Sequence[Tried], of_best: str) -> None:
    """Draw which settings of one method matter, and its runs as lines."""
    from da_core.methods import methods
    from da_core.several_runs.search_space import search_space

    counts = {name: sum(run.method.name == name for run in ranked(tried)) for name in search.methods}
    known = [name for name, count in counts.items() if count > 1]
    if not known:  # with one run each all variance lies between the methods, whatever they are
        return
    if (share := importance_of_method(tried)) is not None:
        st.caption(_("{share} of the scores’ variance lies between the methods.", share=percent(share)))
    st.subheader(_("Setting importance"), anchor=False)
    place = known.index(of_best) if of_best in known else 0
    method = st.selectbox(
        _("Method"), known, index=place, format_func=run_row.method_title, key=keys.search_shown_method(of_best)
    )
    kind = methods()[method].Params
    shares = _shares(search.key, len(tried), method, search, tried)
    if shares:
        search_charts.bars(shares, kind)
        st.caption(_("Share of the scores’ spread that each setting explains (functional ANOVA)."))
    else:
        st.caption(
            _("After {count} runs of a method, this shows which of its settings matter.", count=LEAST_FOR_IMPORTANCE)
        )
    search_charts.parallel(search, tried, method, kind, search_space(kind))


@st.cache_data(max_entries=200, show_spinner=False)
def _shares(key: str, count: int, method: str, _search: Search, _tried: Sequence[Tried]) -> dict[str, float]:
    """Estimate importance once for each run more: a live screen asks twice a second."""
    return importance(_search, _tried, method)


navigation.header("search")
latest = searches().latest(state.owner())
ask(latest, going=not work_controls.is_over(latest))
work_controls.follow_latest(searches(), latest, panel)
