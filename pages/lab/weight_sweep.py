"""One method over values of its main weight: each validator's curve, and target accuracy once it has been guessed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import fmean

import pandas as pd
import streamlit as st

from da_core.evaluation.regret import judge
from da_core.evaluation.validators import validators
from da_core.jobs.background_work import StudyView, studies
from da_core.jobs.store import store
from da_core.params import describe
from da_core.several_runs.study import Study
from da_core.teaching.course.guess import ReaderGuess
from pages.charts import chart_table, vega_chart
from pages.lab import work_controls
from pages.learn import guess_form
from pages.run import run_row
from pages.session import keys, state
from pages.session.words import _, number, percent, safe
from pages.shell import theme

WEIGHT = "weight"
MULTIPLES = (0.0, 0.1, 0.3, 1.0, 3.0, 10.0)
"""Of the default weight, where the bounds allow them."""
SEEDS = 2

Curves = Mapping[str, Sequence[float | None]]


def weighted_methods() -> dict[str, list[float]]:
    """List the methods whose loss has a weight, by name, each with the values of a sweep."""
    from da_core.methods import methods

    sweeps = {}
    for name, method in methods().items():
        weight = next((hyper for hyper in describe(method.Params) if hyper.name == WEIGHT), None)
        if weight is not None and weight.type == "number":
            low, high = weight.low or 0.0, weight.high if weight.high is not None else float("inf")
            values = [min(max(times * weight.default, low), high) for times in MULTIPLES]
            sweeps[name] = list(dict.fromkeys(float(f"{value:.3g}") for value in values))
    return sweeps


def section() -> None:
    """Draw the form and, of the visitor's latest study, if it is such a sweep, how far it is or what came out."""
    st.subheader(_("One method, different weights"), anchor=False)
    st.markdown(
        _(
            "The same experiment with one weight after another. From the validators’ curves alone, guess the best "
            "weight for the target."
        )
    )
    latest = studies().latest(state.owner())
    form(going=latest is not None and latest.is_running)
    if latest is not None and latest.plan.swept == WEIGHT:
        work_controls.follow_latest(studies(), latest, panel)


def form(going: bool) -> None:
    """Ask for the method; data, network and training are the experiment of the walk."""
    known, own = weighted_methods(), state.experiment().method.name
    with st.container(border=True, horizontal=True, vertical_alignment="bottom"):
        place = list(known).index(own) if own in known else 0
        method = st.selectbox(
            _("Method"), list(known), index=place, format_func=run_row.method_title, key=keys.SWEEP_METHOD
        )
        if st.button(_("Run the sweep"), type="primary", disabled=going):
            start(method, known[method])
        st.caption(_("{count} runs; finished ones are reused.", count=SEEDS * len(known[method])))


def start(method: str, values: Sequence[float]) -> None:
    """Start the sweep as a study of this visitor."""
    from da_core.experiment import MethodSpec
    from da_core.methods.wanted_network import with_method

    experiment = state.experiment()
    if experiment.method.name != method:
        experiment = with_method(experiment, MethodSpec(name=method))
    work_controls.begin(studies(), Study.sweep(experiment, WEIGHT, values, SEEDS))


def panel(view: StudyView) -> None:
    """Draw how far the sweep is, or its curves."""
    if view.plan.swept != WEIGHT:  # another one has been started since
        st.rerun()
    work_controls.draw_trials(studies(), view)
    if not view.is_running and view.error is None:
        report(view)


def report(view: StudyView) -> None:
    """Draw the validators' curves, ask for the guess, and then draw the truth among them."""
    weights, curves, truth = collected(view)
    if len(weights) < 2 or any(score is None for score in truth):
        st.info(_("Nothing to compare: too few runs, or a target without labels."))
        return
    best = weights[max(range(len(weights)), key=lambda place: truth[place] or 0.0)]
    st.markdown(f"**{run_row.method_title(view.plan.methods[0].name)}**")
    guess = ask_weight(view.plan.key, weights)
    draw(weights, {**curves, **({_("Accuracy on the target"): truth} if guess else {})})
    st.caption(_("Each curve from its lowest to its highest value; the mean of {count} seeds.", count=view.plan.seeds))
    if guess is None:
        return
    guess_form.compare(f"λ = {guess.answer}" if guess.answer is not None else "", f"λ = {best:g}")
    if guess.answer is not None:
        right = float(str(guess.answer)) == best
        st.markdown(_("You guessed right.") if right else _("Your guess was wrong."))
    rows = []
    for title, curve in curves.items():
        judged = judge([math.nan if score is None else score for score in curve], [score or 0.0 for score in truth])
        if judged is not None:
            alike = len(judged.picked)
            pick = f"{weights[judged.picked[0]]:g}" if alike == 1 else _("{count} tied", count=alike)
            rows.append([safe(title), pick, percent(judged.accuracy), number(100 * judged.regret, 1)])
    columns = [_("Validator"), _("It would pick"), _("Accuracy on the target"), _("Regret in points")]
    chart_table.scores(pd.DataFrame(rows, columns=columns).set_index(columns[0]), "sweep")


