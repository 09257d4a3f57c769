"""What the tests of deep alignment share: a batch, losses with what they hold fixed, a critic, a whole training."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import numpy as np
import torch
from torch import Tensor

from da_core.experiment import TrainingSpec
from da_core.methods.alignment.shared.adversarial import GradientReversal
from da_core.methods.base import Batch, DeepAlignment, Turn
from da_core.networks import networks
from da_core.networks.extractor import Network
from da_core.training.loop import train
from da_core.training.model import Labelled, as_inputs

CLASSES = 3
CENTRES = np.array([[2.5, 0.0], [-2.5, 0.0], [0.0, 3.0]])


def batch(
    n: int = 16, d: int = 6, shift: float = 2.0, dtype: torch.dtype = torch.float32, progress: float = 0.5
) -> Batch:
    """Features of two domains, the target's shifted along every axis; logits come from a fixed linear head."""
    generator = torch.Generator().manual_seed(0)
    Fs, Ft, head = (torch.randn(*size, generator=generator, dtype=dtype) for size in ((n, d), (n, d), (d, CLASSES)))
    Ft = Ft + shift
    labels = torch.arange(n) % CLASSES
    return Batch(Fs, Ft, Fs @ head, Ft @ head, labels, torch.tensor(progress, dtype=dtype))


def rows_of_batch(whole: Batch, rows: slice) -> Batch:
    return Batch(
        whole.source_features[rows],
        whole.target_features[rows],
        whole.source_logits[rows],
        whole.target_logits[rows],
        whole.source_labels[rows],
        whole.progress,
    )


def with_features(old: Batch, Fs: Tensor, Ft: Tensor, head: Tensor) -> Batch:
    return Batch(Fs, Ft, Fs @ head, Ft @ head, old.source_labels, old.progress)


def built(method: DeepAlignment, d: int = 6, dtype: torch.dtype = torch.float32) -> torch.nn.Module | None:
    """The method's own parts, always the same."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(method.seed)
        own = method.build(d, CLASSES)
    return own.to(dtype) if own is not None else None


def turns_of(method: DeepAlignment, part: str) -> list[Turn]:
    return [turn for turn in method.turns() if part in turn.parts]


def train_own(
    method: DeepAlignment, own: torch.nn.Module, on: Batch, steps: int = 300, turn: Turn | None = None
) -> None:
    """Only the method's own parts learn, by a turn's losses (the first that moves them); the features stay."""
    turn = turn or turns_of(method, "own")[0]
    optimizer = torch.optim.Adam(own.parameters(), lr=1e-2)
    for _ in range(steps):
        optimizer.zero_grad()
        torch.stack(list(turn.losses(on).values())).sum().backward()  # type: ignore[no-untyped-call]
        optimizer.step()


@contextmanager
def held_fixed() -> Iterator[Callable[[], None]]:
    """Inside, what a loss detaches keeps the value that it had at first, and no gradient is reversed.

    That is the function whose gradient the method means. Call what is handed out before each new evaluation.
    """
    kept: list[Tensor] = []
    at = [0]
    plain = Tensor.detach

    def detach(self: Tensor) -> Tensor:
        if at[0] == len(kept):
            kept.append(plain(self).clone())
        at[0] += 1
        return kept[at[0] - 1]

    def again() -> None:
        at[0] = 0

    with mock.patch.object(Tensor, "detach", detach), mock.patch.object(GradientReversal, "apply", lambda F, lam: F):
        yield again


def space(n: int, seed: int, shift: float = 0.0) -> tuple[Any, Any]:
    """Three classes in six dimensions, of which two tell them apart; the shift moves all six."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, n)
    X = np.c_[CENTRES[y], np.zeros((n, 4))] + 0.7 * rng.normal(size=(n, 6))
    return X + shift * np.array([0.6, -0.6, 1, 1, 1, 1]), y


def deeply(
    method: type[DeepAlignment] | None,
    Xs: Any,
    ys: Any,
    Xt: Any,
    yt: Any,
    seed: int = 0,
    epochs: int = 12,
    **hyperparameters: Any,
) -> tuple[float, Tensor]:
    """Target accuracy after training, and the target's logits; ``method`` None is source only."""
    device = torch.device("cpu")
    source, target = Labelled(as_inputs(Xs, device), torch.tensor(ys)), as_inputs(Xt, device)
    extractor, spec = networks()["mlp"], TrainingSpec(epochs=epochs, batch_size=32)

    def fitted(deep: DeepAlignment | None, start: Network | None = None) -> Network:
        network = extractor(hidden=32).network((Xs.shape[1],), 3, seed)
        if start is not None:
            network.load_state_dict(start.state_dict())
        events = train(
            network,
            source,
            phase="adapt",
            spec=spec,
            seed=seed,
            method=deep,
            target=target if deep is not None else None,
            source_network=start,
        )
        for _ in events:
            pass
        return network.eval()

    deep = method(seed=seed, **hyperparameters) if method is not None else None
    network = fitted(deep, fitted(None) if deep is not None and deep.target_encoder else None)
    with torch.no_grad():
        logits = network(target)
    return float((logits.argmax(1) == torch.tensor(yt)).float().mean()), logits
