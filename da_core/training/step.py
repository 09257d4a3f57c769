"""One step of training on tensors that never leave the device: draw the batch, forward, losses, backward, update.

Nothing in a step asks the device for a number and every shape stays the same, so that on CUDA the whole step is
captured as one graph and replayed; on a CPU the very same code runs as it stands.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, get_args

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from da_core.experiment import TrainingSpec, plan_epoch
from da_core.methods.base import Batch, DeepAlignment, Part, Turn
from da_core.networks.extractor import Network
from da_core.training.model import Labelled

log = logging.getLogger(__name__)

WARM_UP_STEPS = 3
ADAM_BETAS = (0.5, 0.999)
"""Less momentum than usual: two players that move against each other otherwise circle (Radford 2016, section 3)."""


class Order:
    """The rows of each step's batch: reshuffled every epoch, each row once before any comes again."""

    def __init__(self, count: int, steps: int, batch_size: int, mirrored: bool, device: torch.device) -> None:
        self.count, self.mirrored = count, mirrored
        self.rows = torch.zeros(steps, batch_size, dtype=torch.int64, device=device)
        self.flips = torch.zeros(steps, batch_size, dtype=torch.bool, device=device)

    def shuffle(self, generator: torch.Generator) -> None:
        """Draw an epoch's order on the CPU, so that every device sees the same, and copy it in place."""
        needed, drawn = self.rows.numel(), []
        for _ in range(-(-needed // self.count)):
            drawn.append(torch.randperm(self.count, generator=generator))
        self.rows.copy_(torch.cat(drawn)[:needed].view_as(self.rows))
        if self.mirrored:
            self.flips.copy_(torch.randint(2, (needed,), generator=generator).view_as(self.flips))

    def batch(self, step: Tensor, X: Tensor, *labels: Tensor) -> tuple[Tensor, ...]:
        """Gather the samples of a step, a tensor (1,), out of ``X`` (n, …), and their ``labels`` (n,).

        Pictures are mirrored as they are drawn: all mirror images beside all pictures would double the memory.
        """
        rows = self.rows.index_select(0, step).squeeze(0)
        x = X.index_select(0, rows)
        if self.mirrored:
            flips = self.flips.index_select(0, step).view(-1, 1, 1, 1)
            x = torch.where(flips, x.flip(3), x)
        return x, *(y.index_select(0, rows) for y in labels)


def optimizer_of(spec: TrainingSpec, weights: list[nn.Parameter], rate: Tensor) -> torch.optim.Optimizer:
    """Make the optimiser of ``weights``; its learning rate is whatever the tensor ``rate`` holds at a step."""
    if spec.optimizer == "adam":
        return torch.optim.Adam(weights, lr=rate, betas=ADAM_BETAS, fused=True)
    return torch.optim.SGD(weights, lr=rate, momentum=0.9, fused=True)


class Step:
    """Callable: one step. ``sums`` holds each loss term's sum, in the order of ``terms``, since it was last zeroed."""

    def __init__(
        self,
        network: Network,
        method: DeepAlignment | None,
        own: nn.Module | None,
        source: Labelled,
        target: Tensor | None,
        spec: TrainingSpec,
        mirrored: bool,
        source_network: Network | None = None,
    ) -> None:
        device = source.X.device
        self.network, self.source_network, self.spec, self.method = network, source_network, spec, method
        self.own = own
        self.source, self.target = source, target
        self.steps, size = plan_epoch(len(source.y), spec.batch_size, spec.least_steps)
        self.source_order = Order(len(source.y), self.steps, size, mirrored, device)
        self.target_order = Order(len(target), self.steps, size, mirrored, device) if target is not None else None
        self.done = torch.zeros(1, dtype=torch.int64, device=device)
        self.learning_rate = spec.learning_rate if method is None else method.learning_rate(spec.learning_rate)
        self.rate = torch.tensor(self.learning_rate, device=device)
        self.turns = (Turn(lambda batch: {}),) if method is None else method.turns()
        self.optimizers = self._optimizers(own)
        self.weights = [weight for part in (network, own) if part is not None for weight in part.parameters()]
        self.precision: AbstractContextManager[Any] = nullcontext()
        if spec.precision == "bfloat16":
            self.precision = torch.autocast(device.type, torch.bfloat16)
        self.terms: tuple[str, ...] = ()
        self.sums = torch.zeros(0)
        self.after_turn: Callable[[int], None] | None = None

    def _optimizers(self, own: nn.Module | None) -> list[tuple[torch.optim.Optimizer, list[bool]]]:
        """One optimiser for all parts that move in the same turns, and in which turns that is."""
        weights: dict[Part, list[nn.Parameter]] = {
            "extractor": list(self.network.features.parameters()),
            "head": list(self.network.head.parameters()),
            "own": list(own.parameters()) if own is not None else [],
        }
        together: dict[tuple[bool, ...], list[nn.Parameter]] = {}
        for part in get_args(Part):
            together.setdefault(tuple(part in turn.parts for turn in self.turns), []).extend(weights[part])
        return [
            (optimizer_of(self.spec, moved, self.rate), list(when))
            for when, moved in together.items()
            if moved and any(when)
        ]

    def __call__(self) -> None:
        at = self.done % self.steps
        progress = (self.done / (self.steps * self.spec.epochs)).squeeze(0)
        if self.spec.schedule == "annealed":
            self.rate.copy_(self.learning_rate / (1 + 10 * progress) ** 0.75)
        x, y = self.source_order.batch(at, self.source.X, self.source.y)
        if self.target is not None and self.target_order is not None:
            x = torch.cat([x, *self.target_order.batch(at, self.target)])
        features: Tensor | None = None
        terms, reported = [], []
        for number, turn in enumerate(self.turns):
            for _ in range(turn.times):
                if features is None:
                    features = self._embed(x, len(y))
                if "extractor" in turn.parts:
                    batch, features = self._batch(features, y, progress), None
                else:
                    batch = self._batch(features.detach(), y, progress)
                losses = {"class": cross_entropy(batch.source_logits, y)} if turn.with_class else {}
                losses |= turn.losses(batch)
                values = torch.stack(list(losses.values()))
                for weight in self.weights:
                    weight.grad = None
                if values.requires_grad:  # else an observer holds all still that this turn would move
                    values.sum().backward()  # type: ignore[no-untyped-call]
                for optimizer, when in self.optimizers:
                    if when[number]:
                        optimizer.step()
            terms += list(losses)
            reported.append(values.detach())
            if self.after_turn is not None:
                self.after_turn(number)
        if not self.terms:
            self.terms = tuple(terms)
            self.sums = torch.zeros_like(torch.cat(reported))
        self.sums += torch.cat(reported)
        self.done += 1

    def state(self) -> dict[str, Any]:
        """Give all that the steps to come depend on, beside data and order: not copied, so to be written at once."""
        return {
            "network": self.network.state_dict(),
            "own": self.own.state_dict() if self.own is not None else {},
            "optimizers": [optimizer.state_dict()["state"] for optimizer, _ in self.optimizers],
            "done": self.done,
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over what `state` gave, before the first step: a captured graph keeps the addresses that it has seen."""
        self.network.load_state_dict(state["network"])
        if self.own is not None:
            self.own.load_state_dict(state["own"])
        for (optimizer, _), values in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict({"state": values, "param_groups": optimizer.state_dict()["param_groups"]})
            for group in optimizer.param_groups:
                group["lr"] = self.rate  # loading has put a copy there, which no schedule would reach
        self.done.copy_(state["done"])

    def _embed(self, x: Tensor, source_count: int) -> Tensor:
        """Features of the source's samples followed by the target's."""
        with self.precision:
            if self.source_network is None:
                return self.network.embed(x)
            with torch.no_grad():
                of_source = self.source_network.embed(x[:source_count])
            return torch.cat([of_source, self.network.embed(x[source_count:])])

    def _batch(self, features: Tensor, y: Tensor, progress: Tensor) -> Batch:
        with self.precision:
            logits = self.network.head(features)
        features, logits, count = features.float(), logits.float(), len(y)
        return Batch(features[:count], features[count:], logits[:count], logits[count:], y, progress)

    def shuffle(self, generator: torch.Generator) -> None:
        self.source_order.shuffle(generator)
        if self.target_order is not None:
            self.target_order.shuffle(generator)


def captured(step: Callable[[], None], device: torch.device) -> Callable[[], None]:
    """``step``, called `WARM_UP_STEPS` times before, as one CUDA graph; as it is on a CPU or where capture fails."""
    if device.type != "cuda":
        return step
    graph = torch.cuda.CUDAGraph()
    try:
        # other runs' threads may use the device meanwhile: only this thread's calls must be capturable
        with torch.cuda.graph(graph, capture_error_mode="thread_local"):
            step()
    except RuntimeError as error:
        log.warning("The step could not be captured as a CUDA graph and runs step by step: %s", error)
        return step
    return graph.replay
