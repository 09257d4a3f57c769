"""The finished example that comes with the app, in parts: its pictures, its numbers, and its map."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from da_core.errors import UserError
from da_core.teaching import showcase
from pages.run import before_after, current_run
from pages.samples import gallery
from pages.samples.shown_samples import ShownSamples
from pages.session import keys
from pages.session.words import _, listing, percent, word


def example() -> showcase.Showcase | None:
    """Read the example; where it is missing, say how to make it."""
    try:
        return showcase.read(showcase.FOLDER)
    except (UserError, OSError):
        st.info(_("The example run is missing; make it with {command}.", command=f"`{showcase.COMMAND}`"))
        return None


def numbers(finished: showcase.Showcase) -> None:
    """Draw how often source only, the adapted network and the oracle are right at night."""
    result = finished.record.result
    models = [
        (_("Source only"), _("trained by day"), result.source_only, ""),
        (_("Adapted"), _("saw night pictures, but none of their labels"), result.adapted, "main"),
    ]
    if result.oracle is not None:
        models.append((_("Oracle"), _("trained on labelled nights"), result.oracle, ""))
    cells = "".join(
        f'<div class="lab-number {kind}"><span>{name}</span><b>{percent(scores.scored.accuracy)}</b>'
        f"<span>{what}</span></div>"
        for name, what, scores, kind in models
    )
    st.html(f'<div class="lab-numbers">{cells}</div>')


def pictures(finished: showcase.Showcase, key: str) -> None:
    """Draw a day and a night picture of each class."""
    source, target = _strips(showcase.FOLDER)
    names = listing(word(name) for name in finished.record.result.classes)
    with st.container(key=keys.sheet(key), gap="small"):
        st.html(f'<div class="lab-domain">{_("Day: the source, with labels")}</div>')
        st.image(source, width="stretch", alt=_("One day picture of each class: {names}", names=names))
        st.html(f'<div class="lab-domain target">{_("Night: the target, without labels")}</div>')
        st.image(target, width="stretch", alt=_("One night picture of each class: {names}", names=names))


def feature_map(finished: showcase.Showcase, key: str, colour: before_after.Colour) -> None:
    """Draw the features before and after, coloured at first by ``colour``."""
    before_after.BeforeAfterView(
        before_after.Cloud.from_evidence(finished.record.evidence),
        finished.record.result.classes,
        run="showcase",
        samples=ShownSamples(atlas=finished.atlas),
        scores=current_run.target_accuracies(finished.record.result),
        colour=colour,
    ).draw(key, choose_layout=False)


@st.cache_data(max_entries=4, show_spinner=False)
def _strips(folder: Path) -> tuple[bytes, bytes]:
    source, target = showcase.read(folder).samples_by_class()
    return gallery.strip(source, len(source)), gallery.strip(target, len(target))
