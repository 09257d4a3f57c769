"""Draw the catalogue of data: one area at a time, each pair with its kind of shift and the gain of adapting."""

from __future__ import annotations

import base64
from collections.abc import Callable

import streamlit as st

from da_core import palette
from da_core.data.measured import Figures, figures
from da_core.data.pair import ShiftKind
from da_core.data.source import AREAS, DataSource
from da_core.data.sources import sources
from da_core.experiment import DataSpec, UsualSpec
from da_core.networks import preparation
from da_core.networks.defaults import usual_spec
from da_core.networks.head_kinds import heads
from da_core.teaching import thumbnails
from pages.session import keys, state
from pages.session.words import _, listing, percent
from pages.shell import cards

OWN = "files"
SHIFTS: dict[ShiftKind, str] = {
    "appearance": "Appearance",
    "covariate": "Covariate shift",
    "label": "Label shift",
    "concept": "Concept shift",
    "unknown": "Not known",
}


def choose(chosen: str, on_choose: Callable[[str], None]) -> bool:
    """Draw the areas and the pairs of one of them; ``on_choose`` gets the name of another pair.

    True where the visitor looks at the area for data of their own, which has no pairs to choose from.
    """
    known = sources()
    of, looked_at = st.session_state.get(keys.BROWSED_AREA, ("", ""))
    own = known[chosen].area if chosen in known else "pictures"  # a link may name one that is not there
    area = looked_at if of == chosen else own
    areas = {name: _(title) for name, title in AREAS.items() if any(source.area == name for source in known.values())}
    st.pills(
        _("Area"),
        list(areas),
        format_func=areas.__getitem__,
        required=True,
        label_visibility="collapsed",
        **state.bound(keys.AREA, area, lambda name: st.session_state.update({keys.BROWSED_AREA: (chosen, name)})),
    )
    if area == "own":
        return True
    names = [name for name in known if known[name].area == area]
    names.sort(key=lambda name: name != DataSpec().name)  # the default first
    measured = figures()
    cards.choose(
        _("Domain pair"),
        {name: (_(known[name].title), _about(known[name], measured.get(name))) for name in names},
        chosen,
        "data",
        on_choose,
    )
    if any(name in measured for name in names):
        st.html(f'<div class="lab-gauge-legend">{_legend()}</div>')
    return False


def facts(name: str, figures: Figures) -> dict[str, str]:
    """Write measured figures for the row of facts about the chosen pair, and with what they were measured."""
    return {
        _("Source only"): percent(figures.source_only, 0),
        _("Best of a few methods"): f"{percent(figures.best, 0)} ({_(figures.title)})",
        _("Oracle"): percent(figures.oracle, 0),
        _("Measured with"): _setting(usual_spec(DataSpec(name=name)), figures.network),
    }


def _setting(usual: UsualSpec, network: str) -> str:
    """Write a pair's usual network, head, preparation and training in words, such as differ from everybody's."""
    default = UsualSpec()
    parts = [_(network)]
    if usual.head != default.head:
        parts.append(_(heads()[usual.head.name].title))
    parts += [_(preparation.read(step).title) for step in usual.prepare or ()]
    if usual.training.epochs != default.training.epochs:
        parts.append(_("{count} epochs", count=usual.training.epochs))
    return listing(parts)


def _about(source: type[DataSource], figures: Figures | None) -> str:
    """Write a card's Markdown: a picture, one sentence, the kind of shift and, where it was measured, the gauge."""
    picture = thumbnails.uri(source.name)
    about = f"![]({picture})\n\n" if picture else ""
    about += f"{_(source.summary)}\n\n:gray-badge[{_(SHIFTS[source.shift])}]"
    if figures is None:
        return about
    described = _(
        "source only {before}, best {best}, oracle {oracle}",
        before=percent(figures.source_only, 0),
        best=percent(figures.best, 0),
        oracle=percent(figures.oracle, 0),
    )
    return f"{about}\n\n![{described}]({_gauge(figures)})"


def _gauge(figures: Figures) -> str:
    """Draw a line from 0 to 100% with the three marks, as a data URI; its greys read on either theme."""
    grey, accent = palette.GREY, palette.ACCENT
    before, best, oracle = (6 + 208 * share for share in (figures.source_only, figures.best, figures.oracle))
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="220" height="16" viewBox="0 0 220 16">'
        f'<path d="M6 8H214" stroke="{grey}" stroke-opacity=".35" stroke-width="2" stroke-linecap="round"/>'
        f'<path d="M{before:.1f} 8H{best:.1f}" stroke="{accent}" stroke-opacity=".45" stroke-width="4"/>'
        f'<path d="M{oracle:.1f} 1V15" stroke="{grey}" stroke-width="2.5"/>'
        f'<rect x="{before - 4:.1f}" y="4" width="8" height="8" fill="none" stroke="{grey}" stroke-width="2"/>'
        f'<rect x="{best - 4.5:.1f}" y="3.5" width="9" height="9" fill="{accent}"/>'
        "</svg>"
    )
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode("ascii")


def _legend() -> str:
    """Write what the marks are and where the numbers come from, as HTML."""
    marks = (("before", _("Source only")), ("best", _("Best of a few methods")), ("oracle", _("Oracle")))
    return "".join(f'<span class="{mark}">{name}</span>' for mark, name in marks) + (
        f"<span>{_('Accuracy on the target from 0 to 100%, mean of three seeds')}</span>"
    )
