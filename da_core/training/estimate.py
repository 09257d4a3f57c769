"""How long a method will take, before it starts: from its own formula and what is known of the data without loading."""

from __future__ import annotations

from dataclasses import dataclass

from da_core.data.loading.cache import pair_in_memory
from da_core.data.pair import HELD_OUT
from da_core.data.sources import sources
from da_core.errors import UserError
from da_core.experiment import Experiment
from da_core.methods import methods
from da_core.methods.base import Method
from da_core.networks import networks
from da_core.params import validated
from da_core.registry import pick


@dataclass(frozen=True)
class Estimate:
    """Seconds on two cores for so many source and target samples; ``lower`` is the title of what makes it fast."""

    method: type[Method]
    seconds: float
    source: int
    target: int
    lower: str


def estimate(experiment: Experiment) -> Estimate | None:
    """How long the experiment's method takes. None where the method or the size of the data does not tell."""
    kind = pick(methods(), experiment.method.name, "method")
    if kind.seconds is Method.seconds:
        return None
    sizes = _sizes(experiment)
    if sizes is None:
        return None
    n_s, n_t, shape = sizes
    extractor = pick(networks(), experiment.network.name, "network")
    held_out = experiment.target_split
    if held_out is None:
        held_out = HELD_OUT if extractor.learns else 0.0
    n_s, n_t = round(n_s * (1 - held_out)), round(n_t * (1 - held_out))
    try:
        d = extractor.feature_dim(validated(extractor.Params, experiment.network.params, extractor.name), shape)
        took = kind(seed=experiment.seed, **experiment.method.params).seconds(n_s, n_t, d)
    except UserError:  # told where it belongs, when the run starts
        return None
    lower = kind.Params.model_fields[kind.costly].title if kind.costly else None
    return Estimate(kind, took, n_s, n_t, lower or "")


def _sizes(experiment: Experiment) -> tuple[int, int, tuple[int, ...]] | None:
    """Samples in each domain and the shape of one, if the pair is in memory or its settings tell; else None."""
    spec = experiment.data
    pair = pair_in_memory(spec)
    if pair is not None:
        return len(pair.source), len(pair.target), pair.sample_shape
    source = pick(sources(), spec.name, "data set")
    try:
        params = validated(source.Params, spec.params, spec.name)
    except UserError:
        return None
    count, side = getattr(params, "count", None), getattr(params, "size", 32)
    return (count, count, (side, side, 3)) if count else None
