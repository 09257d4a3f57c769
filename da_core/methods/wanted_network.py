"""The network that a method wants: what the form and the command line take where nobody chose one."""

from __future__ import annotations

from da_core.experiment import Experiment, MethodSpec, NetworkSpec
from da_core.methods import methods
from da_core.networks import networks
from da_core.networks.defaults import usual_networks

WANTS_BATCH_NORM = (
    "{method} wants batch normalisation, and this network has none: set the network's normalisation to “batch”."
)
"""One sentence, as a message, for the form and the command line."""


def with_method(experiment: Experiment, spec: MethodSpec) -> Experiment:
    """Put the experiment on another method. Where it has the usual network of its data, it gets what the method wants.

    Source only and the oracle are trained on that network, too; a network that somebody chose stays.
    """
    network = experiment.network
    for usual in usual_networks(experiment.data):
        if network in (usual, as_wanted(usual, experiment.method)):
            network = as_wanted(usual, spec)
            break
    return experiment.model_copy(update={"method": spec, "network": network})


def as_wanted(network: NetworkSpec, spec: MethodSpec) -> NetworkSpec:
    """Give a network the normalisation that a method wants, where it wants one and the network leaves the choice."""
    if not lacks_batch_norm(network, spec):
        return network
    return network.model_copy(update={"params": network.params | {"norm": "batch"}})


def lacks_batch_norm(network: NetworkSpec, spec: MethodSpec) -> bool:
    """Tell whether a method wants batch norm and the network could have it and has not."""
    method, extractor = methods().get(spec.name), networks().get(network.name)
    if method is None or extractor is None or method.wants != "batch norm":
        return False
    norm = extractor.Params.model_fields.get("norm")
    return norm is not None and network.params.get("norm", norm.default) != "batch"
