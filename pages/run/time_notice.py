"""A notice before a run that this server will not take, or whose method will take minutes, and what helps."""

from __future__ import annotations

import streamlit as st

from da_core.errors import UserError
from da_core.experiment import Experiment
from da_core.jobs.scheduling.limits import check_limits
from pages.session import access
from pages.session.words import _, explain, number, paragraph, seconds

NOTICED = 60.0
"""Seconds from which on there is a notice."""


def draw(experiment: Experiment) -> None:
    """Draw the notice, or nothing where the run is allowed and its method quick, or its time not known."""
    from da_core.training.estimate import estimate

    try:
        access.check_places(experiment.data.places)
    except UserError:  # shown when the run starts
        return
    try:
        check_limits(experiment)
    except UserError as error:
        st.warning(explain(error))
        return
    expected = estimate(experiment)
    if expected is None or expected.seconds < NOTICED:
        return
    took = _(
        "About {time} for {source} + {target} samples with {method}.",
        time=seconds(expected.seconds),
        source=number(expected.source),
        target=number(expected.target),
        method=_(expected.method.title),
    )
    if expected.lower:
        advice = _("Lower “{setting}” to make it faster.", setting=_(expected.lower))
    else:
        advice = _("Fewer samples make it faster.")
    st.info(paragraph(took, advice))
