"""List every setting of an experiment, and those in which experiments differ."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from da_core.data.sources import sources
from da_core.experiment import Experiment
from da_core.methods import methods
from da_core.networks import networks
from da_core.networks.head_kinds import heads
from da_core.params import Scalar
from da_core.registry import Registered

log = logging.getLogger(__name__)


def settings_of(experiment: Experiment) -> dict[str, Scalar | None]:
    """List every setting of an experiment by its dotted name, with defaults for those left out."""
    dumped = experiment.model_dump()
    kinds: dict[str, Registered | type[Registered] | None] = {
        "data": sources().get(experiment.data.name),
        "network": networks().get(experiment.network.name),
        "method": methods().get(experiment.method.name),
        "head": heads().get(experiment.head.name),
    }
    if experiment.third is not None:
        kinds["third"] = sources().get(experiment.third.name)
    for group, kind in kinds.items():
        if kind is None:
            log.info("there is no %s “%s” any more", group, dumped[group]["name"])
        defaults = {} if kind is None else kind.Params().model_dump()
        dumped[group] |= defaults | dumped[group].pop("params")
    flat: dict[str, Scalar | None] = {}
    for group, value in dumped.items():
        if not isinstance(value, dict):
            flat[group] = value
            continue
        for name, setting in value.items():
            flat[group if name == "name" else f"{group}.{name}"] = setting
    return flat


def differences(experiments: Sequence[Experiment]) -> dict[str, list[Scalar | None]]:
    """List the settings that are not the same in all, in the experiment's order; None where one has no such setting."""
    flat = [settings_of(experiment) for experiment in experiments]
    groups = [name.partition(".")[0] for name in flat[0]] if flat else []
    names = dict.fromkeys(name for settings in flat for name in settings)
    ordered = sorted(names, key=lambda name: groups.index(name.partition(".")[0]))
    every = {name: [settings.get(name) for settings in flat] for name in ordered}
    return {name: values for name, values in every.items() if any(value != values[0] for value in values)}
