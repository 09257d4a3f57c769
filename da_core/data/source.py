"""Step 1 · Declare a source of domain pairs; each is one file in ``da_core/data/sources``."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from da_core.data.download import Remote
from da_core.data.pair import Domain, DomainPair, Provenance, SampleKind, ShiftKind
from da_core.experiment import UsualSpec
from da_core.registry import Registered

Area = Literal["pictures", "digits", "speech", "text", "recommendation", "features", "points", "own"]
AREAS: dict[Area, str] = {
    "pictures": "Pictures of things",
    "digits": "Digits",
    "speech": "Speech",
    "text": "Text",
    "recommendation": "Recommendation",
    "features": "Plain features",
    "points": "2-D toys",
    "own": "Your own",
}
"""What the areas are called, as messages, in the order to show them in."""


class DataSource(Registered, abstract=True):
    """A source of domain pairs: one subclass a file; ``name`` is what ``--data`` takes.

    ``load(seed)`` makes the pair; it is deterministic in its hyperparameters and the seed. The caller caches results.
    """

    name: ClassVar[str]
    area: ClassVar[Area]
    shift: ClassVar[ShiftKind]
    """The kind of shift that a pair with the default settings has."""
    kind: ClassVar[SampleKind | None]
    """What its samples are; None where only loading tells."""
    origin: ClassVar[str]
    licence: ClassVar[str]
    """Sentences to show: where the samples come from, and under which licence."""
    usual: ClassVar[UsualSpec | None] = None
    """What suits it, where the usual of its kind does not (see `da_core.networks.defaults`): the Data screen, the
    command line and links set it, and the figures of the catalogue are measured with it."""

    def load(self, seed: int) -> DomainPair:
        """Make the pair."""
        raise NotImplementedError

    def pair(
        self,
        source: Domain,
        target: Domain,
        classes: tuple[str, ...],
        *,
        columns: tuple[str, ...] = (),
        flips: bool = False,
        shift: ShiftKind | None = None,
    ) -> DomainPair:
        """Join two domains to a pair of this source; see `DomainPair`."""
        about = Provenance(self.title, self.origin, self.licence, shift or self.shift)
        return DomainPair(source, target, classes, about, flips, columns)

    def remotes(self) -> tuple[Remote, ...]:
        """List the files that have to be downloaded once; none for what comes with the project and its packages."""
        return ()

    def true_weights(self, X: NDArray[Any], y: NDArray[np.int64]) -> NDArray[np.float64] | None:
        """Compute p_t(x, y) / p_s(x, y) of source samples X (n, …) with classes y: (n,); None where it is not known."""
        return None
