"""Define the observer of a run that trains and adapts: the recorder of a film."""

from __future__ import annotations

from typing import TYPE_CHECKING

from da_core.events import Phase

if TYPE_CHECKING:
    from da_core.networks.extractor import Network
    from da_core.training.model import Model
    from da_core.training.prepared import Prepared
    from da_core.training.step import Step


class Observer:
    """Called at each turn of a run; the base class does nothing. A run without observer makes none of these calls.

    It may look at everything and change nothing but what a step moves (`before_step`): the networks are in training
    mode and stay so, and random numbers that it draws must not come from the run's generators.
    """

    sees_training = True
    """Whether it wants the turns of a training, too, which is then done for it although the result may be known."""

    def begin(self, prepared: Prepared) -> None:
        """Take note of the run's data, before anything is trained."""

    def before_step(self, phase: Phase, step: Step, taken: int) -> None:
        """Come before step ``taken`` (0 is the first) of a training."""

    def after_turn(self, phase: Phase, step: Step, taken: int, turn: int) -> None:
        """Come after turn ``turn`` of step ``taken`` of a training."""

    def after_adapting_step(self, taken: int, steps: int, network: Network) -> None:
        """Come after step ``taken`` (0 is the first) of ``steps`` by which a model adaptation changes ``network``."""

    def after_epoch(self, epoch: float, model: Model) -> None:
        """Come after an epoch of adapting; 0 is before the first of a new network."""

    def finished(self, phase: Phase, model: Model) -> None:
        """Take note of what source only, or adapting, has come to."""
