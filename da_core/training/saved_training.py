"""Keep one training for a checkpoint: its events so far, and the state to go on from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from da_core.events import Accuracies, Losses, Notice
from da_core.networks.extractor import Network

if TYPE_CHECKING:
    from da_core.training.loop import TrainingEvent

State = dict[str, Any]
"""Tensors and plain values by name, as ``torch.load`` reads them with ``weights_only``."""
Offer = Callable[["SavedTraining", "Callable[[], State] | None"], None]
_EVENTS: dict[str, type[TrainingEvent]] = {kind.__name__: kind for kind in (Losses, Accuracies, Notice)}


class SavedTraining:
    """A training's events and, while it goes, the state after its last epoch; once it is over, the network's weights.

    ``past`` is what `pack` gave in an earlier attempt, None for a training that begins. ``offer`` gets each
    state to go on from.
    """

    def __init__(self, past: State | None = None, offer: Offer = lambda training, state: None) -> None:
        past = past or {"events": [], "state": None, "weights": None}
        self._past: list[TrainingEvent] = [_EVENTS[kind](**fields) for kind, fields in past["events"]]
        self._state: State | None = past["state"]
        self._weights: State | None = past["weights"]
        self._offer = offer
        self._events: list[TrainingEvent] = []
        self.was_over, self.is_over = self._weights is not None, False

    def take_state(self) -> State | None:
        """Give the state to go on from, and let go of it; None where the training begins."""
        state, self._state = self._state, None
        return state

    def offer(self, state: Callable[[], State] | None) -> None:
        """Offer an epoch's end to the checkpoint, to go on from ``state`` or, without one, from the beginning."""
        self._offer(self, state)

    def resume(self, network: Network, training: Iterator[TrainingEvent]) -> Iterator[TrainingEvent]:
        """Repeat the events of the past and go on with ``training`` or, where it was over, load the weights."""
        if self._weights is not None:
            network.load_state_dict(self._weights)
            yield from self._past
            return
        yield from self._past
        yield from training

    def record(self, network: Network, training: Iterator[TrainingEvent], epochs: float) -> Iterator[TrainingEvent]:
        """Record the events of a training of ``epochs`` epochs and, when it is complete, its weights.

        One that was cut short is not over: nobody who goes on with it has asked for that.
        """
        for event in training:
            self._events.append(event)
            yield event
        last = self._events[-1]
        if isinstance(last, Notice) or last.epoch >= epochs:
            self.is_over, self._weights = True, network.state_dict()
            self.offer(None)

    def pack(self, state: State | None) -> State:
        """Collect what is kept."""
        events = [(type(event).__name__, vars(event)) for event in self._events]
        epoch = max(round(event.epoch) for event in self._events if not isinstance(event, Notice))
        return {"events": events, "epoch": epoch, "state": state, "weights": self._weights if self.is_over else None}
