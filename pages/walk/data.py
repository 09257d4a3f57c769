"""Step 1 · what the model learns from, and where it has to work."""

from __future__ import annotations

from contextlib import suppress

import streamlit as st

from da_core.data import sources
from da_core.data.base import DomainPair
from da_core.data.cache import load_pair
from da_core.data.figures import figures
from da_core.data.places import check_allowed
from da_core.data.remote import MissingError
from da_core.errors import UserError
from da_core.experiment import DataSpec
from da_core.fitting import kind_of, with_data
from pages.parts import (
    access,
    bring,
    catalogue,
    charts,
    download,
    gallery,
    look,
    night_preview,
    params_form,
    report,
    state,
    steps,
    third,
    words,
)
from pages.parts.catalogue import OWN
from pages.parts.words import _, word

SHIFTS = {
    "appearance": "Appearance: the same things look different.",
    "covariate": "Covariate: other samples are common, each with the same label as before.",
    "label": "Label: other classes are common.",
    "concept": "Concept: the same sample has another label.",
    "unknown": "Not known.",
}


def _choose() -> bool:
    """Draw what there is to choose from. True where the visitor's own files are looked at, which are not in use yet."""
    known = sources()
    spec = state.experiment().data
    own = catalogue.choose(spec.name, _take)
    if own and bring.section(_set):
        return True
    if spec.name in known and known[spec.name].Params.model_fields and own == (spec.name == OWN):
        with st.expander(_("Settings of this data")):
            kind = known[spec.name].Params
            fields = bring.SETTINGS if spec.name == OWN else night_preview.elsewhere(kind)
            params_form.form(kind, spec.params, spec.name, _use_settings, fields=fields)
    return False


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
        state.report(bring.told(error))
    else:
        _set(spec)


def _set(spec: DataSpec) -> None:
    """Change the pair, and where it needs another network change that too and say so."""
    before = state.experiment()
    state.replace(with_data(before, spec))
    if state.experiment().network != before.network:
        st.toast(_("The network has changed with the data: it takes {kind}.", kind=word(kind_of(spec))))


def _show(pair: DomainPair) -> None:
    for notice in pair.notices:
        st.info(words.told(notice.message, bring.with_own_names(notice.values)))
    st.subheader(_(pair.provenance.title), anchor=False)
    spec = state.experiment().data
    measured = figures().get(spec.name)
    kind = sources()[spec.name].Params
    as_measured = kind.model_validate(spec.params) == kind()  # other settings make other figures
    more = catalogue.facts(measured) if measured is not None and as_measured else {}
    look.facts(pair, {_("Kind of shift"): _(SHIFTS[pair.provenance.shift])} | more)
    look.samples(pair)
    if spec.name == night_preview.OF and not state.is_hidden("data"):
        night_preview.section(spec.params, _use_settings)
    st.subheader(_("How many of each class"), anchor=False)
    charts.draw(gallery.counts(pair), key="class-counts", alt=gallery.counts_alt(pair))
    report.section(pair, state.experiment().data.model_dump_json())
    if not state.is_hidden("data"):
        third.section(spec, pair)
    st.subheader(_("Where it comes from"), anchor=False)
    licence = _("Licence: {licence}", licence=_(pair.provenance.licence))
    st.markdown(f"{_(pair.provenance.origin)}  \n:gray[{licence}]")


steps.header("data")
looking = not state.is_hidden("data") and _choose()
if not looking:
    try:
        with st.spinner(_("Making the pictures…")):
            spec = state.experiment().data
            for place in filter(None, (spec.source, spec.target)):
                check_allowed(place, localhost_only=access.localhost_only())
            pair = load_pair(spec)
    except MissingError as lacking:
        download.offer(lacking)
    except UserError as error:
        st.error(words.explain(bring.told(error)))
    else:
        _show(pair)
if looking:
    st.caption(_("What you bring is not in use yet: look at it, and press “Use this data”."))
steps.footer("data", quiet=looking)  # the button to press is the preview's
