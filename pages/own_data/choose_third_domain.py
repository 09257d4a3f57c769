"""Choose a third domain, which is scored beside the target and never trained on."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import streamlit as st

from da_core.data.loading.inspection import Inspection
from da_core.data.loading.third_domain import as_third
from da_core.data.pair import DomainPair
from da_core.data.sources import sources
from da_core.errors import UserError
from da_core.experiment import DataSpec
from da_core.params import Params
from pages.own_data import bring_files, night_preview
from pages.own_data.catalogue import OWN
from pages.session import keys, state, words
from pages.session.polling import wait_a_moment
from pages.session.words import _
from pages.shell import params_form

_ROW = "domain:"
"""Before the value of a domain column, among the options."""


def section(spec: DataSpec, pair: DomainPair) -> None:
    """Draw the choice: none, the pair set otherwise, another pair of its area or, beside own files, other files."""
    third = _fitting(spec)
    offered = _options(spec, pair)
    if not offered:
        return
    chosen = _option_of(third, offered)
    with st.expander(_("A third domain (optional)"), expanded=bool(chosen)):
        st.markdown(
            _(
                "It is scored beside the target and never trained on. It shows whether the model also works on a "
                "domain that no method adapted to. Results lists it in a row of its own."
            )
        )
        options = {"": _("None")} | offered
        if chosen not in options:
            options[chosen] = _(sources()[OWN].title)
        bound = state.bound(keys.THIRD, chosen, partial(_choose, spec, pair))
        st.selectbox(_("Third domain: the target of"), list(options), format_func=options.__getitem__, **bound)
        if chosen == OWN:
            _choose_files(spec, pair, third)
        elif third is not None and third.name != OWN and sources()[third.name].Params.model_fields:
            params_form.form(
                sources()[third.name].Params,
                third.params,
                "third",
                lambda values: state.change(third=third.model_copy(update={"params": values})),
                fields=_fields(sources()[third.name].Params),
            )


def _fields(kind: type[Params]) -> tuple[str, ...]:
    """List the settings to show: of a night the preset alone, which stands for all its ranges, then all others."""
    return ("difficulty", *night_preview.other_settings(kind)) if "difficulty" in kind.model_fields else ()


def _fitting(spec: DataSpec) -> DataSpec | None:
    """Return the third domain, made to fit ``spec``, which may have been changed since; None where it cannot fit."""
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
        for name, source in known.items()
        if OWN not in (name, spec.name)
        and (source.area == known[spec.name].area if name != spec.name else source.Params.model_fields)
    ]


def _options(spec: DataSpec, pair: DomainPair) -> dict[str, str]:
    if spec.name != OWN:
        return {name: _(sources()[name].title) for name in _built_in(spec)}
    if _is_two_places(spec):
        return {OWN: _(sources()[OWN].title)}
    if not spec.params.get("target_domain"):  # then all other rows are the target
        return {}
    reading = bring_files.read_files(spec)
    wait_a_moment(reading)
    rows = reading.result().layout.domains if reading.done() else ()
    return {_ROW + row: row for row in rows if row not in (pair.source.name, pair.target.name)}


def _is_two_places(spec: DataSpec) -> bool:
    return spec.target not in (None, spec.source)


def _option_of(third: DataSpec | None, offered: Mapping[str, str]) -> str:
    """Return the option that stands for a third domain."""
    if third is None:
        return OWN if st.session_state.get(keys.THIRD_IS_OWN) and OWN in offered else ""
    return third.name if third.name != OWN or _is_two_places(third) else f"{_ROW}{third.params.get('target_domain')}"


def _beside(spec: DataSpec, third: DataSpec) -> DataSpec:
    """Make a third domain of the visitor's own the target of a pair with the same source, read in the same way."""
    rows = {name: value for name, value in third.params.items() if name in ("source_domain", "target_domain")}
    params = {name: value for name, value in spec.params.items() if name not in ("night", "noise")} | rows
    return third.model_copy(update={"source": spec.source, "params": params})


def _choose(spec: DataSpec, pair: DomainPair, name: str) -> None:
    st.session_state[keys.THIRD_IS_OWN] = name == OWN
    if name.startswith(_ROW):
        rows = {"source_domain": pair.source.name, "target_domain": name.removeprefix(_ROW)}
        state.change(third=_beside(spec, DataSpec(name=OWN, params=rows)))
        return
    # what both have in common, such as the size of the pictures, is a start
    params = spec.params if name == spec.name else {}
    state.change(third=DataSpec(name=name, params=params) if name not in ("", OWN) else None)


def _choose_files(spec: DataSpec, pair: DomainPair, third: DataSpec | None) -> None:
    """Ask for files, and make them the third domain as soon as they are read and fit."""
    place = bring_files.choose_origin(keys.THIRD_ORIGIN)("third", _("Third domain"))
    if place is not None and not bring_files.may_open([place]):
        return
    chosen = _beside(spec, DataSpec(name=OWN, target=place)) if place is not None else third
    if chosen is not None:
        bring_files.when_read(chosen, partial(_use, chosen, pair))


def _use(chosen: DataSpec, pair: DomainPair, inspection: Inspection) -> None:
    """Make the files the third domain, or show why they do not fit."""
    try:
        if inspection.problem is not None:
            raise inspection.problem
        assert inspection.pair is not None
        domain = as_third(inspection.pair, pair)
    except UserError as error:
        bring_files.read_again(chosen)
        st.error(words.explain(error))
        return
    if chosen != state.experiment().third:
        state.change(third=chosen)
        st.rerun()
    st.caption(
        _("In use: {count} samples, {known} of them with a label.", count=len(domain.y), known=(domain.y >= 0).sum())
    )
