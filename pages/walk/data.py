"""Step 1 · what the model learns from, and where it has to work."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from html import escape
from typing import Any, cast

import numpy as np
import streamlit as st

from da_core.data import sources
from da_core.data.base import SOUND_RATE, DomainPair
from da_core.data.cache import load_pair
from da_core.data.figures import figures
from da_core.data.listing import shown
from da_core.data.places import check_allowed, keep_upload, resolve_place
from da_core.data.remote import MissingError
from da_core.errors import UserError
from da_core.experiment import DataSpec
from da_core.fitting import kind_of, with_data
from da_core.settings import settings
from pages.parts import (
    access,
    catalogue,
    charts,
    download,
    gallery,
    night_preview,
    params_form,
    plane,
    report,
    state,
    steps,
    third,
    utterances,
    words,
)
from pages.parts.catalogue import OWN
from pages.parts.words import _, number, word

SHIFTS = {
    "appearance": "Appearance: the same things look different.",
    "covariate": "Covariate: other samples are common, each with the same label as before.",
    "label": "Label: other classes are common.",
    "concept": "Concept: the same sample has another label.",
    "unknown": "Not known.",
}
_BROUGHT = "lab.brought"
"""Session state: the places of what was uploaded, by role, not yet in use."""
_NAMES = "lab.names"
"""Session state: what a visitor called an upload, by what a sentence calls its place."""


def _choose() -> None:
    known = sources()
    spec = state.experiment().data
    own = catalogue.choose(spec.name, _take)
    if own:
        _bring()
    if spec.name in known and known[spec.name].Params.model_fields and own == (spec.name == OWN):
        with st.expander(_("Settings of this data")):
            kind = known[spec.name].Params
            params_form.form(kind, spec.params, spec.name, _use_settings, fields=night_preview.elsewhere(kind))


def _take(name: str) -> None:
    _set(DataSpec(name=name))


def _use_settings(values: params_form.Values) -> None:
    _use(state.experiment().data.model_copy(update={"params": values}))


def _use(spec: DataSpec) -> None:
    """Make ``spec`` the experiment's data if it can be read; otherwise what was there stays."""
    try:
        for place in filter(None, (spec.source, spec.target)):
            check_allowed(place, localhost_only=access.localhost_only())
        with suppress(MissingError):  # the screen offers to download them
            load_pair(spec)
    except UserError as error:
        state.report(UserError(error.message, **_with_own_names(error.values)))
    else:
        _set(spec)


def _set(spec: DataSpec) -> None:
    """Change the pair, and where it needs another network change that too and say so."""
    before = state.experiment()
    state.replace(with_data(before, spec))
    if state.experiment().network != before.network:
        st.toast(_("The network has changed with the data: it takes {kind}.", kind=word(kind_of(spec))))


def _with_own_names(values: Mapping[str, object]) -> dict[str, object]:
    """An upload is kept under its content's digest; whoever sent it knows it by another name."""
    names: dict[object, str] = st.session_state.get(_NAMES, {})
    return {field: names.get(value, value) for field, value in values.items()}


def _bring() -> None:
    """Where one's own files come from: an upload, or a folder on the server."""
    with st.container(border=True):
        upload, folder = _("Upload"), _("Folder on the server")
        how = st.segmented_control(
            _("Where from"),
            [upload, folder],
            default=upload,
            required=True,
            key="lab-own-how",
            label_visibility="collapsed",
        )
        st.caption(
            _(
                "Pictures in one folder a class, or an npz file with X and y. "
                "Leave the target empty if one place holds both domains, as in train/day and test_night."
            )
        )
        source, target = st.columns(2, gap="medium")
        found = {}
        for role, place, title in (("source", source, _("Source")), ("target", target, _("Target"))):
            with place:
                found[role] = _upload(role, title) if how == upload else _folder(role, title)
        night = "none" if found["target"] else night_preview.instead_of_a_target()
        st.button(
            _("Use these files"),
            disabled=not found["source"],
            on_click=_use_own,
            args=(found["source"], found["target"], night),
        )


