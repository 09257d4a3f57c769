"""The choice of a third domain: scored beside the target, and never trained on."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from da_core.data.loading.third_domain import as_third
from da_core.data.pair import DomainPair
from da_core.data.sources import sources
from da_core.errors import UserError
from da_core.experiment import DataSpec
from da_core.params import Params
from pages.own_data import bring_files, night_preview
from pages.own_data.catalogue import OWN
from pages.session import state, words
from pages.session.words import _
from pages.shell import params_form

_CHOSEN = "lab-third"
_BRINGS = "lab-third-brings"
"""Session state: whether the visitor is about to bring one of their own."""
_ROW = "domain:"
"""Before the value of a domain column, among the options."""


def section(spec: DataSpec, pair: DomainPair) -> None:
    """None, another setting of the same pair, another pair of the same area, or, beside own files, another of them."""
    third = _kept(spec)
    offered = _offered(spec, pair)
    if not offered:
        return
    chosen = _name(third, offered)
    with st.expander(_("A third domain (optional)"), expanded=bool(chosen)):
        st.markdown(
            _(
                "It is scored beside the target and never trained on: so it tells whether what was learned carries "
                "over to a place that nobody adapted to. On Results it has a row of its own."
            )
        )
        options = {"": _("None")} | offered
        if chosen not in options:
            options[chosen] = _(sources()[OWN].title)
        st.session_state[_CHOSEN] = chosen
        st.selectbox(
            _("Third domain: the target of"),
            list(options),
            format_func=options.__getitem__,
            key=_CHOSEN,
            on_change=lambda: _choose(spec, pair),
        )
        if chosen == OWN:
            _bring(spec, pair, third)
        elif third is not None and third.name != OWN and sources()[third.name].Params.model_fields:
            params_form.form(
                sources()[third.name].Params,
                third.params,
                "third",
                lambda values: state.change(third=third.model_copy(update={"params": values})),
                fields=_fields(sources()[third.name].Params),
            )


def _fields(kind: type[Params]) -> tuple[str, ...]:
    """The settings to show: of a night the preset alone, which stands for all its ranges, then what else there is."""
    return ("difficulty", *night_preview.elsewhere(kind)) if "difficulty" in kind.model_fields else ()


def _kept(spec: DataSpec) -> DataSpec | None:
    """The third domain as it fits ``spec``, which may have been changed since."""
    third = state.experiment().third
    if third is None:
        return None
    fits: DataSpec | None = third
    if third.name == OWN:
        fits = _beside(spec, third) if spec.name == OWN else None
    elif third.name not in _built_in(spec):
        fits = None
    if fits != third:
        state.change(third=fits)
    return fits


def _built_in(spec: DataSpec) -> list[str]:
    known = sources()
    return [
        name
        for name, one in known.items()
        if OWN not in (name, spec.name)
        and (one.area == known[spec.name].area if name != spec.name else one.Params.model_fields)
    ]


def _offered(spec: DataSpec, pair: DomainPair) -> dict[str, str]:
    if spec.name != OWN:
        return {name: _(sources()[name].title) for name in _built_in(spec)}
    if _is_two_places(spec):
        return {OWN: _(sources()[OWN].title)}
    if not spec.params.get("target_domain"):  # then all other rows are the target
        return {}
    reading = bring_files.readings().of(spec, patience=0.4)
    rows = reading.result().domains if reading.done() else ()
    return {_ROW + row: row for row in rows if row not in (pair.source.name, pair.target.name)}


def _is_two_places(spec: DataSpec) -> bool:
    return spec.target not in (None, spec.source)


def _name(third: DataSpec | None, offered: Mapping[str, str]) -> str:
    """The option that stands for it."""
    if third is None:
        return OWN if st.session_state.get(_BRINGS) and OWN in offered else ""
    return third.name if third.name != OWN or _is_two_places(third) else f"{_ROW}{third.params.get('target_domain')}"


def _beside(spec: DataSpec, third: DataSpec) -> DataSpec:
    """An own third domain is the target of a pair with the same source, read in the same way."""
    rows = {name: value for name, value in third.params.items() if name in ("source_domain", "target_domain")}
    params = {name: value for name, value in spec.params.items() if name not in ("night", "noise")} | rows
    return third.model_copy(update={"source": spec.source, "params": params})


def _choose(spec: DataSpec, pair: DomainPair) -> None:
    name = st.session_state[_CHOSEN]
    st.session_state[_BRINGS] = name == OWN
    if name.startswith(_ROW):
        rows = {"source_domain": pair.source.name, "target_domain": name.removeprefix(_ROW)}
        state.change(third=_beside(spec, DataSpec(name=OWN, params=rows)))
        return
    # what both have in common, such as the size of the pictures, is a start
    params = spec.params if name == spec.name else {}
    state.change(third=DataSpec(name=name, params=params) if name not in ("", OWN) else None)


def _bring(spec: DataSpec, pair: DomainPair, third: DataSpec | None) -> None:
    """Ask for files, and make them the third domain as soon as they are read and fit."""
    place = bring_files.where_from("lab-third-how")("third", _("Third domain"))
    if place is not None and not bring_files.is_allowed(place):
        return
    wanted = _beside(spec, DataSpec(name=OWN, target=place)) if place is not None else third
    if wanted is None:
        return
    done = bring_files.readings().of(wanted, patience=0.4).done()
    st.fragment(_read, run_every=None if done else bring_files.POLL_SECONDS)(wanted, pair, done)


def _read(wanted: DataSpec, pair: DomainPair, was_done: bool) -> None:
    reading = bring_files.readings().of(wanted)
    if reading.done() != was_done:
        st.rerun()
    if not was_done:
        st.caption(_("Reading your files…"))
        return
    found = reading.result()
    try:
        if found.problem is not None:
            raise found.problem
        assert found.pair is not None
        domain = as_third(found.pair, pair)
    except UserError as error:
        bring_files.readings().forget(wanted)
        st.error(words.explain(bring_files.with_upload_names(error)))
        return
    if wanted != state.experiment().third:
        state.change(third=wanted)
        st.rerun()
    st.caption(
        _("In use: {count} samples, {known} of them with a label.", count=len(domain.y), known=(domain.y >= 0).sum())
    )
