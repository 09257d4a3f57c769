"""Draw a lesson's figure: the film of the method on points, or street pictures that it has changed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import streamlit as st

from da_core.data.synthesis.colour import Pictures
from da_core.data.synthesis.night import night_pictures
from da_core.data.synthesis.night_conditions import NIGHTS, NightName
from da_core.errors import UserError
from da_core.methods import methods
from da_core.teaching import showcase
from da_core.teaching.films import filming, lesson_films
from pages.learn import film_element
from pages.samples import gallery
from pages.session import keys, state
from pages.session.words import _, listing, word
from pages.shell import navigation, params_table

BETAS = (0.01, 0.1)
"""Bands that FDA is shown with: the published one, which swaps the mean colour of small pictures, and a wide one."""
SHOWN_NIGHTS: tuple[NightName, ...] = ("standard", "street lights", "hard")


def draw(method: str) -> None:
    """Draw the film of a method's lesson, or what it makes of pictures where it works on those alone."""
    if method in filming.ON_PICTURES:
        _on_pictures(method)
        return
    film_element.draw([lesson_films.lesson_experiment(method)], key=keys.lesson_film(method))
    if st.button(_("Open in the playground"), type="tertiary"):
        state.replace(lesson_films.lesson_experiment(method))
        navigation.switch_to("playground")
    settings = lesson_films.choose(method).params
    if settings:
        fields = methods()[method].Params.model_fields
        titles = {name: fields[name].title or name for name in settings}
        caption = listing(
            f"{_(titles[name])} = {params_table.written(settings[name], titles[name])}" for name in titles
        )
        st.caption(_("Made with {settings} instead of the published values.", settings=caption))


def _on_pictures(method: str) -> None:
    """Draw what a method makes of street pictures: a picture of each class, by day, by night, and changed."""
    try:
        day, night, *changed = _strips(showcase.FOLDER, method)
    except (UserError, OSError):
        st.info(_("The example run is missing; make it with {command}.", command=f"`{showcase.COMMAND}`"))
        return
    if method == "fda":
        seen = _("Target: the nights that supply the low frequencies")
        names = [_("Source, restyled with β = {beta}", beta=beta) for beta in BETAS]
        caption = _(
            "The method takes light and colour from a night and keeps the shapes of the day; the classifier then "
            "learns from the restyled pictures with the day's labels. A larger β copies more of the night."
        )
    else:
        seen = _("Target: nights that are never seen in training")
        names = [_("Source, by night: {night}", night=word(name)) for name in SHOWN_NIGHTS]
        caption = _(
            "The sky is estimated and darkened, lamps are placed at random, and a camera is simulated; the "
            "classifier then learns from both versions with the day's labels. Lit windows and headlights are "
            "missing: a day picture does not show which are on."
        )
    rows = [(_("Source: streets by day"), "", day), (seen, "target", night)]
    rows += [(name, "", row) for name, row in zip(names, changed, strict=True)]
    with st.container(key=keys.sheet("lesson"), gap="small"):
        for title, kind, row in rows:
            st.html(f'<div class="lab-domain {kind}">{title}</div>')
            st.image(row, width="stretch", alt=title)
    st.caption(caption)


@st.cache_data(max_entries=4, show_spinner=False)
def _strips(folder: Path, method: str) -> list[bytes]:
    """Draw day, night, and the day changed by the method: a picture of each class side by side, as PNG files."""
    day, night = showcase.read(folder).samples_by_class()
    changed = _by_restyling(day, night) if method == "fda" else _by_night(day)
    return [gallery.strip(pictures, len(pictures)) for pictures in (day, night, *changed)]


def _by_restyling(day: Pictures, night: Pictures) -> list[Pictures]:
    """Restyle day pictures by FDA, with each of `BETAS`."""
    import torch

    from da_core.methods.adaptation.fda import restyled

    Xs, Xt = (torch.tensor(pictures).permute(0, 3, 1, 2) for pictures in (day, night))
    return [restyled(Xs, Xt, beta).permute(0, 2, 3, 1).numpy() for beta in BETAS]


def _by_night(day: Pictures) -> list[Pictures]:
    """Turn day pictures into each of `SHOWN_NIGHTS`."""
    from da_core.data.synthesis.sky_mask import estimate_sky

    return [night_pictures(day, np.random.default_rng(0), NIGHTS[name], estimate_sky(day)) for name in SHOWN_NIGHTS]
