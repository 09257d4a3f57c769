"""Step 3 · how source and target are brought together."""

from __future__ import annotations

import dataclasses

import streamlit as st

from da_core.experiment import MethodSpec
from pages.parts import cards, params_form, runs, state, steps
from pages.parts.words import _


@dataclasses.dataclass(frozen=True)
class Family:
    """A family of methods: its name, in one sentence what its methods do, and the one it begins with, if it matters."""

    title: str
    idea: str
    begins_with: str | None = None


FAMILIES = {
    "alignment": Family("Feature alignment", "Move the features so that source and target look alike."),
    "reweighting": Family("Sample reweighting", "Weight the source samples so that they stand for the target."),
    "adaptation": Family("Model adaptation", "Change the trained model itself.", "fine_tuning"),  # on any network
    "control": Family("Yardsticks", "Adapt nothing: the floor and the ceiling of every comparison."),
}


def _choose() -> None:
    with st.spinner(_("Waking up the methods…")):
        from da_core.methods import methods

    known = methods()
    spec = state.experiment().method
    family = known[spec.name].family()
    first = {known[name].family(): name for name in reversed(known)}
    first |= {name: of.begins_with for name, of in FAMILIES.items() if of.begins_with}
    st.session_state["lab-family"] = family
    st.segmented_control(
        _("Family"),
        [name for name in FAMILIES if name in first],
        format_func=lambda name: _(FAMILIES[name].title),
        required=True,
        key="lab-family",
        on_change=lambda: _set(first[st.session_state["lab-family"]]),
        label_visibility="collapsed",
    )
    st.markdown(_(FAMILIES[family].idea))
    cards.choose(
        _("Method"),
        [cards.Card(name, _(one.title), _(one.summary)) for name, one in known.items() if one.family() == family],
        spec.name,
        "method",
        _set,
    )
    method = known[spec.name]
    if method.Params.model_fields:
        st.subheader(_("Settings of {method}", method=_(method.title)), anchor=False)
        params_form.form(
            method.Params,
            spec.params,
            spec.name,
            lambda values: state.change(method=spec.model_copy(update={"params": values})),
        )
        if spec.params:
            st.button(_("Back to the published values"), type="tertiary", on_click=_set, args=(spec.name,))
    if method.paper:
        st.caption(_("Source: {paper}", paper=method.paper))


def _set(name: str) -> None:
    state.change(method=MethodSpec(name=name))


def _train() -> None:
    """The button of the whole walk, and whether the oracle runs along."""
    with st.container(horizontal=True, vertical_alignment="center", gap="medium", key="lab-train"):
        pressed = st.button(_("Train"), type="primary")
        st.session_state["lab-oracle"] = state.experiment().oracle
        st.toggle(
            _("Train the oracle too"),
            help=_("A network trained on the target's own labels: the ceiling. It makes the run longer."),
            key="lab-oracle",
            on_change=lambda: state.change(oracle=st.session_state["lab-oracle"]),
        )
    if pressed:
        runs.start(state.experiment())


steps.header("method")
if not state.is_hidden("method"):
    _choose()
_train()
steps.footer("method", quiet=True)
