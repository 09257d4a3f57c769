"""The playground: points in the plane, a method, and the film of what it makes of them."""

from __future__ import annotations

from functools import partial
from typing import Any, Literal
from urllib.parse import urlencode

import streamlit as st

from da_core.errors import UserError
from da_core.experiment import DataSpec, Experiment
from da_core.params import Hyper, Scalar, describe
from da_core.teaching.lessons.families import FAMILIES, order_methods
from pages.session import keys, origin, state
from pages.session.words import _, language
from pages.shell import navigation, params_form

with st.spinner(_("Loading the methods…")):
    from da_core.data.sources.drawn_points import DrawnPoints, decode_points
    from da_core.methods import methods
    from da_core.several_runs.study import depends_on_seed
    from da_core.teaching.films import direction, filming
    from da_core.teaching.films.presets import FIRST, PRESETS, TRAINING, suited
    from pages.learn import film_element

_NUMBERS = (
    "count",
    "noise",
    "source_ratio",
    "target_ratio",
    "turn",
    "stretch",
    "right",
    "up",
    "selection",
    "concept",
)
_MULTIPLES = 6
"""Films of a sweep."""
_SEED = "seed"
"""What a sweep goes over that is no setting of the method."""


def current_experiment() -> Experiment:
    """Return the session's experiment if it is one of points, else that of the first preset."""
    now = state.experiment()
    if now.data.name in ("drawn", *filming.POINTS):
        try:
            filming.check(now)
        except UserError:
            return suited(now.model_copy(update={"training": TRAINING}), now.method.name, now.method.params)
        return now
    return PRESETS[FIRST].experiment()


def take(experiment: Experiment) -> None:
    """Make an experiment the session's, and forget what a hand did while the one before trained."""
    state.replace(experiment)
    state.change_playground(acts="")


def choose_preset() -> None:
    """Draw the presets, one for each kind of shift."""
    now = filming.normalised(current_experiment())
    experiments = {name: filming.normalised(preset.experiment()) for name, preset in PRESETS.items()}
    chosen = next((name for name, experiment in experiments.items() if experiment.data == now.data), None)
    st.pills(
        _("Kind of shift"),
        list(PRESETS),
        format_func=lambda name: _(PRESETS[name].title),
        label_visibility="collapsed",
        **state.bound(keys.PLAYGROUND_PRESET, chosen, _take_preset),
    )
    summary = st.empty()  # has its place even without words: were it gone, what follows would lose the focus
    if chosen is not None:
        summary.markdown(_(PRESETS[chosen].summary))


def _take_preset(name: str | None) -> None:
    if name is not None:
        preset = PRESETS[name]
        take(preset.experiment())
        state.change_playground(acts=preset.acts, beside=preset.method if preset.acts else "", sweep="")


def choose_method(now: Experiment) -> None:
    """Draw the method, and what to put beside it or to sweep."""
    known = methods()
    names = [name for name in order_methods(known) if name not in filming.ON_PICTURES]
    method, fields = known[now.method.name], state.screen_fields()
    swept = {hyper.name: _(hyper.title) for hyper in describe(method.Params) if sweepable(hyper)}
    if depends_on_seed(now):
        swept[_SEED] = _("Seed")
    left, middle, right = st.columns(3, gap="small")

    def title(name: str) -> str:
        return f"{_(known[name].title)} · {_(FAMILIES[known[name].family()].title)}" if name else "–"

    change = state.change_playground
    chosen = state.bound(keys.PLAYGROUND_METHOD, method.name(), _take_method)
    left.selectbox(_("Method"), names, format_func=title, **chosen)
    beside = state.bound(keys.PLAYGROUND_WITH, fields.get("beside", ""), lambda name: change(beside=name))
    middle.selectbox(_("Side by side with"), ["", *names], format_func=title, **beside)
    sweep = state.bound(keys.PLAYGROUND_SWEEP, fields.get("sweep", ""), lambda name: change(sweep=name))
    right.selectbox(_("Sweep one setting"), ["", *swept], format_func=lambda name: swept.get(name, "–"), **sweep)


def _take_method(name: str) -> None:
    take(suited(current_experiment(), name))
    state.change_playground(sweep="")


def sweepable(hyper: Hyper) -> bool:
    """Tell whether a setting is a number with bounds, over which a sweep can go."""
    return hyper.type in ("integer", "number") and not hyper.is_range and not hyper.choices


