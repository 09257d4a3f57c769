"""Step 1 · what the model learns from, and where it has to work."""

from __future__ import annotations

from contextlib import suppress

import streamlit as st

from da_core.data.download import MissingError
from da_core.data.loading.cache import load_pair
from da_core.data.loading.inspection import Inspection
from da_core.data.measured import figures
from da_core.data.pair import DomainPair
from da_core.data.sources import sources
from da_core.data.sources.drawn_points import DrawnPoints
from da_core.errors import UserError
from da_core.experiment import DataSpec
from da_core.networks.defaults import kind_of, with_data
from pages.charts import plotly_figure
from pages.own_data import bring_files, catalogue, choose_third_domain, data_report, fetch_data_set, night_preview
from pages.own_data.catalogue import OWN
from pages.run import current_run
from pages.samples import gallery, pair_preview
from pages.session import access, state
from pages.session.words import _, explain, safe, translate_message, word
from pages.shell import navigation, params_form

SHIFTS = {
    "appearance": "Appearance: the same things look different.",
    "covariate": "Covariate: some kinds of sample become more common; each keeps its label.",
    "label": "Label: the proportions of the classes change.",
    "concept": "Concept: the same sample gets another label.",
    "unknown": "Not known.",
}


def _choose() -> bool:
    """Draw what there is to choose from. True while the visitor is about files of their own that are not in use yet."""
    known = sources()
    spec = state.experiment().data
    own = catalogue.choose(spec.name, lambda name: _set(DataSpec(name=name)))
    if own and bring_files.section(_set):
        return True
    if spec.name in known and known[spec.name].Params.model_fields and own == (spec.name == OWN):
        with st.expander(_("Data settings")):
            kind = known[spec.name].Params
            fields = bring_files.SETTINGS if spec.name == OWN else night_preview.other_settings(kind)
            params_form.form(kind, spec.params, spec.name, _use_settings, fields=fields)
            if issubclass(kind, DrawnPoints.Params):
                navigation.link_to("playground", _("Move it by hand in the playground") + " →")
    return False


def _use_settings(values: params_form.Values) -> None:
    _use(state.experiment().data.model_copy(update={"params": values}))


def _use(spec: DataSpec) -> None:
    """Make ``spec`` the experiment's data if it can be read; otherwise what was there stays."""
    with state.reporting():
        access.check_places(spec.places)
        with suppress(MissingError):  # the screen offers to download them
            load_pair(spec)
        _set(spec)


def _set(spec: DataSpec) -> None:
    """Change the pair and with it what suits it and nobody has chosen otherwise, and say so."""
    before = state.experiment()
    state.replace(now := with_data(before, spec))
    if now.network.name != before.network.name:
        st.toast(_("The network was changed to one that accepts {kind}.", kind=word(kind_of(spec))))
    elif now != before.model_copy(update={"data": spec}):
        st.toast(_("Network, head and training now use the settings that suit this data."))


def _show(pair: DomainPair) -> None:
    for notice in pair.notices:
        st.info(translate_message(notice.message, notice.values))
    st.subheader(safe(_(pair.provenance.title)), anchor=False)
    spec = state.experiment().data
    measured = figures().get(spec.name)
    kind = sources()[spec.name].Params
    as_measured = kind.model_validate(spec.params) == kind()  # other settings make other figures
    more = catalogue.facts(spec.name, measured) if measured is not None and as_measured else {}
    pair_preview.facts(pair, {_("Kind of shift"): _(SHIFTS[pair.provenance.shift])} | more)
    pair_preview.samples(pair)
    st.subheader(_("Samples per class"), anchor=False)
    plotly_figure.draw(gallery.counts(pair), key="class-counts", alt=gallery.counts_alt(pair))
    data_report.section(pair, state.experiment().data.model_dump_json())
    if spec.name == night_preview.NAME and not state.is_hidden("data"):
        night_preview.section(spec.params, _use_settings)
    if not state.is_hidden("data"):
        choose_third_domain.section(spec, pair)
    st.subheader(_("Origin and licence"), anchor=False)
    licence = _("Licence: {licence}", licence=_(pair.provenance.licence))
    st.markdown(f"{_(pair.provenance.origin)}  \n:gray[{licence}]")


def _show_own(spec: DataSpec) -> None:
    """Draw the visitor's own files that are in use, as soon as they are read."""

    def draw(inspection: Inspection) -> None:
        if inspection.problem is not None:
            bring_files.read_again(spec)
            st.error(explain(inspection.problem))
        elif inspection.pair is not None:
            _show(inspection.pair)

    bring_files.when_read(spec, draw)


navigation.header("data")
if state.is_hidden("data"):
    st.markdown(current_run.summary(state.experiment()))
browsing = not state.is_hidden("data") and _choose()
if not browsing:
    try:
        spec = state.experiment().data
        access.check_places(spec.places)
        if spec.name == OWN:
            _show_own(spec)
        else:
            with st.spinner(_("Making the pictures…")):
                pair = load_pair(spec)
            _show(pair)
    except MissingError as lacking:
        fetch_data_set.offer(lacking)
    except UserError as error:
        st.error(explain(error))
navigation.footer("data", quiet=browsing)  # the button to press is the preview's
