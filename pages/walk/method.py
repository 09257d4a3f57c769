"""Step 3 · how source and target are brought together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING

import streamlit as st

from da_core.data.loading.cache import pair_in_memory
from da_core.experiment import MethodSpec
from da_core.networks.preparation import steps_apart
from da_core.teaching.lessons.families import FAMILIES, KINDS, group_methods
from pages.own_data import catalogue
from pages.run import current_run, starting, time_notice
from pages.session import keys, state
from pages.session.words import _, linked
from pages.shell import cards, navigation, params_form, preparation_form

if TYPE_CHECKING:
    from da_core.methods.base import Method


def _choose() -> None:
    """Draw names to choose from, and beside them what the chosen method is, its settings, and the button."""
    with st.spinner(_("Loading the methods…")):
        from da_core.methods import methods

    known = methods()
    spec = state.experiment().method
    family = known[spec.name].family()
    last = st.session_state.setdefault(keys.LAST_METHODS, {})
    last[family] = spec
    families = {name: _(family.title) for name, family in FAMILIES.items()}
    bound = state.bound(keys.FAMILY, family, lambda name: _take(last.get(name, MethodSpec(name=FAMILIES[name].first))))
    cards.segments(_("Family"), families, **bound)  # of another family the method that was chosen last, else its first
    st.markdown(_(FAMILIES[family].idea))
    _advice(known)
    names, chosen = st.columns([2, 3], gap="large")
    with names:
        of_family = [method for method in known.values() if method.family() == family]
        for kind, of_kind in group_methods(of_family)[family].items():
            _choose_of_kind(kind, of_kind, spec.name)
    with chosen:
        with st.container(border=True):
            _show(known[spec.name], spec)
        _train()


def _advice(known: Mapping[str, type[Method]]) -> None:
    """Say once more what the look at the data has advised, as long as it is of these data."""
    data, shift, method = st.session_state.get(keys.ADVICE, (None, "", ""))
    if data == state.experiment().data and shift in catalogue.SHIFTS:
        title, kind = _(known[method].title), _(catalogue.SHIFTS[shift])
        st.info(_("The data report suggests “{kind}”: start with {method}.", kind=kind, method=title))


def _choose_of_kind(kind: str, methods: Sequence[type[Method]], chosen: str) -> None:
    """Draw those to start with, each with its sentence, and the rest behind a door."""
    title = _(KINDS.get(kind, "Method"))
    first = [method for method in methods if method.start_here] or methods
    rest = [method for method in methods if method not in first]
    if kind in KINDS:
        st.html(f'<div class="lab-kind">{title}</div>')
    with st.container(key=keys.start_here(kind)) if rest else nullcontext():
        _cards(title, first, chosen, f"method-{kind.replace(' ', '-')}")
    if rest:
        with st.expander(_("{count} more", count=len(rest)), expanded=chosen in {method.name() for method in rest}):
            _cards(_("More: {kind}", kind=title), rest, chosen, f"method-more-{kind.replace(' ', '-')}")


def _cards(label: str, methods: Sequence[type[Method]], chosen: str, key: str) -> None:
    of_methods = {method.name(): (_(method.title), _(method.summary)) for method in methods}
    cards.choose(label, of_methods, chosen, key, _set)


def _show(method: type[Method], spec: MethodSpec) -> None:
    """Draw what the chosen method does and wants, the way to its lesson, and its settings."""
    from da_core.methods.wanted_network import WANTS_BATCH_NORM, lacks_batch_norm

    st.subheader(_(method.title), anchor=False)
    st.markdown(_(method.summary))
    if method.paper:
        st.caption(_("Paper: {paper}", paper=linked(method.paper, method.link)))
    if lacks_batch_norm(state.experiment().network, spec):
        st.info(_(WANTS_BATCH_NORM, method=_(method.title)))
    apart = steps_apart(state.experiment().prepare or ())
    if method.family() == "reweighting" and apart:
        st.warning(preparation_form.scaled_away(apart))
    navigation.link_to("lesson", _("How {method} works", method=_(method.title)) + " →", lesson=spec.name)
    params_form.form_of("method", {spec.name: method}, spec)
    if spec.params:
        st.button(_("Reset to the published values"), type="tertiary", on_click=_set, args=(spec.name,))


def _set(name: str) -> None:
    _take(MethodSpec(name=name))


def _take(spec: MethodSpec) -> None:
    """Choose a method, with the network that it wants where nobody chose one."""
    from da_core.methods.wanted_network import with_method

    state.replace(with_method(state.experiment(), spec))


def _train() -> None:
    """Draw the button of the whole walk, what it will take, and whether the oracle runs along."""
    time_notice.draw(state.experiment())
    with st.container(horizontal=True, vertical_alignment="center", gap="medium", key=keys.TRAIN):
        pressed = st.button(_("Train"), type="primary")
        pair = pair_in_memory(state.experiment().data)
        labelled = pair is None or pair.target_labelled
        st.toggle(
            _("Train the oracle too"),
            help=_("A network trained on the target's own labels, as an upper reference. It makes the run longer.")
            if labelled
            else _("The target has no labels, so no oracle can be trained."),
            disabled=not labelled and not state.experiment().oracle,
            **state.bound_field(keys.ORACLE, "oracle"),
        )
    if pressed:
        starting.start(state.experiment())


navigation.header("method")
if state.is_hidden("method"):
    st.markdown(current_run.summary(state.experiment()))
    _train()
else:
    _choose()
navigation.footer("method", quiet=True)
