"""Choose network, preparation, head, method and training by the data, where an experiment does not choose them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from da_core.data.loading.cache import load_pair
from da_core.data.pair import SampleKind
from da_core.data.sources import sources
from da_core.errors import UserError
from da_core.experiment import DataSpec, Experiment, NetworkSpec, UsualSpec
from da_core.networks import networks
from da_core.params import Params
from da_core.registry import pick

P = TypeVar("P", bound=Params)

USUAL: dict[SampleKind, UsualSpec] = {
    "pictures": UsualSpec(),
    "features": UsualSpec(network=NetworkSpec(name="mlp")),
    "texts": UsualSpec(network=NetworkSpec(name="text_mlp")),
    "sounds": UsualSpec(network=NetworkSpec(name="speech_cnn")),
}


def kind_of(spec: DataSpec) -> SampleKind:
    """Tell what the samples are. The user's own files are read to find out; of a built-in pair it is known."""
    return pick(sources(), spec.name, spec.what).kind or load_pair(spec).kind


def usual_spec(spec: DataSpec) -> UsualSpec:
    """Choose what suits a pair: what its source names, or the usual of its kind of samples."""
    return pick(sources(), spec.name, spec.what).usual or USUAL[kind_of(spec)]


def usual_specs(spec: DataSpec) -> list[UsualSpec]:
    """List what can be the usual of such data, without reading the user's files."""
    source = sources().get(spec.name)
    named = source.usual if source is not None else None
    return [named] if named is not None else list(USUAL.values())


def with_data(experiment: Experiment, spec: DataSpec) -> Experiment:
    """Put the experiment on another pair, with what suits that one wherever nobody has chosen otherwise.

    A network that was chosen stays among pairs of one kind, and the head and the preparation that were chosen with it.
    """
    new = usual_spec(spec)
    try:
        before, same_kind = usual_spec(experiment.data), kind_of(experiment.data) == kind_of(spec)
    except UserError:  # files that are not there any more
        before, same_kind = None, False
    network = _normalised_as(experiment.network, new.network)
    parts: dict[str, Any] = {"data": spec}
    if before is None or not same_kind:
        parts |= {"network": network, "head": new.head, "prepare": new.prepare}
    elif experiment.network == _normalised_as(experiment.network, before.network):
        parts["network"] = network
        for name in ("head", "prepare"):
            if getattr(experiment, name) == getattr(before, name):
                parts[name] = getattr(new, name)
    if before is not None:
        if experiment.method == before.method:
            parts["method"] = new.method
        parts["training"] = _moved(experiment.training, before.training, new.training)
    return experiment.model_copy(update=parts)


def _normalised_as(before: NetworkSpec, network: NetworkSpec) -> NetworkSpec:
    """Give a network batch norm where the one before had it and it can: the method that wanted it stays."""
    if before.params.get("norm") != "batch" or "norm" not in networks()[network.name].Params.model_fields:
        return network
    return network.model_copy(update={"params": network.params | {"norm": "batch"}})


def _moved(chosen: P, before: P, after: P) -> P:
    """Take the settings of ``after``, but for those of ``chosen`` that differ from ``before``."""
    own = {name: value for name, value in chosen if value != getattr(before, name)}
    return after.model_copy(update=own)


def with_usual(experiment: Experiment, flat: Mapping[str, str]) -> Experiment:
    """Give the experiment that ``flat`` describes what suits its data, where ``flat`` names no network."""
    if "network" in flat:
        return experiment
    suits, parts = usual_spec(experiment.data), dict[str, Any]()
    network = experiment.network
    parts["network"] = suits.network.model_copy(
        update={"params": suits.network.params | network.params, "checkpoint": network.checkpoint}
    )
    if "head" not in flat:
        params = {**suits.head.params, **experiment.head.params}
        parts["head"] = suits.head.model_copy(update={"params": params})
    if experiment.prepare is None:
        parts["prepare"] = suits.prepare
    if not any(name.partition(".")[0] == "method" for name in flat):
        parts["method"] = suits.method
    overridden = {name for name in type(experiment.training).model_fields if f"training.{name}" in flat}
    update = {name: getattr(experiment.training, name) for name in overridden}
    parts["training"] = suits.training.model_copy(update=update)
    return experiment.model_copy(update=parts)