def swept_values(hyper: Hyper) -> list[Scalar]:
    """Choose the values of a sweep: about `_MULTIPLES`, over three powers of ten or the setting's whole range."""
    if hyper.log or hyper.high is None or hyper.low is None:
        steps = params_form.powers(hyper.low, hyper.high, hyper.default)
        middle = steps.index(hyper.default)
        first = max(0, min(middle - 6, len(steps) - 2 * _MULTIPLES))
        return list(steps[first::2][:_MULTIPLES])
    high = min(hyper.high, max(4 * float(hyper.default), hyper.low + 1))
    values = [hyper.low + (high - hyper.low) * part / (_MULTIPLES - 1) for part in range(_MULTIPLES)]
    if hyper.type == "integer":
        return list(dict.fromkeys(round(value) for value in values))
    return [float(f"{value:.2g}") for value in values if not (hyper.low_open and value == hyper.low)]


def play(now: Experiment) -> None:
    """Draw the film, and what is put beside it or swept."""
    films = [now]
    if beside := state.screen_fields().get("beside"):
        films.append(suited(now, beside))
    film_element.draw(
        films,
        key=keys.PLAYGROUND_ELEMENT,
        acts=state.screen_fields().get("acts", ""),
        sweep=_sweep(now),
        on_change=None if state.is_hidden("data") else _take_change,
    )


def _take_change(change: Any) -> None:
    """Take over what a hand has done; a browser may send anything."""
    if not isinstance(change, dict) or not isinstance(change.get("params"), dict):
        return
    now, acts = current_experiment(), str(change.get("acts") or "")
    try:
        spec = DataSpec.model_validate({**now.data.model_dump(), "params": change["params"]})
        new = filming.normalised(now.model_copy(update={"data": spec}))
        decode_points(str(new.data.params.get("points", "")))
        direction.read(acts)
    except (UserError, ValueError) as error:
        if isinstance(error, UserError):
            state.report(error)
        return
    state.replace(new)
    state.change_playground(acts=acts)


def _sweep(now: Experiment) -> dict[str, Any] | None:
    """List the films of a sweep: over one of the method's settings, or over seeds, which differ by luck alone."""
    name = state.screen_fields().get("sweep", "")
    values: list[Scalar]
    if name == _SEED and depends_on_seed(now):
        title, symbol, values = _("Seed"), "", [now.seed + place for place in range(_MULTIPLES)]
        experiments = [now.model_copy(update={"seed": seed}) for seed in values]
    else:
        fields = {hyper.name: hyper for hyper in describe(methods()[now.method.name].Params)}
        if (hyper := fields.get(name)) is None:
            return None
        title, symbol, values = _(hyper.title), hyper.symbol, swept_values(hyper)
        specs = [now.method.model_copy(update={"params": {**now.method.params, name: value}}) for value in values]
        experiments = [now.model_copy(update={"method": spec}) for spec in specs]
    queries = [urlencode(filming.normalised(experiment).to_flat()) for experiment in experiments]
    films = [{"value": value, "query": query} for value, query in zip(values, queries, strict=True)]
    return {"title": title, "symbol": symbol, "films": films}


def forms(now: Experiment) -> None:
    """Draw the settings of the data and of the method."""
    data, method = st.columns(2, gap="large")
    if not state.is_hidden("data") and now.data.name == "drawn":
        with data:
            st.subheader(_("Data"), anchor=False)
            form = partial(params_form.form, DrawnPoints.Params, now.data.params, "drawn", partial(_set, "data"))
            form(fields=("shape",), columns=1)
            form(fields=_NUMBERS)
    kind = methods()[now.method.name]
    if not state.is_hidden("method"):
        with method:
            st.subheader(_(kind.title), anchor=False)
            st.markdown(_(kind.summary))
            navigation.link_to("lesson", _("How {method} works", method=_(kind.title)) + " →", lesson=kind.name())
            if kind.Params.model_fields:
                params_form.form(kind.Params, now.method.params, kind.name(), partial(_set, "method"))


def _set(part: Literal["data", "method"], values: dict[str, Scalar]) -> None:
    now = current_experiment()
    take(now.model_copy(update={part: getattr(now, part).model_copy(update={"params": values})}))


def page() -> None:
    """Draw the playground."""
    if not state.is_hidden("title"):
        navigation.header("playground")
    now = current_experiment()
    with st.container(key=keys.PLAYGROUND_PARTS):  # on a phone the film comes first (assets/style.css)
        if not state.is_hidden("presets"):
            choose_preset()
        if not state.is_hidden("method"):
            choose_method(now)
        play(now)
        forms(now)
    if not state.is_hidden("keep"):
        query = filming.normalised(now).to_flat() | {"lang": language().code}
        st.link_button(
            _("Worksheet to print"), f"{origin.base_path()}/print/worksheet?{urlencode(query)}", type="tertiary"
        )


page()
