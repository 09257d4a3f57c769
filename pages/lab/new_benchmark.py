"""A benchmark in the background: methods on domain pairs over seeds, its table as it fills, and the files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import streamlit as st

from da_core.errors import UserError
from da_core.evaluation.benchmark_table import BenchmarkTable
from da_core.evaluation.validators import validators
from da_core.experiment import DataSpec, Experiment
from da_core.jobs.benchmarks import BenchmarkView, benchmark_ends, benchmarks, expected_seconds
from da_core.jobs.queue import queue
from da_core.jobs.store import store
from da_core.settings import settings
from da_core.several_runs.benchmark import Benchmark, Title, benchmark_tables
from da_core.several_runs.study import SEEDS
from pages.lab import work_controls
from pages.lab.benchmark_report import report
from pages.run import run_row
from pages.session import keys, state
from pages.session.words import _, language, seconds, word

OWN = ""
"""The walk's own pair among the names of data sets."""
AT_FIRST = ("source_only", "coral", "dann")
MOST_AT_FIRST = 3
"""Pairs that are chosen before anybody has."""


def section() -> None:
    """Draw the form and the visitor's last benchmark."""
    latest = benchmarks().latest(state.owner())
    form(going=not work_controls.is_over(latest))
    work_controls.follow_latest(benchmarks(), latest, panel)


def form(going: bool) -> None:
    """Ask for methods, pairs and seeds, and say how many runs that is and about how long they take."""
    from da_core.methods import methods

    pairs = known_pairs()
    with st.container(border=True):
        names = [name for name in methods() if name != "oracle"]
        st.session_state.setdefault(keys.NEW_BENCHMARK_METHODS, [name for name in names if name in AT_FIRST])
        st.session_state.setdefault(keys.NEW_BENCHMARK_PAIRS, first_pairs(pairs))
        kept = st.session_state[keys.NEW_BENCHMARK_PAIRS]
        st.session_state[keys.NEW_BENCHMARK_PAIRS] = [name for name in kept if name in pairs]
        chosen = work_controls.choose_methods(names, keys.NEW_BENCHMARK_METHODS)
        left, right = st.columns([3, 2], gap="large")
        on = left.multiselect(
            _("Domain pairs"),
            list(pairs),
            format_func=pairs.__getitem__,
            placeholder=_("Choose"),
            key=keys.NEW_BENCHMARK_PAIRS,
        )
        hint = _("Number of runs of each method, each with another seed.")
        count = right.slider(_("Seeds"), *SEEDS, 3, key=keys.NEW_BENCHMARK_SEEDS, help=hint)
        st.caption(
            _("The pair chosen in “Step by step” runs as it is set up there, every other pair with its usual settings.")
        )
        plan = Benchmark.of([experiment_on(name) for name in on], chosen, count) if on and chosen else None
        most = settings().benchmark_runs
        runs = len(chosen) * len(on) * count
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.button(
                _("Start the benchmark"),
                type="primary",
                disabled=going or plan is None or runs > most,
            ):
                work_controls.begin(benchmarks(), plan)
            if runs > most:
                st.caption(
                    _(
                        "{count} runs are too many: this server takes at most {most}. Choose fewer.",
                        count=runs,
                        most=most,
                    )
                )
            elif plan is not None:
                st.caption(how_long(plan))


def known_pairs() -> dict[str, str]:
    """List the pairs that can be run at once, by the data set's name, with their titles; the walk's own first."""
    from da_core.data.sources import sources

    own = state.experiment().data
    titles = {OWN: run_row.pair_title(own)}
    for name, kind in sources().items():
        is_there = all(remote.path.is_file() for remote in kind().remotes())
        if is_there and kind.area != "own" and DataSpec(name=name) != own:
            titles[name] = word(kind.title)
    return titles


def first_pairs(pairs: Mapping[str, str]) -> list[str]:
    """Choose the walk's own pair and some of the same kind of samples."""
    from da_core.data.sources import sources

    own = sources().get(state.experiment().data.name)
    alike = [name for name in pairs if name and own is not None and sources()[name].kind == own.kind]
    return [OWN, *alike][:MOST_AT_FIRST]


def experiment_on(name: str) -> Experiment:
    """Return what is run on a pair, the method aside."""
    from da_core.networks.defaults import with_data

    return state.experiment() if name == OWN else with_data(Experiment(), DataSpec(name=name))


def how_long(plan: Benchmark) -> str:
    """Say how many runs a benchmark has and, as far as runs like them are known, how long they take."""
    count = len(plan.trials())
    total, unknown = _expected(plan.model_dump_json(), plan)
    time = seconds(total / max(1, queue().at_once))
    if not unknown:
        return _("{count} runs, about {time}; finished ones are reused.", count=count, time=time)
    if unknown == count:
        return _("{count} runs; their duration is unknown, because no similar run has finished here.", count=count)
    return _(
        "{count} runs: about {time}, plus {unknown} runs of unknown duration.",
        count=count,
        time=time,
        unknown=unknown,
    )


@st.cache_data(max_entries=100, ttl=60, show_spinner=False)
def _expected(key: str, _plan: Benchmark) -> tuple[float, int]:
    """Ask the list of runs once a minute, and not whenever the form is drawn."""
    try:
        return expected_seconds(_plan, store())
    except UserError:  # the list of runs cannot be reached
        return 0.0, len(_plan.trials())


def panel(view: BenchmarkView) -> None:
    """Draw the benchmark as it is now."""
    st.subheader(_("Result"), anchor=False)
    st.caption(
        _(
            "{pairs} pairs · {methods} methods · {seeds} seeds",
            pairs=len(view.plan.studies),
            methods=len(view.plan.studies[0].methods),
            seeds=view.plan.studies[0].seeds,
        )
    )
    work_controls.draw_trials(benchmarks(), view, partial(titles_of(view.plan), "pair"))
    if not view.outcomes:
        return
    accuracy, regret = _tables(view.plan.key, len(view.outcomes), language().code, view)
    # while it runs, what is not there yet is not missing
    report(replace(accuracy, ranks=None, notes=()) if view.is_running else accuracy)
    if regret is not None and not view.is_running:
        with st.expander(_("Regret by validator")):
            report(regret)


@st.cache_data(max_entries=50, show_spinner=False)
def _tables(plan: str, count: int, code: str, _view: BenchmarkView) -> tuple[BenchmarkTable, BenchmarkTable | None]:
    """Read the results once for each run more: a live screen asks twice a second."""
    ends = benchmark_ends(_view.plan, _view.outcomes, store())
    return benchmark_tables(_view.plan.named(), ends, titles_of(_view.plan))


def titles_of(plan: Benchmark) -> Title:
    """Return how the reader's language names pairs, methods and validators."""
    pairs = {name: run_row.pair_title(study.experiment.data) for name, study in plan.named().items()}

    def title(kind: str, name: str) -> str:
        if kind == "pair":
            alike = sum(title == pairs[name] for title in pairs.values())
            return name if alike > 1 else pairs[name]
        return run_row.method_title(name) if kind == "method" else word(validators()[name].title)

    return title
