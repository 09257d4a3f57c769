"""n seeds of one training as one: their networks stacked, their samples behind one another, one step for all.

What `da_core.training.step.Step` does for one seed is done here for all, and captured on CUDA in the same way; on a CPU
the gradients of each turn are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import get_args

import torch
from torch import Tensor, nn

from da_core.data.pair import UNKNOWN
from da_core.events import Phase
from da_core.methods.base import DeepAlignment, Part, Turn
from da_core.networks.extractor import Network
from da_core.training.fit import training_key
from da_core.training.model import Labelled
from da_core.training.prepared import Prepared
from da_core.training.stacked_model import StackedModel
from da_core.training.step import WARM_UP_STEPS, Order, captured, optimizer_of, plan_rate
from da_core.training.traced import Traces


@dataclass(frozen=True, eq=False)
class Seed:
    """One seed's training of one phase; ``source_network`` embeds the source's samples where that one stays."""

    prepared: Prepared
    network: Network
    samples: Labelled
    method: DeepAlignment | None = None
    source_network: Network | None = None

    def key(self, phase: Phase) -> str:
        """Name this training as its run does."""
        return training_key(self.prepared, self.network, self.samples, phase, self.method)

    @property
    def shapes(self) -> tuple[torch.Size, ...]:
        """Tell how many samples of each sort there are: those that a seed draws may be more or fewer."""
        one = self.prepared
        return self.samples.X.shape, one.target.shape, one.source_live.X.shape, one.target_live.X.shape

    def build_own(self) -> nn.Module:
        """Build the method's own parts as the loop does; a module without any where it has none."""
        own = None
        if self.method is not None:
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(self.prepared.experiment.seed)
                own = self.method.build(self.network.feature_dim, self.network.head.out_features)
        return nn.Module() if own is None else own.to(self.samples.X.device)


class StackedBatches:
    """The samples that n seeds learn from, one behind the other, and which of them make up each step's batches."""

    def __init__(self, seeds: Sequence[Seed]) -> None:
        first = seeds[0]
        spec, self._mirrored = first.prepared.experiment.training, first.prepared.pair.flips
        domains = [[one.samples.X for one in seeds]]
        if first.method is not None:
            domains.append([one.prepared.target for one in seeds])
        self._count = [len(of[0]) for of in domains]
        self._X = torch.cat([torch.stack(of) for of in domains], 1).flatten(0, 1)
        self._y = torch.stack([one.samples.y for one in seeds]).flatten()
        self._orders = [Order.of_each(self._count, spec, self._mirrored, self._X.device) for _ in seeds]
        self._generators = [torch.Generator().manual_seed(one.prepared.experiment.seed) for one in seeds]
        self.steps, self._placed = len(self._orders[0][0].rows), self._places()

    def shuffle(self) -> None:
        """Draw an epoch's batches, in place: a captured step reads where the first one did."""
        for of_seed, generator in zip(self._orders, self._generators, strict=True):
            for order in of_seed:
                order.shuffle(generator)
        for placed, new in zip(self._placed, self._places(), strict=True):
            placed.copy_(new)

    def at(self, step: Tensor) -> tuple[Tensor, Tensor]:
        """Gather the samples of all seeds at a step (1,): x (n, b, …), and the source's labels y (n, b_s)."""
        of_samples, of_labels, flips = (of.index_select(0, step).squeeze(0) for of in self._placed)
        x = self._X.index_select(0, of_samples.flatten()).view(*of_samples.shape, *self._X.shape[1:])
        if self._mirrored:
            x = torch.where(flips[..., None, None, None], x.flip(-1), x)
        return x, self._y.index_select(0, of_labels.flatten()).view_as(of_labels)

    def _places(self) -> tuple[Tensor, Tensor, Tensor]:
        """Tell for each step where the batches of all seeds lie in all seeds' samples.

        That is (steps, n, b) for samples, the target's behind the source's, (steps, n, b_s) for labels, and (steps, n,
        b) for which are mirrored.
        """
        each = torch.arange(len(self._orders), device=self._X.device)[:, None]
        rows = [torch.stack([order.rows for order in of], 1) for of in zip(*self._orders, strict=True)]
        flips = [torch.stack([order.flips for order in of], 1) for of in zip(*self._orders, strict=True)]
        of_samples = torch.cat([rows[0], *(of + self._count[0] for of in rows[1:])], 2) + each * sum(self._count)
        return of_samples, rows[0] + each * self._count[0], torch.cat(flips, 2)


