"""A search in the background: methods and settings by a validator, the best so far usable at any moment."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import streamlit as st

from da_core.errors import UserError
from da_core.evaluation.validators import validators
from da_core.experiment import Experiment, MethodSpec
from da_core.export.search_table import leaderboard_csv, regret
from da_core.jobs.queue import queue
from da_core.jobs.searches import SearchView, searches
from da_core.search import (
    LEAST_FOR_IMPORTANCE,
    MOST_RUNS,
    Budget,
    Search,
    best,
    importance,
    importance_of_method,
    ranked,
)
from pages.charts import search_charts
from pages.run import run_row, starting, validators_section
from pages.session import access, keys, state
from pages.session.polling import follow
from pages.session.words import _, explain, number, percent, safe, translate_message, word
from pages.shell import navigation

LONGEST = 240
"""Minutes that the form offers; the command line takes more."""


def form(latest: SearchView | None, going: bool) -> None:
    """Ask for methods, validator and budget; all else is the experiment of the walk."""
    with st.spinner(_("Waking up the methods…")):
        from da_core.methods import methods
    experiment = state.experiment()
    before = latest.search if latest is not None and latest.search.experiment == experiment else None
    known = [name for name in methods() if name != "oracle"]
    st.session_state.setdefault(keys.SEARCH_METHODS, list(before.methods) if before else first_choice(known))
    with st.container(border=True):
        st.markdown(summary(experiment))
        names = st.multiselect(_("Methods"), known, format_func=run_row.method_title, key=keys.SEARCH_METHODS)
        left, right = st.columns(2, gap="large")
        with right:
            unlocked = validators_section.unlock()
        offered = [name for name, kind in validators().items() if unlocked or not kind.cost]
        if st.session_state.get(keys.SEARCH_VALIDATOR) not in offered:
            kept = before.validator if before and before.validator in offered else "snd"
            st.session_state[keys.SEARCH_VALIDATOR] = kept
        validator = left.selectbox(
            _("Choose by"), offered, format_func=lambda name: _(validators()[name].title), key=keys.SEARCH_VALIDATOR
        )
        kind = validators()[validator]
        if kind.cost:
            st.warning(_(kind.cost))
        left.caption(f"{_(kind.summary)} {_('Where it fails:')} {_(kind.fails)}")
        budget = ask_budget()
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.button(_("Start the search"), type="primary", disabled=going or not names, key=keys.SEARCH_START):
                begin(Search.of(experiment, names, validator, budget, seed=experiment.seed, unlocked=unlocked))
            st.caption(_("Each method with its defaults first, then settings that promise more."))


def first_choice(known: Sequence[str]) -> list[str]:
    """Choose source only, the walk's own method and those to start with that see no label of the target."""
    from da_core.methods import methods

    own = ("source_only", state.experiment().method.name)
    starters = [name for name in known if methods()[name].start_here and not methods()[name]().few_per_class()]
    return [name for name in known if name in own or name in starters]


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
    with st.container(horizontal=True, vertical_alignment="bottom"):
        unit = st.segmented_control(
            _("Budget"), list(units), format_func=units.__getitem__, default="runs", required=True, key=keys.SEARCH_UNIT
        )
        if unit == "minutes":
            return Budget(minutes=st.number_input(units["minutes"], 1, LONGEST, 5, key=keys.SEARCH_MINUTES))
        return Budget(runs=st.number_input(units["runs"], 1, MOST_RUNS, 20, key=keys.SEARCH_RUNS))


def begin(search: Search) -> None:
    """Start a search, or go on with it."""
    try:
        searches().start(search, state.owner(), localhost_only=access.localhost_only())
    except UserError as error:
        st.error(explain(error))
    else:
        st.rerun()


def is_over(view: SearchView | None) -> bool:
    return view is None or view.state != "running"


def panel(view: SearchView | None) -> None:
    """Draw the visitor's search as it is now."""
    if view is None:  # it has been removed since
        st.rerun()
    st.subheader(_("What was found"), anchor=False)
    st.caption(f"{summary(view.search.experiment)} · {budget_words(view.search.budget)}")
    if view.state == "running":
        progress(view)
    else:
        ended(view)
    if ranked(view.tried):
        found(view)
    failed = [one for one in view.tried if one.score is None]
    if failed:
        with st.expander(_("Runs without a score: {count}", count=len(failed))):
            for one in failed:
                why = translate_message(one.problem, one.values)
                st.markdown(f"**{safe(named(one.method))}**: {safe(why)}")


def budget_words(budget: Budget) -> str:
    if budget.runs is not None:
        return _("{count} runs", count=budget.runs)
    return _("{count} minutes", count=number(budget.minutes or 0, 0))


def named(method: MethodSpec) -> str:
    """Name a method with the settings that are not its defaults."""
    return f"{run_row.method_title(method.name)} {' '.join(f'{k}={v}' for k, v in method.params.items())}".strip()


