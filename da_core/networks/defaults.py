"""Which network suits which data: what the form, the command line and a link take where none is chosen."""

from __future__ import annotations

from da_core.data.loading.cache import load_pair
from da_core.data.pair import SampleKind
from da_core.data.sources import sources
from da_core.errors import UserError
from da_core.experiment import DataSpec, Experiment, NetworkSpec
from da_core.registry import pick

USUAL: dict[SampleKind, NetworkSpec] = {
    "pictures": NetworkSpec(),
    "features": NetworkSpec(name="mlp"),
    "texts": NetworkSpec(name="text_mlp"),
    "sounds": NetworkSpec(name="speech_cnn"),
}


def kind_of(spec: DataSpec) -> SampleKind:
    """Tell what the samples are. The user's own files are read to find out; of a built-in pair it is known."""
    return pick(sources(), spec.name, spec.what).kind or load_pair(spec).kind


def usual_network(spec: DataSpec) -> NetworkSpec:
    """Choose the network that suits a pair: the one that its source names, or the usual one of its kind of samples."""
    return pick(sources(), spec.name, spec.what).network or USUAL[kind_of(spec)]


def usual_networks(spec: DataSpec) -> list[NetworkSpec]:
    """List the networks that can be the usual one of such data, without reading the user's files."""
    source = sources().get(spec.name)
    return [source.network] if source is not None and source.network is not None else list(USUAL.values())


def with_data(experiment: Experiment, spec: DataSpec) -> Experiment:
    """Put the experiment on another pair. Where that has another usual network, it gets it; else it keeps its own."""
    usual = usual_network(spec)
    try:
        before = usual_network(experiment.data)
    except UserError:  # files that are not there any more
        before = None
    network = experiment.network if usual == before else _normalised_as(experiment.network, usual)
    return experiment.model_copy(update={"data": spec, "network": network})


def _normalised_as(before: NetworkSpec, network: NetworkSpec) -> NetworkSpec:
    """Give a network batch norm where the one before had it: the method that wanted it stays."""
    if before.params.get("norm") != "batch":
        return network
    return network.model_copy(update={"params": network.params | {"norm": "batch"}})


def with_usual_network(experiment: Experiment, flat: dict[str, str]) -> Experiment:
    """Give the experiment that ``flat`` describes the usual network of its data, where ``flat`` names none."""
    if "network" in flat:
        return experiment
    usual = usual_network(experiment.data)
    given = experiment.network
    network = NetworkSpec(name=usual.name, params=usual.params | given.params, checkpoint=given.checkpoint)
    return experiment.model_copy(update={"network": network})
