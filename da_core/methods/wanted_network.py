"""The network that a method wants: what the form and the command line take where nobody chose one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from da_core.experiment import DataSpec, Experiment, MethodSpec, NetworkSpec, UsualSpec
from da_core.methods import methods
from da_core.methods.base import ClassifierAdaptation, DeepAlignment, ModelAdaptation
from da_core.networks import networks
from da_core.networks.defaults import USUAL, kind_of, usual_specs, with_usual

WANTS_BATCH_NORM = (
    "{method} needs batch normalisation, but this network has none; set the network's normalisation to “batch”."
)
"""One sentence, as a message, for the form and the command line."""


def with_method(experiment: Experiment, spec: MethodSpec) -> Experiment:
    """Put the experiment on another method. Where it has the usual network of its data, it gets what the method wants.

    Source only and the oracle are trained on that network, too; a network that somebody chose stays.
    """
    parts: dict[str, Any] = {"method": spec}
    for usual in usual_specs(experiment.data):
        before, after = (with_wanted_network(usual, method, experiment.data) for method in (experiment.method, spec))
        if experiment.network in (usual.network, before.network):
            parts["network"] = after.network
            for name in ("head", "prepare"):
                if getattr(experiment, name) in (getattr(usual, name), getattr(before, name)):
                    parts[name] = getattr(after, name)
            break
    return experiment.model_copy(update=parts)


def with_all_usual(experiment: Experiment, flat: Mapping[str, str]) -> Experiment:
    """Give the experiment that ``flat`` describes what suits its data and method, where ``flat`` leaves them open."""
    experiment = with_usual(experiment, flat)
    if {"network", "network.norm"} & flat.keys():
        return experiment
    chosen = {name: getattr(experiment, name) for name in ("head", "prepare") if name in flat}
    return with_method(experiment, experiment.method).model_copy(update=chosen)


def with_wanted_network(usual: UsualSpec, spec: MethodSpec, data: DataSpec) -> UsualSpec:
    """Give what suits a pair of data the network that a method wants: one that learns, one with batch norm."""
    if _wants_to_train(spec) and usual.network.name in networks() and not networks()[usual.network.name].learns:
        of_kind = USUAL[kind_of(data)]
        usual = usual.model_copy(update={name: getattr(of_kind, name) for name in ("network", "head", "prepare")})
    return usual.model_copy(update={"network": with_wanted_norm(usual.network, spec)})


def with_wanted_norm(network: NetworkSpec, spec: MethodSpec) -> NetworkSpec:
    """Give a network the normalisation that a method wants, where it wants one and the network leaves the choice."""
    if not lacks_batch_norm(network, spec):
        return network
    return network.model_copy(update={"params": network.params | {"norm": "batch"}})


def _wants_to_train(spec: MethodSpec) -> bool:
    """Tell whether a method changes the feature extractor, and so wants one that learns."""
    method = methods().get(spec.name)
    if method is None or issubclass(method, ClassifierAdaptation):  # that one also works on features as they are
        return False
    return issubclass(method, DeepAlignment | ModelAdaptation)


def lacks_batch_norm(network: NetworkSpec, spec: MethodSpec) -> bool:
    """Tell whether a method wants batch norm and the network could have it and has not."""
    method, extractor = methods().get(spec.name), networks().get(network.name)
    if method is None or extractor is None or method.wants != "batch norm":
        return False
    norm = extractor.Params.model_fields.get("norm")
    return norm is not None and network.params.get("norm", norm.default) != "batch"