def progress(view: SearchView) -> None:
    text, part = _("Starting"), 0.0
    if view.current is not None:
        method, run = view.current
        running = queue().view(run)
        part = running.fraction if running is not None else 0.0
        text = _("Run {place}: {method}", place=len(view.tried) + 1, method=safe(named(method)))
        if running is not None and running.state == "queued":
            text += " · " + starting.waiting_words(running)
    if view.pausing:
        text = _("It pauses after this run. {run}", run=text)
    bar, pause, stop = st.columns([4, 1, 1], vertical_alignment="center")
    bar.progress(view.search.budget.share(view.tried, part), text)
    hint = _("The run that is going is finished first.")
    if pause.button(_("Pause"), key=keys.SEARCH_PAUSE, width="stretch", help=hint, disabled=view.pausing):
        searches().pause(state.owner())
        st.rerun(scope="fragment")
    hint = _("The run that is going is thrown away; those that have finished stay.")
    if stop.button(_("Stop"), key=keys.SEARCH_STOP, width="stretch", help=hint):
        searches().stop(state.owner())
        st.rerun()


def ended(view: SearchView) -> None:
    if view.state == "done":
        st.caption(_("The search is over: {count} runs.", count=len(view.tried)))
        return
    text, button = st.columns([5, 1], vertical_alignment="center")
    if view.error is not None:
        text.error(explain(view.error))
    elif view.state == "paused":
        text.info(_("This search is paused; what was found so far is shown."))
    else:
        text.info(_("This search was stopped before its end; what was found so far is shown."))
    if button.button(_("Go on"), key=keys.SEARCH_RESUME, width="stretch"):
        begin(view.search)


def found(view: SearchView) -> None:
    """Draw the best so far, the leaderboard, the truth if it is asked for, and what mattered."""
    first = best(view.tried)
    assert first is not None
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(_("Best so far: **{method}**", method=safe(named(first.method))))
        hint = _("Makes it the experiment of the walk and opens its run.")
        if st.button(_("Use the best"), key=keys.SEARCH_USE, help=hint):
            state.replace(view.search.experiment_of(first.method))
            state.set_run(first.run_id or None)
            navigation.switch_to("results")
    scored_target = all(one.target_accuracy is not None for one in ranked(view.tried))
    reveal = scored_target and st.toggle(
        _("Show accuracy on the target"), key=keys.SEARCH_TRUTH, help=_("It takes the target's labels to tell.")
    )
    with st.container(key=keys.scores("search")):
        st.table(search_charts.leaderboard(view.search, view.tried, reveal=reveal), border="horizontal")
    lost = regret(view.tried) if reveal else None
    if lost is not None:
        st.markdown(_("Regret: **{points}** points below the best of these runs.", points=number(100 * lost, 1)))
    with st.container(horizontal=True, vertical_alignment="center"):
        make, file = partial(leaderboard_csv, view.search, view.tried), "leaderboard.csv"
        st.download_button(_("Leaderboard (CSV)"), make, file, "text/csv", on_click="ignore", key=keys.download(file))
        navigation.link_to("which_run", _("What would the other validators have picked?") + " →")
    mattered(view, first.method.name)


def mattered(view: SearchView, of_best: str) -> None:
    """Draw which settings of one method matter, and its runs as lines."""
    from da_core.methods import methods
    from da_core.search_space import search_space

    counts = {name: sum(one.method.name == name for one in ranked(view.tried)) for name in view.search.methods}
    known = [name for name, count in counts.items() if count > 1]
    if (share := importance_of_method(view.tried)) is not None:
        st.caption(_("{share} of the scores’ variance lies between the methods.", share=percent(share)))
    if not known:
        return
    st.subheader(_("What mattered"), anchor=False)
    place = known.index(of_best) if of_best in known else 0
    method = st.selectbox(
        _("Method"), known, index=place, format_func=run_row.method_title, key=keys.search_shown_method(of_best)
    )
    kind = methods()[method].Params
    shares = _shares(view.search.key, len(view.tried), method, view)
    if shares:
        search_charts.bars(shares, kind)
        st.caption(_("How much of the scores’ spread each setting explains (functional ANOVA)."))
    else:
        st.caption(
            _("With {count} runs of a method it is estimated which of its settings matter.", count=LEAST_FOR_IMPORTANCE)
        )
    search_charts.parallel(view.search, view.tried, method, kind, search_space(kind))


@st.cache_data(max_entries=200, show_spinner=False)
def _shares(search: str, count: int, method: str, _view: SearchView) -> dict[str, float]:
    """Estimate importance once for each run more: a live screen asks twice a second."""
    return importance(_view.search, _view.tried, method)


st.title(_(navigation.SCREENS["search"].title), anchor=False)
st.html(f'<div class="lab-purpose">{_(navigation.SCREENS["search"].purpose)}</div>')
latest = searches().latest(state.owner())
form(latest, going=not is_over(latest))
if latest is not None:
    follow(partial(searches().latest, state.owner()), is_over, panel, was_over=is_over(latest))
