"""Do a training that runs have in common once: source only and oracle are the same whatever the method."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from cachetools import FIFOCache
from torch import Tensor

from da_core.events import Notice
from da_core.networks.extractor import Network
from da_core.training.loop import TrainingEvent

Weights = Mapping[str, Tensor]

MOST_BYTES = 128 * 2**20
_EVENT_BYTES = 1000
"""What an event takes in memory, about."""


@dataclass(frozen=True)
class Trained:
    """A training that went to its end: its events and the weights that it ended with."""

    events: tuple[TrainingEvent, ...]
    weights: Weights

    def replay(self, network: Network) -> Iterator[TrainingEvent]:
        """Repeat the events, and give ``network`` the weights."""
        network.load_state_dict(self.weights)
        yield from self.events

    @property
    def bytes(self) -> int:
        """Measure how much memory this takes."""
        return sum(value.nbytes for value in self.weights.values()) + _EVENT_BYTES * len(self.events)


class TrainingCache:
    """The newest trainings of this process by digest, up to ``most_bytes``. Safe to use from many threads."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._known: FIFOCache[str, Trained] = FIFOCache(most_bytes, getsizeof=lambda trained: trained.bytes)
        self._lock = threading.Lock()

    def get(self, key: str) -> Trained | None:
        """Return what has been trained; None if it is not known, or not any more."""
        with self._lock:
            return self._known.get(key)

    def keep(self, key: str, trained: Trained) -> None:
        """Keep a training, and let go of the oldest where there is no more room."""
        with self._lock, suppress(ValueError):  # one alone may take more than all may
            self._known.setdefault(key, trained)

    def record(
        self, key: str, network: Network, training: Iterator[TrainingEvent], epochs: int
    ) -> Iterator[TrainingEvent]:
        """Train ``network``, yield the training's events, and keep it if it went to its last epoch."""
        events: list[TrainingEvent] = []
        for event in training:
            events.append(event)
            yield event
        last = events[-1]
        if not isinstance(last, Notice) and last.epoch >= epochs:
            self.keep(
                key, Trained(tuple(events), {name: value.clone() for name, value in network.state_dict().items()})
            )


def digest(network: Network, *parts: Any) -> str:
    """Hash the training of ``network``, as it is now, on ``parts``: tensors by their content, others as text."""
    whole = hashlib.blake2b(digest_size=16)
    for part in [*network.state_dict().values(), *parts]:
        if isinstance(part, Tensor):
            whole.update(f"{part.dtype} {tuple(part.shape)} {part.device}".encode())
            laid_out = part.permute(0, 2, 3, 1) if part.ndim == 4 else part  # pictures lie channels last
            whole.update(laid_out.cpu().contiguous().numpy().data)
        else:
            whole.update(f"{part!r}".encode())
    return whole.hexdigest()


trained = TrainingCache()
