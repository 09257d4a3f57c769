"""What one adapts for where the target has no labels: the class of each of its samples, as a table to take along."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from da_core.export.spreadsheet import harmless, to_csv


def answers_csv(answers: NDArray[np.int64], classes: Sequence[str], names: NDArray[np.str_] | None) -> bytes:
    """One row a target sample: its number, counted from 1, its name where there is one, and its predicted class."""
    called = [""] * len(answers) if names is None else [harmless(str(name)) for name in names]
    told = [harmless(classes[answer]) for answer in answers]
    return to_csv(("sample", "name", "predicted"), zip(range(1, len(answers) + 1), called, told, strict=True))
