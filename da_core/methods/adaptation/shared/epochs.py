"""Share parts of the methods that go on training: an epoch's batches, and the means of its losses."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle, islice
from typing import TYPE_CHECKING

from da_core.errors import UserError
from da_core.experiment import plan_epoch
from da_core.params import hyper

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from da_core.methods.base import AdaptationData
    from da_core.networks.extractor import Network

EPOCHS = hyper(10, ge=1, le=200, step=1, title="Epochs", help="Passes over the larger of the two domains.")
LEARNING_RATE = hyper(1e-3, gt=0, le=1, log=True, symbol="η", title="Learning rate", help="Step size of Adam.")
BATCH_SIZE = hyper(64, ge=4, le=1024, title="Batch size", help="Samples per domain in each step.")


def batches(X: Tensor, size: int, generator: torch.Generator, least_steps: int = 1) -> list[Tensor]:
    """Deal the rows of X in random order, ``size`` at a time; what is left over waits for another epoch.

    Few rows are dealt several times, in smaller batches, until there are ``least_steps`` of them (`plan_epoch`). The
    order is drawn on the CPU, so that every device sees the same. Fewer than ``size`` rows make one batch.

    >>> [batch.shape for batch in batches(torch.zeros(7, 2), 3, torch.Generator().manual_seed(0))]
    [torch.Size([3, 2]), torch.Size([3, 2])]
    """
    import torch

    steps, size = plan_epoch(len(X), min(size, len(X)), least_steps)
    passes = -(-steps * size // len(X))
    rows = torch.cat([torch.randperm(len(X), generator=generator) for _ in range(passes)])
    return list(rows[: steps * size].to(X.device).split(size))  # type: ignore[no-untyped-call]


def pairs_of_batches(data: AdaptationData, size: int, generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
    """Pair batches for an epoch over the larger of two domains: rows of each, the smaller one's coming round again."""
    source, target = (batches(X, size, generator, data.least_steps) for X in (data.Xs, data.Xt))
    count = max(len(source), len(target))
    return zip(islice(cycle(source), count), islice(cycle(target), count), strict=True)


def descend(network: Network, optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    """Take one step of the weights that the optimiser has.

    The gradient is worked out for all weights: without that of its input, torch's group norm crashes in backward.
    """
    network.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()


def require_pictures(data: AdaptationData, method: str) -> None:
    """Raise `UserError` where the samples are rows of features."""
    if data.Xs.ndim != 4:
        raise UserError(
            "{method} works on pictures, but these samples are features; choose another method.", method=method
        )


class Means:
    """The means of named loss terms over an epoch; they stay on the device until they are read."""

    def __init__(self) -> None:
        self._sums: dict[str, Tensor] = {}
        self._count = 0

    def add(self, losses: dict[str, Tensor]) -> Tensor:
        """Add one step's terms to the means; return their sum, the loss to descend on."""
        for name, loss in losses.items():
            self._sums[name] = self._sums.get(name, 0) + loss.detach()
        self._count += 1
        total: Tensor = sum(losses.values())  # type: ignore[assignment]
        return total

    def read(self) -> dict[str, float]:
        return {name: float(total) / self._count for name, total in self._sums.items()}
