"""The first screen: a finished before and after at once, and the button that runs it live."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from da_core.errors import UserError
from da_core.teaching import showcase
from pages.run import before_after, current_run, starting
from pages.samples import gallery
from pages.samples.shown_samples import ShownSamples
from pages.session import keys
from pages.session.words import _, day, percent, seconds, word
from pages.shell import navigation


@st.cache_data(max_entries=4, show_spinner=False)
def _strips(folder: Path) -> tuple[bytes, bytes]:
    source, target = showcase.read(folder).one_of_each_class()
    return gallery.strip(source, len(source)), gallery.strip(target, len(target))


def _example() -> showcase.Showcase | None:
    try:
        return showcase.read(showcase.FOLDER)
    except (UserError, OSError):
        st.info(_("The example run is missing; make it with {command}.", command=f"`{showcase.COMMAND}`"))
        return None


def _numbers(example: showcase.Showcase) -> None:
    result = example.record.result
    models = [
        (_("Source only"), _("trained by day"), result.source_only, ""),
        (_("Adapted"), _("has seen nights, but no night label"), result.adapted, "main"),
    ]
    if result.oracle is not None:
        models.append((_("Oracle"), _("trained on labelled nights"), result.oracle, ""))
    cells = "".join(
        f'<div class="lab-number {kind}"><span>{name}</span><b>{percent(scores.scored.accuracy)}</b>'
        f"<span>{what}</span></div>"
        for name, what, scores, kind in models
    )
    st.html(f'<div class="lab-numbers">{cells}</div>')


def _pictures(example: showcase.Showcase) -> None:
    source, target = _strips(showcase.FOLDER)
    names = ", ".join(word(name) for name in example.record.result.classes)
    with st.container(key=keys.sheet("home"), gap="small"):
        st.html(f'<div class="lab-domain">{_("Day: the source, with labels")}</div>')
        st.image(source, width="stretch", alt=_("One day picture of each class: {names}", names=names))
        st.html(f'<div class="lab-domain target">{_("Night: the target, without")}</div>')
        st.image(target, width="stretch", alt=_("One night picture of each class: {names}", names=names))


st.title(_("See domain adaptation happen"), anchor=False)
st.html(
    '<div class="lab-purpose">'
    + _("A network that learned streets by day fails at night. Watch it adapt without a single night label.")
    + "</div>"
)
example = _example()
with st.container(horizontal=True, vertical_alignment="center"):
    if st.button(_("Try day → night"), type="primary"):
        starting.start(showcase.EXPERIMENT)
    if example:
        took = seconds(sum(example.record.result.seconds.values()))
        st.markdown(f":gray[{_('It trains here, while you watch: about {time}.', time=took)}]", width="content")
navigation.link_to("playground", _("Or play with points: drag the target and see at once") + " →")

if example:
    result = example.record.result
    _pictures(example)
    st.subheader(_("How often it is right at night"), anchor=False)
    _numbers(example)
    st.subheader(_("What moved in feature space"), anchor=False)
    before_after.before_after_view(
        before_after.Cloud.from_evidence(example.record.evidence),
        result.classes,
        key=keys.SHOWCASE,
        run="showcase",
        shown=ShownSamples(atlas=example.atlas),
        scores=current_run.target_accuracies(result),
        colour="right",
        choose_layout=False,
    )
    st.caption(
        _(
            "Each point is a picture, and near points look alike to the network. Before, most nights lie in one heap "
            "between the classes; after, they lie with the days of their own class."
        )
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(_("See its results") + " →", key=keys.SHOWCASE_RESULTS):
            current_run.open_example("results")
        about = _("A finished example run with DANN, of {date}.", date=day(example.record.finished_at))
        st.markdown(f":gray[{about}]", width="content")
