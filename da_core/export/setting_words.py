"""An experiment's settings in words: the titles and values that its forms show, not the names that links use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from da_core.data.readers.uploads import place_name
from da_core.data.sources import sources
from da_core.experiment import Experiment, MethodSpec, TrainingSpec
from da_core.i18n import Language
from da_core.methods import methods
from da_core.networks import networks, preparation
from da_core.networks.head_kinds import heads
from da_core.params import Hyper, describe
from da_core.registry import Registered

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
    "source_per_class": "Source samples per class",
    "oracle": "Oracle",
    "third": "Third domain",
}
"""What settings are called that no form made from `Params` has, as messages."""
DEVICES = {"auto": "Automatic", "cpu": "CPU", "cuda": "GPU (CUDA)"}
"""What the devices are called, as messages."""


def setting_title(experiment: Experiment, name: str, language: Language) -> str:
    """Return what a setting of an experiment, by its dotted name, is called on the screens."""
    if name in GROUPS:
        return language.translate(GROUPS[name])
    if name.startswith("third."):
        of_data = setting_title(experiment, name.replace("third.", "data.", 1), language)
        return f"{language.translate(GROUPS['third'])} · {of_data}"
    field = _field(experiment, name)
    return name if field is None else language.translate(field.title)


def setting_value(experiment: Experiment, name: str, value: Any, language: Language) -> str:
    """Write the value of a setting for a reader, as plain text."""
    match value:
        case None:
            return "–"
        case bool():
            return language.translate("yes") if value else language.translate("no")
        case float():
            return f"{value:g}"
        case str() if value.startswith("upload:"):
            return place_name(value)
        case str() if name == "device":
            return language.word(DEVICES[value])
        case str() if name in _REGISTRIES:
            known = _REGISTRIES[name]()
            return language.word(known[value].title) if value in known else value
        case tuple() if name == "prepare":
            steps = [language.translate(preparation.read(step).title) for step in value]
            return ", ".join(steps) or language.translate("none")
        case str():
            field = _field(experiment, name)
            if field is not None and field.is_range:
                return " … ".join(dict.fromkeys(value.split("..")))
            return language.choice(field.title if field is not None else "", value)
        case _:
            return str(value)


def part_title(experiment: Experiment, group: str, language: Language) -> str:
    """Return the title of the experiment's data, network, head or method; an unknown one keeps its name."""
    return setting_value(experiment, group, getattr(experiment, group).name, language)


def titled_value(experiment: Experiment, name: str, value: Any, language: Language) -> str:
    """Write a setting with its title, as plain text: “Weight 0.3”."""
    return f"{setting_title(experiment, name, language)} {setting_value(experiment, name, value, language)}"


def method_settings(method: MethodSpec, language: Language) -> str:
    """Write the settings that differ from a method's defaults: “Weight 0.3, Hidden units 64”; empty where none does."""
    experiment = Experiment(method=method)
    return language.listing(
        titled_value(experiment, f"method.{name}", value, language) for name, value in method.params.items()
    )


_REGISTRIES: dict[str, Callable[[], Mapping[str, type[Registered] | Registered]]] = {
    "data": sources,
    "network": networks,
    "head": heads,
    "method": methods,
    "third": sources,
}


def _field(experiment: Experiment, name: str) -> Hyper | None:
    """Find a group's hyperparameter; None where this version knows no such group's kind, or no such field in it."""
    group, _dot, field = name.partition(".")
    kind: Any = TrainingSpec
    if group in _REGISTRIES:
        spec = getattr(experiment, group)
        registered: Any = None if spec is None else _REGISTRIES[group]().get(spec.name)
        if registered is None:
            return None
        kind = registered.Params
    elif group != "training":
        return None
    return next((hyper for hyper in describe(kind) if hyper.name == field), None)
