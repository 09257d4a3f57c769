"""Test whether two domains differ at all, by dealing their samples out at random: averages, covariances, classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from da_core.evaluation.shift.kernel_means import (
    Features,
    Labels,
    Values,
    classwise_discrepancy,
    discrepancy,
    kernel_means,
    mean_kernel,
    relative_discrepancy,
    second_order_kernel,
)

Distance = Literal["mmd", "coral", "classwise"]
SHUFFLES = 200
"""How often the samples are dealt out."""
LEAST_CHANCE = 1 / (SHUFFLES + 1)
"""The smallest p-value that `SHUFFLES` shuffles can give."""


@dataclass(frozen=True)
class PermutationTest:
    """Distances of two domains, and the share of shuffles in which each is as large; ``p_value`` of all together.

    There is no class-wise distance where no class was guessed often enough in both domains. ``clearest`` is the one
    that lies farthest beyond chance.
    """

    distances: dict[Distance, float]
    p_values: dict[Distance, float]
    p_value: float
    clearest: Distance


def permutation_test(
    Fs: Features, Ft: Features, guess_s: Labels, guess_t: Labels, halves: NDArray[np.bool_], seed: int = 0
) -> PermutationTest:
    """Test by permutation whether features (n_s, d) and (n_t, d) are of one distribution (Gretton et al. 2012).

    MMD looks at averages in a rich space. Where many columns are standardised in each domain on its own, it sees next
    to nothing, and the covariances (CORAL distance, each domain around its own mean) and the samples that are guessed
    to be of one class tell more. Guesses (n,) of both domains must come from the same classifiers, which saw neither:
    ``halves`` (n_s + n_t,) says by which of two, and samples are exchanged within a half only.

    Three tests would find something by chance three times as often. So the p-value of all together is that of the
    largest distance, each in deviations from its mean under chance (Westfall and Young 1993): 1 / 201 at least, and
    uniform where nothing differs.
    """
    rng = np.random.default_rng([seed, 2])
    is_source = np.repeat([1.0, 0.0], [len(Fs), len(Ft)])
    dealt = np.repeat(is_source[:, None], 1 + SHUFFLES, axis=1)
    for half in (halves, ~halves):
        rows = np.flatnonzero(half)
        dealt[rows, 1:] = rng.permuted(dealt[rows, 1:], axis=0)
    kernel, second_order = mean_kernel(Fs, Ft), second_order_kernel(Fs, Ft, np.ones(len(Fs)))
    values: dict[Distance, Values] = {
        "mmd": discrepancy(kernel, dealt, 1 - dealt),
        "coral": discrepancy(second_order, dealt, 1 - dealt),
        "classwise": classwise_discrepancy(kernel, guess_s, guess_t, dealt, 1 - dealt),
    }
    values = {name: each for name, each in values.items() if len(each)}
    p_values = {name: _share_as_large(each) for name, each in values.items()}
    deviations = {
        name: (each - each[1:].mean()) / max(each[1:].std(), np.finfo(float).tiny) for name, each in values.items()
    }
    coral = relative_discrepancy(*kernel_means(second_order, dealt[:, :1], 1 - dealt[:, :1]))
    distances = {name: float(each[0]) for name, each in values.items()} | {"coral": float(coral[0])}
    together = _share_as_large(np.max(list(deviations.values()), axis=0))
    return PermutationTest(distances, p_values, together, max(deviations, key=lambda name: deviations[name][0]))


def _share_as_large(values: Values) -> float:
    """Return how many of the shuffles' values, and the observed one, which comes first, are as large as that one."""
    return float((values >= values[0]).mean())
