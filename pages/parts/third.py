"""The choice of a third domain: scored beside the target, and never trained on."""

from __future__ import annotations

import streamlit as st

from da_core.data import sources
from da_core.experiment import DataSpec
from pages.parts import params_form, state
from pages.parts.catalogue import OWN
from pages.parts.words import _

_CHOSEN = "lab-third"


def section(spec: DataSpec) -> None:
    """None, another setting of the same pair, or another pair of the same area."""
    known = sources()
    names = [
        name
        for name, one in known.items()
        if OWN not in (name, spec.name)
        and (one.area == known[spec.name].area if name != spec.name else one.Params.model_fields)
    ]
    third = state.experiment().third
    if third is not None and third.name not in (*names, OWN):
        third = None  # of another area: the data were changed since
        state.change(third=None)
    if not names:
        return
    with st.expander(_("A third domain (optional)"), expanded=third is not None):
        st.markdown(
            _(
                "It is scored beside the target and never trained on: so it tells whether what was learned carries "
                "over to a place that nobody adapted to. On Results it has a row of its own."
            )
        )
        st.session_state[_CHOSEN] = "" if third is None else third.name
        options = {"": _("None"), **{name: _(known[name].title) for name in names}}
        if third is not None and third.name == OWN:
            options[OWN] = _(known[OWN].title)
        st.selectbox(
            _("Third domain: the target of"),
            list(options),
            format_func=options.__getitem__,
            key=_CHOSEN,
            on_change=lambda: _choose(spec),
        )
        if third is not None and known[third.name].Params.model_fields and third.name != OWN:
            params_form.form(
                known[third.name].Params,
                third.params,
                "third",
                lambda values: state.change(third=third.model_copy(update={"params": values})),
            )


def _choose(spec: DataSpec) -> None:
    name = st.session_state[_CHOSEN]
    # what both have in common, such as the size of the pictures, is a start
    params = spec.params if name == spec.name else {}
    state.change(third=DataSpec(name=name, params=params) if name else None)
