"""A notice before a run whose method will take minutes: about how long, and what makes it faster."""

from __future__ import annotations

import streamlit as st

from da_core.errors import UserError
from da_core.experiment import Experiment
from pages.session import access
from pages.session.words import _, number, seconds

NOTICED = 60.0
"""Seconds from which on there is a notice."""


def draw(experiment: Experiment) -> None:
    """Draw the notice, or nothing where the method is quick or its time is not known."""
    from da_core.training.estimate import estimate

    try:
        access.check_places(experiment.data.places)
    except UserError:  # shown when the run starts
        return
    found = estimate(experiment)
    if found is None or found.seconds < NOTICED:
        return
    took = _(
        "About {time} for {source} + {target} samples with {method}.",
        time=seconds(found.seconds),
        source=number(found.source),
        target=number(found.target),
        method=_(found.method.title),
    )
    if found.lower:
        advice = _("Lower “{setting}” to make it fast.", setting=_(found.lower))
    else:
        advice = _("Fewer samples make it fast.")
    st.info(f"{took} {advice}")
