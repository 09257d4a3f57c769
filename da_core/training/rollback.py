"""What is kept of a training that diverges: the state after its last good epoch."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from da_core.errors import UserError
from da_core.events import Notice
from da_core.networks.extractor import Network


class LastFiniteState:
    """The network's state after the last epoch whose losses were finite, and its weights."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.epoch = 0
        self._state: dict[str, Tensor] = {}

    def keep(self, epoch: int) -> bool:
        """Remember the state as that of this epoch, unless a number in it is not finite; say whether it was kept."""
        state = self.network.state_dict()
        if not torch.stack([torch.isfinite(value).all() for value in state.values()]).all():
            return False
        self._state = {name: value.clone() for name, value in state.items()}
        self.epoch = epoch
        return True

    def restore(self, term: str | None) -> Notice:
        """Put the network back, and say so; ``term`` is the loss to blame, None where it is a weight.

        Raises `UserError` if no epoch was good.
        """
        if self._state:
            self.network.load_state_dict(self._state)
            return Notice(
                "Training diverged: its numbers were no longer finite after epoch {epoch}. What had been learned by "
                "then is kept; choose a smaller learning rate.",
                {"epoch": self.epoch},
            )
        if term is None:
            raise UserError(
                "Training diverged: the network's weights are no longer finite numbers; choose a smaller learning rate."
            )
        raise UserError(
            "Training diverged: the loss “{term}” is no longer a finite number; choose a smaller learning rate.",
            term=term,
        )


def not_finite(terms: Mapping[str, float]) -> str | None:
    """The first loss term that is not a finite number; None if all are."""
    return next((term for term, value in terms.items() if not math.isfinite(value)), None)
