"""Measure how unevenly a set of sample weights is spread."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def effective_sample_size(weights: NDArray[np.floating[Any]]) -> float:
    """Estimate the effective sample size of weights (n,): (Σw)² / Σw².

    From 1 (one sample counts) to n (all count alike). Kish 1965, section 8.2.

    >>> effective_sample_size(np.array([1.0, 1.0, 0.0, 0.0]))
    2.0
    """
    return float(weights.sum() ** 2 / np.square(weights).sum())


def summarise_weights(weights: NDArray[np.floating[Any]]) -> dict[str, float]:
    """Summarise weights (n,) as a result carries them: how many, how many they count like, the heaviest one's share.

    >>> summarise_weights(np.array([1.0, 1.0]))["effective_sample_size"]
    2.0
    """
    return {
        "samples": len(weights),
        "effective_sample_size": effective_sample_size(weights),
        "largest_share": float(weights.max() / weights.sum()),
    }