def collected(view: StudyView) -> tuple[list[float], dict[str, list[float | None]], list[float | None]]:
    """Collect the weights that have runs, each validator's mean score there by its title, and target accuracy."""
    kinds = {name: kind for name, kind in validators().items() if not kind.cost}
    weights: list[float] = []
    curves: dict[str, list[float | None]] = {_(kind.title): [] for kind in kinds.values()}
    truth: list[float | None] = []
    for spec in view.plan.methods:
        ids = [result.run_id for result in view.outcomes if result.method == view.plan.called(spec)]
        results = [record.result for run in ids if (record := store().load(run)) is not None]
        if not results:
            continue
        weights.append(float(spec.params[WEIGHT]))
        for name, kind in kinds.items():
            scores = [result.validators[name].after for result in results if name in result.validators]
            known = [score for score in scores if score is not None]
            curves[_(kind.title)].append(fmean(known) if known else None)
        reached = [result.adapted.target.accuracy for result in results if result.adapted.target is not None]
        truth.append(fmean(reached) if reached else None)
    return weights, curves, truth


def ask_weight(where: str, weights: Sequence[float]) -> ReaderGuess | None:
    """Ask at which weight target accuracy peaks; None until the reader has answered or asked to be shown."""
    key = keys.guess_answer(where, keys.SWEEP_GUESS)
    committed: ReaderGuess | None = st.session_state.get(key)
    if committed is not None:
        return committed

    def commit(answer: str | None) -> None:
        st.session_state[key] = ReaderGuess(answer)

    with st.container(border=True, key=keys.guess_box(where, keys.SWEEP_GUESS)):
        st.caption(_("Guess first"))
        question = _("At which weight λ is accuracy on the target highest?")
        answer = st.radio(
            question,
            [f"{weight:g}" for weight in weights],
            index=None,
            horizontal=True,
            key=keys.guess_widget(where, keys.SWEEP_GUESS),
        )
        guess_form.draw_buttons(where, keys.SWEEP_GUESS, answer, commit)
    return None


def draw(weights: Sequence[float], curves: Curves) -> None:
    """Draw all curves on one axis, each stretched to it; the truth, if it is among them, is thick."""
    rows = []
    for title, curve in curves.items():
        known = [score for score in curve if score is not None]
        low, high = (min(known), max(known)) if known else (0.0, 0.0)
        for weight, score in zip(weights, curve, strict=True):
            if score is not None:
                rows.append((f"{weight:g}", title, (score - low) / (high - low) if high > low else 0.5, score))
    titles, truth = list(curves), _("Accuracy on the target")
    hues = [theme.ink() if title == truth else theme.class_colour(place) for place, title in enumerate(titles)]
    spec = {
        "height": 480,
        "mark": {"type": "line", "point": {"size": 55, "filled": True}},
        "encoding": {
            "x": {"field": "weight", "type": "ordinal", "sort": [f"{weight:g}" for weight in weights], "title": "λ"},
            "y": {"field": "share", "type": "quantitative", "title": None, "axis": {"labels": False, "ticks": False}},
            "color": {
                "field": "what",
                "title": None,
                "scale": {"domain": titles, "range": hues},
                "legend": {"orient": "bottom", "columns": 3, "symbolType": "stroke", "labelLimit": 200},
            },
            "strokeDash": {
                "field": "what",
                "title": None,
                "scale": {"domain": titles, "range": [list(theme.dash(place)) for place in range(len(titles))]},
            },
            "strokeWidth": {"condition": {"test": f"datum.what === {truth!r}", "value": 5}, "value": 1.8},
            "tooltip": [
                {"field": "what", "title": " "},
                {"field": "weight", "title": "λ"},
                {"field": "score", "type": "quantitative", "title": _("value"), "format": ".3f"},
            ],
        },
    }
    table = pd.DataFrame(rows, columns=["weight", "what", "share", "score"])
    highest = {
        title: f"λ = {weights[max(range(len(weights)), key=lambda at: (curve[at] is not None, curve[at]))]:g}"
        for title, curve in curves.items()
    }
    alt = chart_table.sentence(
        _("Each validator’s score over the weight, one line a validator; each is highest at"),
        *(f"{title} {at}" for title, at in highest.items()),
    )
    numbers = chart_table.pivot(((weight, title, number(score, 3)) for weight, title, _share, score in rows), "λ")
    vega_chart.draw(table, spec, "weight-sweep", alt, numbers)
