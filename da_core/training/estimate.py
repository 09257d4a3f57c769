"""Estimate how long a method will take: from its own formula and what is known of the data without loading them."""

from __future__ import annotations

from dataclasses import dataclass

from da_core.data.loading.cache import known_sizes
from da_core.errors import UserError
from da_core.experiment import Experiment
from da_core.methods import methods
from da_core.methods.base import Method
from da_core.networks import networks
from da_core.registry import pick, resolve


@dataclass(frozen=True)
class Estimate:
    """Seconds on two cores for ``source`` and ``target`` samples; ``lower`` is the title of the setting to lower."""

    method: type[Method]
    seconds: float
    source: int
    target: int
    lower: str


def estimate(experiment: Experiment) -> Estimate | None:
    """Estimate the time that the experiment's method takes; None where method, data or settings give none."""
    kind = pick(methods(), experiment.method.name, "method")
    if kind.seconds is Method.seconds:
        return None
    sizes = known_sizes(experiment.data)
    if sizes is None:
        return None
    n_s, n_t, shape = sizes
    try:
        extractor = resolve(networks(), experiment.network)
        method = kind(seed=experiment.seed, **experiment.method.params)
        d = extractor.feature_dim(shape)
    except UserError:  # the run itself raises it, when it starts
        return None
    learned = 1 - experiment.held_out(extractor.learns)
    n_s, n_t = round(n_s * learned), round(n_t * learned)
    lower = kind.Params.model_fields[kind.costly].title if kind.costly else None
    return Estimate(kind, method.seconds(n_s, n_t, d), n_s, n_t, lower or "")
