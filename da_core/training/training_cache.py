"""Do a training that runs have in common once: source only and oracle are the same whatever the method."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

from torch import Tensor

from da_core.events import Notice
from da_core.networks.extractor import Network
from da_core.training.loop import TrainingEvent


class TrainingCache:
    """The newest ``most`` trainings of this process: the events of each, and the weights that it ended with.

    A training is known by a digest of all that goes into it. Safe to use from many threads.
    """

    def __init__(self, most: int = 8) -> None:
        self._most = most
        self._known: OrderedDict[str, tuple[tuple[TrainingEvent, ...], dict[str, Tensor]]] = OrderedDict()
        self._lock = threading.Lock()

    def __contains__(self, key: str) -> bool:
        return key in self._known

    def replay(
        self, key: str, network: Network, training: Iterator[TrainingEvent], epochs: int
    ) -> Iterator[TrainingEvent]:
        """Train ``network`` or, where that has been done before, repeat its events and load the weights.

        A training that diverged or ended before its last epoch is not kept.
        """
        with self._lock:
            known = self._known.get(key)
        if known is not None:
            past, weights = known
            network.load_state_dict(weights)
            yield from past
            return
        events: list[TrainingEvent] = []
        for event in training:
            events.append(event)
            yield event
        last = events[-1]
        if not isinstance(last, Notice) and last.epoch >= epochs:
            state = {name: value.clone() for name, value in network.state_dict().items()}
            with self._lock:
                self._known[key] = tuple(events), state
                while len(self._known) > self._most:
                    self._known.popitem(last=False)


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
"""What this process has trained."""