def _upload(role: str, title: str) -> str | None:
    def keep() -> None:
        file = st.session_state[key]
        brought = st.session_state.setdefault(_BROUGHT, {})
        brought.pop(role, None)
        if file is not None:
            try:
                brought[role] = keep_upload(file.name, file)
                st.session_state.setdefault(_NAMES, {})[shown(resolve_place(brought[role]))] = file.name
            except UserError as error:
                state.report(error)

    key = f"lab-own-{role}"
    most = settings().upload_megabytes
    label = _("{title} (zip or npz, up to {most} MB)", title=title, most=most)
    st.file_uploader(label, type=["zip", "npz"], max_upload_size=most, key=key, on_change=keep)
    return cast("str | None", st.session_state.get(_BROUGHT, {}).get(role))


def _folder(role: str, title: str) -> str | None:
    if access.localhost_only():
        hint = _("Any folder on this machine.")
    else:
        hint = _("A folder below {folder}.", folder=settings().data_dir)
    return st.text_input(title, placeholder=hint, key=f"lab-folder-{role}").strip() or None


def _use_own(source: str, target: str | None, night: str) -> None:
    params = dict(state.experiment().data.params) if state.experiment().data.name == OWN else {}
    params.pop("night", None)
    if night != "none":
        params["night"] = night
    _use(DataSpec(name=OWN, source=source, target=target, params=params))


def _show(pair: DomainPair) -> None:
    for notice in pair.notices:
        st.info(words.told(notice.message, _with_own_names(notice.values)))
    st.subheader(_(pair.provenance.title), anchor=False)
    facts: dict[str, Any] = {
        word(pair.source.name): _("{count} samples", count=number(len(pair.source))),
        word(pair.target.name): _("{count} samples", count=number(len(pair.target))),
        _("Classes"): number(len(pair.classes)),
        _("A sample"): _shape(pair),
        _("Kind of shift"): _(SHIFTS[pair.provenance.shift]),
    }
    measured = figures().get(state.experiment().data.name)
    if measured is not None:
        facts |= catalogue.facts(measured)
    st.html(
        '<div class="lab-facts">'
        + "".join(f"<div>{escape(name)} <b>{escape(str(fact))}</b></div>" for name, fact in facts.items())
        + "</div>"
    )
    if pair.kind == "pictures":
        gallery.by_class(pair)
    elif pair.kind == "texts":
        utterances.texts(pair)
    elif pair.source.heard is not None:
        utterances.sounds(pair)
    elif pair.sample_shape == (2,):
        charts.draw(plane.scatter(pair), key="points", alt=plane.alt(pair))
    else:
        for domain, mark in ((pair.source, ""), (pair.target, "target")):
            st.html(gallery.heading(domain.name, mark))
            gallery.rows_of(pair, domain)
    spec = state.experiment().data
    if spec.name == night_preview.OF and not state.is_hidden("data"):
        night_preview.section(spec.params, _use_settings)
    st.subheader(_("How many of each class"), anchor=False)
    charts.draw(gallery.counts(pair), key="class-counts", alt=gallery.counts_alt(pair))
    report.section(pair, state.experiment().data.model_dump_json())
    if not state.is_hidden("data"):
        third.section(spec)
    st.subheader(_("Where it comes from"), anchor=False)
    st.markdown(f"{_(pair.provenance.origin)}  \n:gray[{_('Licence')}: {_(pair.provenance.licence)}]")


def _shape(pair: DomainPair) -> str:
    if pair.kind == "pictures":
        height, width = pair.sample_shape[:2]
        return _("{width} × {height} pixels", width=width, height=height)
    if pair.kind == "texts":
        return _("a text of about {count} words", count=number(_words(pair)))
    if pair.kind == "sounds":
        return _("{seconds} s of sound", seconds=number(pair.sample_shape[0] / SOUND_RATE, 1))
    return _("{count} features", count=number(pair.sample_shape[0]))


def _words(pair: DomainPair) -> float:
    """In the middle of both domains."""
    return float(
        np.median([len(str(text).split()) for domain in (pair.source, pair.target) for text in domain.X[:500]])
    )


steps.header("data")
if not state.is_hidden("data"):
    _choose()
try:
    with st.spinner(_("Making the pictures…")):
        spec = state.experiment().data
        for place in filter(None, (spec.source, spec.target)):
            check_allowed(place, localhost_only=access.localhost_only())
        pair = load_pair(spec)
except MissingError as lacking:
    download.offer(lacking)
except UserError as error:
    st.error(words.explain(error))
else:
    _show(pair)
steps.footer("data")
