"""An experiment's settings in words: the titles and values that its forms show, not the names that links use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from da_core.data.readers.uploads import place_name
from da_core.experiment import Experiment, TrainingSpec
from da_core.networks import preparation
from da_core.networks.head_kinds import heads
from da_core.params import Params, describe
from pages.run import run_row
from pages.session.words import _, word
from pages.shell.params_form import choice

GROUPS = {
    "data": "Domain pair",
    "data.source": "Source",
    "data.target": "Target",
    "network": "Network",
    "network.checkpoint": "Checkpoint",
    "prepare": "Preparation of the rows",
    "head": "Head",
    "method": "Method",
    "seed": "Seed",
    "device": "Device",
    "target_split": "Share held out",
    "oracle": "Oracle",
    "third": "Third domain",
}
"""What settings are called that no form made from `Params` has, as messages."""


def setting_title(experiment: Experiment, name: str) -> str:
    """Return what a setting of an experiment, by its dotted name, is called on the screens."""
    if name in GROUPS:
        return _(GROUPS[name])
    group, _dot, field = name.partition(".")
    kind = _kinds(experiment).get(group)
    titles = {hyper.name: hyper.title for hyper in describe(kind)} if kind is not None else {}
    return _(titles[field]) if field in titles else name


def setting_value(experiment: Experiment, name: str, value: Any) -> str:
    """Write the value of a setting for a reader, as plain text."""
    match value:
        case None:
            return "–"
        case bool():
            return _("yes") if value else _("no")
        case float():
            return f"{value:g}"
        case str() if value.startswith("upload:"):
            return place_name(value)
        case str() if name == "method":
            return run_row.method_title(value)
        case str() if name in ("data", "network", "head"):
            return _registered_title(name, value)
        case tuple() if name == "prepare":
            return ", ".join(_(preparation.read(step)[0].title) for step in value) or _("none")
        case str():
            return choice(_english_title(experiment, name), value)
        case _:
            return str(value)


def _english_title(experiment: Experiment, name: str) -> str:
    group, _dot, field = name.partition(".")
    kind = _kinds(experiment).get(group)
    return next((hyper.title for hyper in describe(kind) if hyper.name == field), "") if kind is not None else ""


def _registered_title(group: str, name: str) -> str:
    from da_core.data.sources import sources
    from da_core.networks import networks

    registries: dict[str, Callable[[], Mapping[str, Any]]] = {"data": sources, "network": networks, "head": heads}
    known = registries[group]()
    return word(known[name].title) if name in known else name


def _kinds(experiment: Experiment) -> dict[str, type[Params]]:
    """Find the class of each group's hyperparameters; one that this version does not know is left out."""
    from da_core.data.sources import sources
    from da_core.methods import methods
    from da_core.networks import networks

    found = {
        "data": sources().get(experiment.data.name),
        "network": networks().get(experiment.network.name),
        "method": methods().get(experiment.method.name),
        "head": heads().get(experiment.head.name),
    }
    return {group: kind.Params for group, kind in found.items() if kind is not None} | {"training": TrainingSpec}
