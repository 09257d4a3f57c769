"""Load a third domain: the target of another pair over the same classes, scored and never trained on."""

from __future__ import annotations

import numpy as np

from da_core.data.loading import cache
from da_core.data.pair import UNKNOWN, Domain, DomainPair
from da_core.errors import UserError
from da_core.experiment import DataSpec

_SEED = 1
"""Of what is drawn by our code: other scenes than those of the pair itself, which is drawn by 0."""


def third_domain(spec: DataSpec, pair: DomainPair) -> Domain:
    """Load the target of the pair that ``spec`` names, as `as_third` returns it. Raises `UserError`."""
    return as_third(cache.load_pair(spec, _SEED), pair)


def as_third(other: DomainPair, pair: DomainPair) -> Domain:
    """Return the target of ``other``, labelled by classes of ``pair``. Raises `UserError` where the two do not fit."""
    domain = other.target
    if other.kind != pair.kind or other.sample_shape != pair.sample_shape:
        raise UserError(
            "Samples of the third domain have shape {third}, those of the target {target}; give both the same shape.",
            third=other.sample_shape,
            target=pair.sample_shape,
        )
    unknown = sorted(set(other.classes) - set(pair.classes))
    if unknown:
        raise UserError(
            "The third domain has classes that the source lacks ({names}); remove them or choose another domain.",
            names=", ".join(unknown),
        )
    index = np.array([pair.classes.index(name) for name in other.classes])
    y = np.where(domain.y == UNKNOWN, UNKNOWN, index[domain.y])
    return Domain(domain.name, domain.X, y)
