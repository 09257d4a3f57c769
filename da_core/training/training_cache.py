"""Trainings that runs have in common: source only and oracle are the same whatever the method, so each is done once."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

from torch import Tensor

from da_core.events import Accuracies, Losses, Notice
from da_core.networks.extractor import Network

Told = Losses | Accuracies | Notice


class TrainingCache:
    """The newest ``most`` trainings of this process: what each said, and the weights that it ended with.

    A training is known by a digest of all that goes into it. Safe to use from many threads.
    """

    def __init__(self, most: int = 8) -> None:
        self._most = most
        self._known: OrderedDict[str, tuple[tuple[Told, ...], dict[str, Tensor]]] = OrderedDict()
        self._lock = threading.Lock()

    def __contains__(self, key: str) -> bool:
        return key in self._known

    def replay(self, key: str, network: Network, training: Iterator[Told], epochs: int) -> Iterator[Told]:
        """Train ``network``, or, where that has been done before, tell it all again and take the weights over.

        A training that diverged or ended before its last epoch is not kept.
        """
        with self._lock:
            before = self._known.get(key)
        if before is not None:
            told, weights = before
            network.load_state_dict(weights)
            yield from told
            return
        said: list[Told] = []
        for event in training:
            said.append(event)
            yield event
        last = said[-1]
        if not isinstance(last, Notice) and last.epoch >= epochs:
            state = {name: value.clone() for name, value in network.state_dict().items()}
            with self._lock:
                self._known[key] = tuple(said), state
                while len(self._known) > self._most:
                    self._known.popitem(last=False)


def digest(network: Network, *parts: Any) -> str:
    """A name for the training of ``network``, as it is now, on ``parts``: tensors by their content, others as text."""
    found = hashlib.blake2b(digest_size=16)
    for part in [*network.state_dict().values(), *parts]:
        if isinstance(part, Tensor):
            found.update(f"{part.dtype} {tuple(part.shape)} {part.device}".encode())
            laid_out = part.permute(0, 2, 3, 1) if part.ndim == 4 else part  # pictures lie channels last
            found.update(laid_out.cpu().contiguous().numpy().data)
        else:
            found.update(f"{part!r}".encode())
    return found.hexdigest()


trained = TrainingCache()
"""What this process has trained."""
