"""A form for an ordered list of steps that prepare rows of numbers, with the settings of each."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from da_core.networks import preparation
from pages.session import keys, state
from pages.session.words import _, listing
from pages.shell import params_form

Steps = tuple[str, ...]


def form(steps: Steps, on_change: Callable[[Steps], None]) -> None:
    """Draw ``steps``, written as in a link; ``on_change`` gets the new list.

    A step that is in the list stands among the options by its place, so that its kind can be added once more.
    """
    known = preparation.kinds()
    chosen = [f"{place}:{step}" for place, step in enumerate(steps)]
    st.multiselect(
        _("Preprocessing of the rows, in this order"),
        [*chosen, *known],
        format_func=lambda option: _(preparation.read(_step(option)).title),
        placeholder=_("None: the numbers as they are"),
        help=_(
            "Fitted on training samples only. All models, including source only and the oracle, get the same numbers."
        ),
        **state.bound(keys.PREPARATION, chosen, lambda options: on_change(tuple(map(_step, options)))),
    )
    for place, step in enumerate(steps):
        kind = preparation.read(step)
        st.caption(f"**{_(kind.title)}** · {_(kind.summary)}")
        if kind.Params.model_fields:

            def write(values: params_form.Values, place: int = place, kind: preparation.PreparationStep = kind) -> None:
                new = preparation.write(type(kind)(**values))
                on_change((*steps[:place], new, *steps[place + 1 :]))

            again = f" {place + 1}" if place else ""
            params_form.form(kind.Params, kind.params.overrides(), f"{kind.name}{again}", write)
    if apart := preparation.steps_apart(steps):
        st.warning(scaled_away(apart))
    elif preparation.learns_from_target(steps):
        st.caption(_("These steps use target samples, so source only already knows something about the target."))


def scaled_away(apart: list[str]) -> str:
    """Say what steps that give each domain a map of its own leave of the shift that the report on the data found."""
    titles = listing(_(preparation.read(step).title) for step in apart)
    return _(
        "{steps}: both domains now have the same mean and standard deviation. Source only therefore already uses the "
        "target's statistics, and reweighting has nothing left to correct of the shift that the data report found.",
        steps=titles,
    )


def _step(option: str) -> str:
    place, colon, step = option.partition(":")
    return step if colon and place.isdigit() else option
