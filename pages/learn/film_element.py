"""The element that plays films (``assets/playground``): on the playground, and on each lesson."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import streamlit as st

from da_core import palette
from da_core.data.sources import sources
from da_core.experiment import Experiment
from da_core.methods import methods
from da_core.methods.alignment.afn import AFN
from da_core.methods.alignment.gfk import GFK
from da_core.methods.alignment.shared.transport import Transport
from da_core.methods.alignment.subspace_alignment import SubspaceAlignment
from da_core.methods.base import DeepAlignment, Reweighting
from da_core.params import describe
from da_core.registry import resolve
from da_core.teaching.films.filming import normalised
from pages.learn import playground_texts
from pages.session import origin, state
from pages.session.words import _
from pages.shell import theme
from pages.shell.scripts import element

if TYPE_CHECKING:
    from da_core.methods.base import Method


def draw(
    films: Sequence[Experiment],
    *,
    key: str,
    acts: str = "",
    sweep: dict[str, Any] | None = None,
    on_change: Callable[[dict[str, Any]], None] | None = None,
) -> None:
    """Draw the films of some experiments on the same points side by side; the element fetches them itself.

    ``acts`` are what a hand does in the first, ``sweep`` is a setting's title, symbol and films. With ``on_change`` a
    hand may change the data and the acts, and it is called with them; without, the film is to be looked at.
    """
    data = element_data(
        films,
        acts=acts,
        sweep=sweep,
        editable=on_change is not None,
        hidden=[part for part in state.FILM_PARTS if state.is_hidden(part)],
    )

    def changed() -> None:
        change = st.session_state[key].get("changed")
        if change and on_change is not None:
            on_change(change)

    element("playground")(data=data, key=key, on_changed_change=changed)


def element_data(
    films: Sequence[Experiment],
    *,
    acts: str = "",
    sweep: dict[str, Any] | None = None,
    editable: bool = False,
    hidden: Sequence[str] = (),
) -> dict[str, Any]:
    """Write what the element's script is given: see `draw`; ``hidden`` are some of `state.FILM_PARTS`."""
    first = films[0]
    method = methods()[first.method.name]
    deep = issubclass(method, DeepAlignment)
    trains = editable and deep
    weight = {hyper.name: hyper for hyper in describe(method.Params)}.get("weight") if trains else None
    classes = 3 if first.data.params.get("shape") == "blobs" else 2
    return {
        "route": f"{origin.base_path()}/film",
        "films": [
            {"query": urlencode(normalised(one).to_flat()), "title": title}
            for one, title in zip(films, _titles(films, acts), strict=True)
        ],
        "params": resolve(sources(), first.data).params.model_dump(),
        "acts": acts,
        "hidden": list(hidden),
        "editable": editable and first.data.name == "drawn",
        "deep": deep,
        "notes": [_(note) for note in _notes(method)],
        "critic": deep and getattr(method, "domain_logits", None) is not DeepAlignment.domain_logits,
        "players": deep and getattr(method, "build", None) is not DeepAlignment.build,
        "trains": trains,
        "strength": "weight" if weight is not None else "",
        "strengthNow": first.method.params.get("weight", weight.default if weight is not None else 0),
        "classes": ["A", "B", "C"][:classes],
        "file": f"film-{first.method.name}",
        "sweep": sweep,
        "colours": {
            "source": palette.SOURCE,
            "target": palette.TARGET,
            "wrong": palette.WRONG,
            "grey": palette.GREY,
            "pullOfClass": palette.RIGHT,
            "pullOfMethod": palette.ACCENT,
            "classes": [theme.class_colour(index) for index in range(3)],
        },
        "texts": playground_texts.texts(_(method.title)),
    }


def _titles(films: Sequence[Experiment], acts: str) -> list[str]:
    """Name the films by what tells them apart: their methods, or what a hand did in the first."""
    names = [_(methods()[one.method.name].title) for one in films]
    if len(films) < 2 or films[0].method.name != films[1].method.name:
        return names
    slow = "slide" in acts
    ways = (_("the shift comes slowly"), _("the shift comes at once")) if slow else (_("directed"), _("plain"))
    return [f"{name} · {way}" for name, way in zip(names, ways, strict=True)]


def _notes(method: type[Method]) -> list[str]:
    """Say what else is drawn of a method's family."""
    notes = []
    if issubclass(method, Reweighting):
        notes.append(playground_texts.WEIGHTS_NOTE)
    if issubclass(method, Transport):
        notes.append(playground_texts.THREADS_NOTE)
    if issubclass(method, AFN):
        notes.append(playground_texts.NORMS_NOTE)
    if issubclass(method, SubspaceAlignment | GFK):
        notes.append(playground_texts.LINES_NOTE)
    return notes
