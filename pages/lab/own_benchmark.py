"""Benchmarks as methods on domain pairs with ranks: a new one, the visitor's own runs so far, and one that ships."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from da_core.data.sources import sources
from da_core.evaluation.benchmark_table import tabulate
from da_core.evaluation.shipped_benchmark import command, shipped_scores
from da_core.jobs.leaderboard import leaderboard
from pages.lab import new_benchmark
from pages.lab.benchmark_report import draw_table, report
from pages.run import run_row
from pages.session import keys
from pages.session.words import _
from pages.shell import cards, navigation

LEAST = 2
"""Methods, and pairs, that a comparison takes."""
Scores = Mapping[str, Mapping[str, Sequence[float]]]


def scores_of_runs() -> Scores:
    """Collect accuracies on the target by the titles of pair and method, one a seed, from the list of runs."""
    kept = [run for run in run_row.list_runs() if run.deleted_at is None and run.is_readable and run.after is not None]
    pairs = {key: run_row.pair_title(data) for key, data in run_row.pairs(kept).items()}
    titles = list(pairs.values())
    scores = {}
    for place, (key, title) in enumerate(pairs.items(), start=1):
        of_methods = {
            run_row.method_title(standing.method): [run.after for run in standing.runs if run.after is not None]
            for standing in leaderboard([run for run in kept if run.pair == key])
        }
        scores[f"{title} ({place})" if titles.count(title) > 1 else title] = of_methods
    return {title: of_methods for title, of_methods in scores.items() if of_methods}


def choose(scores: Scores) -> Scores:
    """Ask for the methods and the pairs to compare; at first those of which there is the most."""
    known = list(dict.fromkeys(method for of_methods in scores.values() for method in of_methods))
    often = [method for method in known if sum(method in of_methods for of_methods in scores.values()) >= LEAST]
    often = often if len(often) >= LEAST else known
    whole = [pair for pair, of_methods in scores.items() if set(often) <= set(of_methods)]
    left, right = st.columns(2)
    with left:
        methods = _several(_("Methods"), keys.BENCHMARK_METHODS, known, often)
    with right:
        pairs = _several(
            _("Domain pairs"), keys.BENCHMARK_PAIRS, list(scores), whole if len(whole) >= LEAST else list(scores)
        )
    return {pair: {method: scores[pair].get(method, []) for method in methods} for pair in pairs}


def _several(label: str, key: str, options: Sequence[str], at_first: Sequence[str]) -> list[str]:
    """Ask for some of the options; what is no longer among them is chosen no more."""
    st.session_state[key] = [option for option in st.session_state.get(key, at_first) if option in options]
    return st.multiselect(label, options, format_func=str, placeholder=_("Choose"), key=key)


def runs_so_far() -> None:
    """Draw the table of the runs that are there, or what it takes to have one."""
    scores = scores_of_runs()
    if len(scores) < LEAST or len({method for of_methods in scores.values() for method in of_methods}) < LEAST:
        with st.container(border=True):
            st.markdown(
                _(
                    "**There is nothing to compare yet.** A benchmark needs at least two methods that have run on "
                    "the same two domain pairs. Train them, or repeat them over seeds."
                )
            )
            with st.container(horizontal=True):
                navigation.link_to("train", _("Go to Train"))
                navigation.link_to("stability", _("Go to Stability"))
    else:
        chosen = choose(scores)
        if chosen and any(chosen.values()):
            report(
                tabulate(chosen),
                _(
                    "If a method ran with several configurations on a pair, the one with the best mean counts, so "
                    "part of its lead may be luck. All seeds of that configuration count."
                ),
            )


def shipped() -> None:
    """Draw the benchmark that comes with the app, and the command that remakes it."""
    titled = {
        str(_(sources()[pair].title)): {run_row.method_title(name): each for name, each in of.items()}
        for pair, of in shipped_scores().items()
    }
    draw_table(tabulate(titled))
    st.caption(
        _(
            "The defaults were searched on the street scenes, so that column is slightly optimistic. This command "
            "recomputes the table:"
        )
    )
    st.code(command(), language="sh", wrap_lines=True)


navigation.header("own_benchmark")
with st.spinner(_("Loading the methods…")):
    import da_core.methods  # noqa: F401  # their titles

kinds = {"new": _("A new benchmark"), "own": _("Your runs so far"), "shipped": _("Supplied benchmark")}
kind = cards.segments(_("Benchmark to show"), kinds, keys.BENCHMARK_KIND)
if kind == "new":
    new_benchmark.section()
elif kind == "own":
    runs_so_far()
else:
    shipped()
