"""Roll a training that diverges back to its last finite epoch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor

from da_core.errors import UserError
from da_core.events import STAGES, Notice, Phase
from da_core.experiment import TrainingSpec
from da_core.networks.extractor import Network

LEARNING_RATE = str(TrainingSpec.model_fields["learning_rate"].title)
"""What it is called on the forms: of training, and of the methods that have one of their own."""


class LastFiniteState:
    """The network's state after the last epoch whose losses and weights were all finite numbers."""

    def __init__(self, network: Network, phase: Phase, screen: Literal["Network", "Method"] = "Network") -> None:
        self.network = network
        self._advice = {"stage": STAGES[phase], "setting": LEARNING_RATE, "screen": screen}
        self.epoch = 0
        self._state: dict[str, Tensor] = {}

    def keep(self, epoch: int) -> bool:
        """Keep the state as that of this epoch, unless a number in it is not finite; return whether it was kept."""
        state = self.network.state_dict()
        if not torch.stack([torch.isfinite(value).all() for value in state.values()]).all():
            return False
        self._state = {name: value.clone() for name, value in state.items()}
        self.epoch = epoch
        return True

    def restore(self, term: str | None) -> Notice:
        """Put the network back to the last finite epoch; return a notice that says so.

        ``term`` is the loss that is to blame, None where it is a weight. Raises `UserError` if no epoch was finite.
        """
        if self._state:
            self.network.load_state_dict(self._state)
            return Notice(
                "Training diverged in “{stage}”: its numbers were no longer finite after epoch {epoch}. What was "
                "learned before is kept; choose a smaller “{setting}” on the screen “{screen}”.",
                {"epoch": self.epoch, **self._advice},
            )
        if term is None:
            raise UserError(
                "Training diverged in “{stage}”: the network's weights are no longer finite numbers; choose a smaller "
                "“{setting}” on the screen “{screen}”.",
                **self._advice,
            )
        raise UserError(
            "Training diverged in “{stage}”: the loss “{term}” is no longer a finite number; choose a smaller "
            "“{setting}” on the screen “{screen}”.",
            term=term,
            **self._advice,
        )


def not_finite(terms: Mapping[str, float]) -> str | None:
    """Find the first loss term that is not a finite number; None if all are."""
    return next((term for term, value in terms.items() if not math.isfinite(value)), None)
