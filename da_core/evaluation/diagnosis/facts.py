"""Collect the facts of a run that a diagnosis uses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from da_core.evaluation import domain_accuracy
from da_core.events import Gain, Phase, Result
from da_core.experiment import Experiment
from da_core.methods.base import Family


@dataclass(frozen=True)
class Facts:
    """The facts that a diagnosis uses. ``before``, ``after``: predictions (n,) of the held-out target samples.

    ``diverged``: for each phase that ended because its numbers were no longer finite, its last good epoch.
    """

    experiment: Experiment
    family: Family
    few: int
    """Labelled target samples that the method saw."""
    result: Result
    history: domain_accuracy.History
    before: NDArray[np.int64]
    after: NDArray[np.int64]
    diverged: dict[Phase, float]

    @property
    def learns(self) -> bool:
        """Tell whether a network was trained, which deep methods need."""
        return bool(domain_accuracy.losses(self.history, "source_only", "class"))

    @property
    def gain(self) -> Gain:
        """On the target, for the checks that need its labels."""
        return self.result.gain["target"]
