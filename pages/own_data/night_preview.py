"""Turn one street scene from day to night, step by step, with the night's parameters on sliders."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from functools import partial
from html import escape
from typing import NamedTuple

import numpy as np
import streamlit as st
from PIL import Image

from da_core.data.scenes import street
from da_core.data.sources.street_scenes import StreetParams
from da_core.data.synthesis.colour import Pictures, quantise, to_linear, to_srgb
from da_core.data.synthesis.night import Steps, steps
from da_core.data.synthesis.night_conditions import Night, NightName
from da_core.params import Params, validated
from pages.session import keys
from pages.session.words import _, number, word
from pages.shell import fold, params_form
from pages.shell.params_form import Values

NAME = "street"
_SIDE = 128
_SCENES = 1000
_FIRST = (
    "exposure",
    "ambient",
    "lamps",
    "lamp_power",
    "lamp_kelvin",
    "glow_strength",
    "sky",
    "afterglow",
    "wetness",
    "rain",
    "shot_noise",
    "white_balance",
)
"""What most of a night's look comes from, in the order of the steps; the rest stands behind a door."""
_REST = tuple(name for name in Night.model_fields if name not in _FIRST)


class _Draft(NamedTuple):
    """Settings that are tried, and those that the data had when the trial began."""

    began: Values
    values: Values


def other_settings(kind: type[Params]) -> tuple[str, ...]:
    """List the settings of a data set that are not drawn here."""
    here = {*Night.model_fields, "difficulty"} if issubclass(kind, Night) else set()
    return tuple(name for name in kind.model_fields if name not in here)


def section(applied: Values, use: Callable[[Values], None]) -> None:
    """Draw the scene, its steps, and the sliders; ``use`` gets the settings once they are to be the data's own."""
    with fold.section(_("From day to night")):
        st.markdown(
            _(
                "A physical model turns scenes of the same kind into the target's nights. Change it and watch one "
                "scene; each picture draws its own values from the ranges."
            )
        )
        _try(applied, use)


@st.fragment
def _try(applied: Values, use: Callable[[Values], None]) -> None:
    draft = st.session_state.get(keys.NIGHT_DRAFT)
    if draft is None or draft.began != applied:
        draft = _Draft(applied, applied)
    params = validated(StreetParams, draft.values, NAME)
    params_form.form(StreetParams, draft.values, NAME, _draw_from(draft), fields=("difficulty",), columns=1)
    thing, scene = st.columns([5, 1], gap="medium")
    label = thing.pills(
        _("Object in the scene"),
        range(len(street.CLASSES)),
        default=0,
        format_func=lambda at: word(street.CLASSES[at]),
        required=True,
        key=keys.NIGHT_CLASS,
    )
    seed = scene.number_input(_("Number"), 0, _SCENES, key=keys.NIGHT_SEED)
    st.html(_sheet(label, int(seed), params.difficulty, params.model_dump_json(include={*Night.model_fields})))
    params_form.form(StreetParams, draft.values, NAME, _draw_from(draft), fields=_FIRST, columns=3)
    with st.expander(_("More of the model")):
        params_form.form(StreetParams, draft.values, NAME, _draw_from(draft), fields=_REST, columns=3)
    if draft.values != applied:
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.button(_("Make pictures with these settings"), type="primary"):
                use(draft.values)
                st.rerun()
            forget = partial(st.session_state.pop, keys.NIGHT_DRAFT, None)
            st.button(_("Reset to the data's settings"), type="tertiary", on_click=forget)


def _draw_from(draft: _Draft) -> Callable[[Values], None]:
    """Make the function that changes the draft; another difficulty sets all of the night."""

    def write(values: Values) -> None:
        if values.get("difficulty") != draft.values.get("difficulty"):
            values = {name: value for name, value in values.items() if name not in Night.model_fields}
        st.session_state[keys.NIGHT_DRAFT] = _Draft(draft.began, values)

    return write


def _sheet(label: int, seed: int, difficulty: NightName, conditions: str) -> str:
    """Write the steps as HTML: a grid of pictures, each with its name and what happened."""
    day, night = _render(label, seed, difficulty, conditions)
    gain = number(float(night.gain[0]), 1)
    light = [
        (_("Relit"), _("Without the sun: the remaining light falls on the surfaces."), night.relit),
        (_("Glow"), _("The sky, lamps and the scene's own lights shine into the lens."), night.glowing),
        (_("Weather"), _("A wet road reflects the lights; rain adds streaks and a veil."), night.weather),
        (_("Exposed"), _("The camera makes it {gain} times as bright.", gain=gain), night.exposed),
        (_("Noise"), _("The gain amplifies the sensor's noise as well."), night.noisy),
    ]
    if night.weather is night.glowing:
        del light[2]
    linear = _("The same scene without the display curve, as a sensor measures light.")
    pictures = [
        (_("Day"), _("The scene in daylight."), day),
        (_("Linear light"), linear, quantise(to_linear(day / np.float32(255)))),
        *((name, what, quantise(to_srgb(step[0]))) for name, what, step in light),
        (_("Night"), _("White balance and 8 bits: the picture that the model sees."), night.developed[0]),
    ]
    figures = (
        f'<figure><img src="{_image(picture)}" alt="{escape(name)}"><figcaption><b>{escape(name)}</b> {escape(what)}'
        "</figcaption></figure>"
        for name, what, picture in pictures
    )
    return f'<div class="lab-night">{"".join(figures)}</div>'


@st.cache_data(max_entries=64, show_spinner=False)
def _render(label: int, seed: int, difficulty: NightName, conditions: str) -> tuple[Pictures, Steps]:
    """Compute the scene by day, (side, side, 3), and all steps to its night; the scene is the same for any night."""
    scene = _drawn(label, seed, difficulty)
    day = street.day(scene, np.random.default_rng(seed))[0]
    layers = (scene.reflectance, scene.sky, scene.emission, scene.ground)
    return day, steps(*layers, np.random.default_rng(seed), Night.model_validate_json(conditions))


@st.cache_data(max_entries=16, show_spinner=False)
def _drawn(label: int, seed: int, difficulty: NightName) -> street.Scenes:
    return street.draw_single(label, _SIDE, seed, difficulty)


def _image(picture: Pictures) -> str:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=92)
    return f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}"
