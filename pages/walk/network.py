"""Step 2 · which network turns a sample into features, and how it is trained."""

from __future__ import annotations

import sys

import streamlit as st

from da_core.data.pair import SampleKind
from da_core.errors import UserError
from da_core.experiment import HeadSpec, NetworkSpec, TrainingSpec
from da_core.export.setting_words import DEVICES
from da_core.networks import networks
from da_core.networks.defaults import kind_of, usual_spec
from da_core.networks.head_kinds import heads
from da_core.settings import settings
from pages.own_data import own_uploads
from pages.run import current_run
from pages.session import access, keys, state
from pages.session.words import _, word
from pages.shell import cards, navigation, params_form, preparation_form

_OFTEN = ("epochs", "batch_size", "learning_rate")


def _extractor() -> None:
    with st.spinner(_("Loading the networks…")):
        known = networks()
    spec, usual = state.experiment().network, _usual()
    names = list(known)
    if usual is not None:
        kind, suits = usual
        names = sorted((name for name in known if kind in known[name].takes), key=lambda name: name != suits.name)
        st.caption(_("Your data are {kind}; these networks accept them.", kind=word(kind)))
        if spec.name in known and spec.name not in names:
            st.info(
                _(
                    "The network {network} does not accept them, so another one was chosen.",
                    network=_(known[spec.name].title),
                )
            )
            spec = suits
            state.change(network=spec.model_dump())
    cards.choose(
        _("Feature extractor"),
        {name: (_(known[name].title), _(known[name].summary)) for name in names},
        spec.name,
        "network",
        lambda name: state.change(network=usual[1] if usual and name == usual[1].name else NetworkSpec(name=name)),
    )
    params_form.form_of("network", known, spec)


def _usual() -> tuple[SampleKind, NetworkSpec] | None:
    """Return what the data are and the network that suits them; None where they cannot be read, as Data then says."""
    spec = state.experiment().data
    try:
        access.check_places(spec.places)
        return kind_of(spec), usual_spec(spec).network
    except UserError:
        return None


def _checkpoint() -> None:
    spec = state.experiment().network
    with st.expander(_("Start from a checkpoint"), expanded=spec.checkpoint is not None):
        if spec.checkpoint:
            st.markdown(_("The network starts with the weights in your file."))
            st.button(_("Start from random weights"), on_click=_set_checkpoint, args=(None,))
        st.file_uploader(
            _("A state dict saved with torch.save (.pt), at most {most} MB", most=settings().upload_megabytes),
            type=["pt"],
            max_upload_size=settings().upload_megabytes,
            key=keys.CHECKPOINT,
            on_change=_keep_checkpoint,
        )


def _keep_checkpoint() -> None:
    if (file := st.session_state[keys.CHECKPOINT]) is not None:
        with state.reporting():
            _set_checkpoint(own_uploads.keep(file.name, file))


def _set_checkpoint(place: str | None) -> None:
    state.change(network=state.experiment().network.model_copy(update={"checkpoint": place}))


def _preparation() -> None:
    """Draw how rows of numbers are prepared, where the chosen network takes such."""
    experiment, usual = state.experiment(), _usual()
    extractor = networks().get(experiment.network.name)
    if usual is None or extractor is None or not extractor.is_prepared(usual[0]):
        return
    usually = extractor.usual_preparation(usual[0])
    preparation_form.form(
        usually if experiment.prepare is None else experiment.prepare,
        lambda steps: state.change(prepare=None if steps == usually else steps),
    )


def _head() -> None:
    known, spec = heads(), state.experiment().head
    st.pills(
        _("Head"),
        list(known),
        format_func=lambda name: _(known[name].title),
        required=True,
        help=_("The classifier on top of the features. All except the linear layer are fitted after training."),
        **state.bound(keys.HEAD, spec.name, lambda name: state.change(head=HeadSpec(name=name))),
    )
    if spec.name in known:
        st.caption(_(known[spec.name].summary))
        params_form.form_of("head", known, spec)


def _training() -> None:
    spec = state.experiment().training
    values = spec.model_dump(exclude_defaults=True)
    params_form.form(TrainingSpec, values, "training", _train_with, fields=_OFTEN, columns=3)
    with st.expander(_("More settings")):
        rare = tuple(name for name in TrainingSpec.model_fields if name not in _OFTEN)
        params_form.form(TrainingSpec, values, "training", _train_with, fields=rare)
        seed, drawn, device = st.columns(3, gap="medium")
        with seed:
            st.number_input(
                _("Seed"),
                min_value=0,
                max_value=2**31 - 1,
                step=1,
                help=_("Starting value of the random numbers. The same seed gives the same results."),
                **state.bound_field(keys.SEED, "seed"),
            )
        with drawn:
            st.number_input(
                _("Source samples per class"),
                min_value=1,
                step=1,
                placeholder=_("all"),
                help=_("Training samples per source class. Each seed draws a new set, as the papers' protocols do."),
                **state.bound_field(keys.SOURCE_PER_CLASS, "source_per_class"),
            )
        with device:
            _device()


def _train_with(values: params_form.Values) -> None:
    state.change(training=values)


def _device() -> None:
    """Ask for the device, where there is a choice; torch is not imported to find that out."""
    torch = sys.modules.get("torch")
    chosen = state.experiment().device
    if chosen == "auto" and not (torch and torch.cuda.is_available()):
        return
    devices = {name: word(title) for name, title in DEVICES.items()}
    cards.segments(_("Device"), devices, **state.bound_field(keys.DEVICE, "device"), shown=True)


navigation.header("network")
if state.is_hidden("network") or state.is_hidden("training"):
    st.markdown(current_run.summary(state.experiment()))
if not state.is_hidden("network"):
    st.subheader(_("Feature extractor"), anchor=False)
    _extractor()
    _checkpoint()
    _preparation()
    _head()
if not state.is_hidden("training"):
    st.subheader(_("Training"), anchor=False)
    _training()
navigation.footer("network")
