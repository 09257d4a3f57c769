"""“What if”: a question beside a finished run that changes one thing of it and starts the run that answers."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from da_core.data.sources import sources
from da_core.data.synthesis.night_conditions import Night
from da_core.experiment import Experiment, MethodSpec, TrainingSpec
from da_core.params import Hyper, describe
from pages.run import run_row, starting
from pages.session import keys, state
from pages.session.words import _, choice
from pages.shell import cards, params_form

_TRAINED = ("epochs", "learning_rate", "batch_size")
"""What of the training is offered beside the method's own hyperparameters."""


def ask(experiment: Experiment, row: Sequence[str]) -> None:
    """Draw the button, and behind it the choice of one thing; ``row`` are the runs that the new one joins."""
    if state.is_hidden("method"):
        return
    kinds = {"method": _("Another method"), "setting": _("One setting"), "seed": _("Another seed")}
    if _nights(experiment):
        kinds["night"] = _("Another night")
    with st.popover(_("What if…"), key=keys.what_if(len(row))):  # another one shuts when a run has joined the row
        kind = cards.segments(_("Change"), kinds, keys.WHAT_IF_KIND, shown=True)
        changed = {"method": _method, "setting": _setting, "seed": _seed, "night": _night}[kind](experiment)
        if changed == experiment:
            st.caption(_("Choose a value that differs from this run's."))
        if st.button(_("Run side by side"), type="primary", disabled=changed == experiment):
            starting.start_beside(changed, row)


def _method(experiment: Experiment) -> Experiment:
    from da_core.methods import methods

    names = [name for name in methods() if name not in (experiment.method.name, "oracle")]
    first = sorted(names, key=lambda name: not methods()[name].start_here)
    name = st.selectbox(_("Method"), first, format_func=run_row.method_title, key=keys.WHAT_IF_METHOD)
    return experiment.model_copy(update={"method": MethodSpec(name=name)})


def _seed(experiment: Experiment) -> Experiment:
    seed = st.number_input(_("Seed"), 0, 2**31 - 1, experiment.seed + 1, key=keys.WHAT_IF_SEED)
    return experiment.model_copy(update={"seed": int(seed)})


def _nights(experiment: Experiment) -> tuple[str, ...]:
    """List the nights that the pair can be made for; none where it has no night."""
    kind = sources()[experiment.data.name].Params if experiment.data.name in sources() else None
    if kind is None or not issubclass(kind, Night):
        return ()
    return next(tuple(map(str, hyper.choices)) for hyper in describe(kind) if hyper.name == "difficulty")


def _night(experiment: Experiment) -> Experiment:
    kind = sources()[experiment.data.name].Params
    own = kind.model_validate(experiment.data.params).model_dump()["difficulty"]
    alternatives = [name for name in _nights(experiment) if name != own]
    title = next(hyper.title for hyper in describe(kind) if hyper.name == "difficulty")
    night = st.selectbox(_(title), alternatives, format_func=lambda name: choice(title, name), key=keys.WHAT_IF_NIGHT)
    rest = {name: value for name, value in experiment.data.params.items() if name not in Night.model_fields}
    data = experiment.data.model_copy(update={"params": {**rest, "difficulty": night}})
    return experiment.model_copy(update={"data": data})


def _setting(experiment: Experiment) -> Experiment:
    """Ask for one hyperparameter of the method or the training, and its value."""
    from da_core.methods import methods

    kind = methods()[experiment.method.name].Params
    offered: dict[str, Hyper] = {f"method.{hyper.name}": hyper for hyper in describe(kind)}
    offered |= {f"training.{hyper.name}": hyper for hyper in describe(TrainingSpec) if hyper.name in _TRAINED}
    name = st.selectbox(
        _("Setting"), list(offered), format_func=lambda each: _(offered[each].title), key=keys.WHAT_IF_SETTING
    )
    group, _dot, field = name.partition(".")
    before = experiment.method.params if group == "method" else experiment.training.overrides()
    drafts = st.session_state.setdefault(keys.WHAT_IF_DRAFT, {})
    draft = drafts.setdefault((experiment.key, name), dict(before))
    params_form.form(
        kind if group == "method" else TrainingSpec,
        draft,
        f"what-if-{group}",
        lambda values: drafts.update({(experiment.key, name): values}),
        fields=(field,),
        columns=1,
    )
    draft = drafts[experiment.key, name]
    if group == "training":
        return experiment.model_copy(update={"training": TrainingSpec.model_validate(draft)})
    return experiment.model_copy(update={"method": MethodSpec(name=experiment.method.name, params=draft)})
