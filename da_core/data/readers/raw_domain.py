"""One domain as it was read from a user's files, before its classes have numbers."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from da_core.data.pair import UNKNOWN, Domain
from da_core.events import Notice

Labels = list[str | None]
"""The class of each sample; None where a target sample has no label."""


@dataclass
class RawDomain:
    """``X`` as in `Domain`, each sample's class if it is known, and what there is to say about how they were read."""

    name: str
    X: NDArray[Any]
    labels: Labels
    captions: list[str] | None = None
    notices: list[Notice] = field(default_factory=list)
    columns: tuple[str, ...] = ()

    def part(self, rows: list[int]) -> RawDomain:
        """Some of them."""
        captions = None if self.captions is None else [self.captions[row] for row in rows]
        return replace(self, X=self.X[rows], labels=[self.labels[row] for row in rows], captions=captions)

    def numbered(self, classes: list[str]) -> Domain:
        """The domain with the classes' places in ``classes`` for their names."""
        number: dict[str | None, int] = {name: index for index, name in enumerate(classes)}
        number[None] = UNKNOWN
        y = np.array([number[label] for label in self.labels], np.int64)
        return Domain(self.name, self.X, y, None if self.captions is None else np.array(self.captions))