class SeedStack:
    """n seeds that are trained as one; stacks of the same phase share their ``traces``."""

    def __init__(self, seeds: Sequence[Seed], traces: Traces) -> None:
        first = seeds[0]
        method, self.spec = first.method, first.prepared.experiment.training
        sources = [one.source_network for one in seeds if one.source_network is not None]
        self.model = StackedModel(method, [one.network for one in seeds], [one.build_own() for one in seeds], sources)
        self.turns = (Turn(lambda batch: {}),) if method is None else method.turns()
        given = self.spec.learning_rate
        self.given_rate = given if method is None else method.learning_rate(given)
        device = first.samples.X.device
        self.rate = torch.tensor(self.given_rate, device=device)
        self.optimizers = self._optimizers()

        self.size, self.batches, self.traces = len(seeds), StackedBatches(seeds), traces
        live = [[one.prepared.source_live for one in seeds], [one.prepared.target_live for one in seeds]]
        self.live = [(torch.stack([d.X for d in of]), torch.stack([d.y for d in of])) for of in live]
        self.done = torch.zeros(1, dtype=torch.int64, device=device)
        self.taken = 0
        self.advance: Callable[[], None] = self._step
        self.terms: tuple[str, ...] = ()
        self.sums = torch.zeros(0, device=device)

    def _optimizers(self) -> list[tuple[torch.optim.Optimizer, list[bool]]]:
        """One optimiser for all parts that move in the same turns, and in which turns that is."""
        together: dict[tuple[bool, ...], list[Part]] = {}
        for part in get_args(Part):
            together.setdefault(tuple(part in turn.parts for turn in self.turns), []).append(part)
        return [
            (optimizer_of(self.spec, weights, self.rate), list(when))  # type: ignore[arg-type]
            for when, parts in together.items()
            if any(when) and (weights := self.model.weights(parts))
        ]

    def train_epoch(self) -> Tensor:
        """Take an epoch's steps; return each seed's mean of each loss term (n, terms)."""
        self.model.networks.network.train()
        self.batches.shuffle()
        self.sums.zero_()
        for _ in range(self.batches.steps):
            if self.taken == WARM_UP_STEPS:
                self.advance = captured(self._step, self.done.device)
            self.advance()
            self.taken += 1
        return self.sums / self.batches.steps

    def _step(self) -> None:
        """Move all parts by one step."""
        progress = (self.done / (self.batches.steps * self.spec.epochs)).squeeze(0)
        plan_rate(self.rate, self.spec, self.given_rate, progress)
        x, y = self.batches.at(self.done % self.batches.steps)
        if not self.terms:
            self.terms = self._name_terms(x, y, progress)
            self.sums = torch.zeros(self.size, len(self.terms), device=x.device)
        features: Tensor | None = None
        shown = []
        for number, turn in enumerate(self.turns):
            for _ in range(turn.times):
                moves_features = "extractor" in turn.parts
                if moves_features and not self.done.is_cuda:  # its list of operations begins with the samples
                    given = x
                else:
                    given = features = self.model.embed(x, y.shape[1]) if features is None else features
                values, *gradients = self._gradients(number, given, y, progress)
                features = None if moves_features else features
                for weight, gradient in zip(self.model.weights(turn.parts), gradients, strict=True):
                    weight.grad = gradient
                for optimizer, when in self.optimizers:
                    if when[number]:
                        optimizer.step()
            shown.append(values)
        self.sums += torch.cat(shown, 1)
        self.done += 1

    def _name_terms(self, x: Tensor, y: Tensor, progress: Tensor) -> tuple[str, ...]:
        with torch.no_grad():
            features = self.model.embed(x, y.shape[1])
            return tuple(name for turn in self.turns for name in self.model.losses(turn, features, y, progress))

    def _gradients(self, number: int, given: Tensor, y: Tensor, progress: Tensor) -> tuple[Tensor, ...]:
        """Compute a turn's loss terms and gradients, as `StackedModel.gradients` does; on a CPU by its list.

        What is ``given`` are features (n, b, d), but to a turn of the extractor on a CPU samples.
        """
        turn = self.turns[number]
        if self.done.is_cuda:  # where the whole step is captured
            return self.model.gradients(turn, given, y, progress)

        def of_tensors(given: Tensor, y: Tensor, progress: Tensor, *tensors: Tensor) -> tuple[Tensor, ...]:
            model = self.model.made_of(tensors)
            features = model.embed(given, y.shape[1]) if "extractor" in turn.parts else given
            return model.gradients(turn, features, y, progress)

        name = f"turn {number} of {self.size} seeds"
        return self.traces.replay(name, of_tensors, given, y, progress, *self.model.tensors())

    def accuracies(self) -> list[dict[str, float]]:
        """Measure each seed's accuracies on held-out samples of both domains, as `live_accuracies` does."""
        self.model.networks.network.eval()
        values: list[dict[str, float]] = [{} for _ in range(self.size)]
        source, target = self.model.source_networks or self.model.networks, self.model.networks
        with torch.no_grad():
            features = [of.embed(X) for of, (X, _) in zip((source, target), self.live, strict=True)]
            logits = [self.model.networks.head(F) for F in features]
            for name, L, (_, y) in zip(("source", "target"), logits, self.live, strict=True):
                known = y != UNKNOWN
                shares = ((L.argmax(2) == y) & known).sum(1) / known.sum(1)
                for value, share, count in zip(values, shares.tolist(), known.sum(1).tolist(), strict=True):
                    if count:
                        value[name] = share
            on_source, on_target = (self.model.domain_logits(F, L) for F, L in zip(features, logits, strict=True))
            if on_source is not None and on_target is not None:
                shares = ((on_source > 0).float().mean(1) + (on_target <= 0).float().mean(1)) / 2
                for value, share in zip(values, shares.tolist(), strict=True):
                    value["domain"] = share
        return values
