"""n seeds of one training as one: their networks stacked, their samples behind one another, one step for all.

What `da_core.training.step.Step` does for one seed is done here for all, and captured on CUDA in the same way. Each
method's losses are those of its own file, mapped over the seeds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import get_args

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap
from torch.nn.functional import cross_entropy

from da_core.data.pair import UNKNOWN
from da_core.events import Phase
from da_core.methods.base import Batch, DeepAlignment, Part, Turn
from da_core.networks.extractor import Network
from da_core.training.fit import training_key
from da_core.training.model import Labelled
from da_core.training.prepared import Prepared
from da_core.training.stacked_networks import StackedNetworks
from da_core.training.step import WARM_UP_STEPS, Order, captured, optimizer_of, plan_rate


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


class _Player(nn.Module):
    """A function of the method's own parts, as a module whose weights `functional_call` can exchange."""

    def __init__(self, own: nn.Module, play: Callable[..., dict[str, Tensor]]) -> None:
        super().__init__()
        self.own, self.play = own, play

    def forward(self, *given: Tensor) -> dict[str, Tensor]:
        return self.play(*given)


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
    """The networks of n seeds, of which each tensor is one (n, …), and what trains them."""

    def __init__(self, seeds: Sequence[Seed]) -> None:
        first = seeds[0]
        self.method, self.spec = first.method, first.prepared.experiment.training
        self.networks = StackedNetworks([one.network for one in seeds])
        sources = [one.source_network for one in seeds if one.source_network is not None]
        self.source_networks = StackedNetworks(sources) if sources else None
        owns = [one.build_own() for one in seeds]
        self.own, (self.own_parameters, self.own_buffers) = owns[0], stack_module_state(owns)
        self.turns = (Turn(lambda batch: {}),) if self.method is None else self.method.turns()
        given = self.spec.learning_rate
        self.given_rate = given if self.method is None else self.method.learning_rate(given)
        device = first.samples.X.device
        self.rate = torch.tensor(self.given_rate, device=device)
        self.optimizers = self._optimizers()

        self.size, self.batches = len(seeds), StackedBatches(seeds)
        live = [[one.prepared.source_live for one in seeds], [one.prepared.target_live for one in seeds]]
        self.live = [(torch.stack([d.X for d in of]), torch.stack([d.y for d in of])) for of in live]
        self.done = torch.zeros(1, dtype=torch.int64, device=device)
        self.taken = 0
        self.advance: Callable[[], None] = self._step
        self.terms: tuple[str, ...] = ()
        self.sums = torch.zeros(0, device=device)

    def _optimizers(self) -> list[tuple[torch.optim.Optimizer, list[bool]]]:
        """One optimiser for all parts that move in the same turns, and in which turns that is."""
        named = self.networks.parameters.items()
        weights: dict[Part, list[Tensor]] = {
            "extractor": [weight for name, weight in named if not name.startswith("head.")],
            "head": [weight for name, weight in named if name.startswith("head.")],
            "own": list(self.own_parameters.values()),
        }
        together: dict[tuple[bool, ...], list[Tensor]] = {}
        for part in get_args(Part):
            together.setdefault(tuple(part in turn.parts for turn in self.turns), []).extend(weights[part])
        return [
            (optimizer_of(self.spec, moved, self.rate), list(when))  # type: ignore[arg-type]
            for when, moved in together.items()
            if moved and any(when)
        ]

    def train_epoch(self) -> Tensor:
        """Take an epoch's steps; return each seed's mean of each loss term (n, terms)."""
        self.networks.network.train()
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
        features: Tensor | None = None
        terms, shown = [], []
        for number, turn in enumerate(self.turns):
            for _ in range(turn.times):
                if features is None:
                    features = self._embed(x, y.shape[1])
                if "extractor" in turn.parts:
                    seen, features = features, None
                else:
                    seen = features.detach()
                losses = self._losses(turn, seen, y, progress)
                values = torch.stack(list(losses.values()), 1)
                for weight in self._weights():
                    weight.grad = None
                values.sum().backward()  # type: ignore[no-untyped-call]  # no seed's loss has another's weights in it
                for optimizer, when in self.optimizers:
                    if when[number]:
                        optimizer.step()
            terms += list(losses)
            shown.append(values.detach())
        if not self.terms:
            self.terms = tuple(terms)
            self.sums = torch.zeros_like(torch.cat(shown, 1))
        self.sums += torch.cat(shown, 1)
        self.done += 1

    def _weights(self) -> Iterator[Tensor]:
        yield from self.networks.parameters.values()
        yield from self.own_parameters.values()

    def _embed(self, x: Tensor, source_count: int) -> Tensor:
        """Features of the source's samples followed by the target's."""
        if self.source_networks is None:
            return self.networks.embed(x)
        with torch.no_grad():
            of_source = self.source_networks.embed(x[:, :source_count])
        return torch.cat([of_source, self.networks.embed(x[:, source_count:])], 1)

    def _losses(self, turn: Turn, features: Tensor, y: Tensor, progress: Tensor) -> dict[str, Tensor]:
        """Compute each seed's loss terms (n,) of one turn."""
        with torch.set_grad_enabled("extractor" in turn.parts or "head" in turn.parts):
            logits = self.networks.head(features)
        count = y.shape[1]
        losses = {}
        if turn.with_class:
            of_rows = cross_entropy(logits[:, :count].flatten(0, 1), y.flatten(), reduction="none")
            losses["class"] = of_rows.view_as(y).mean(1)
        if self.method is None:
            return losses

        def play(features: Tensor, logits: Tensor, y: Tensor) -> dict[str, Tensor]:
            return turn.losses(Batch(features[:count], features[count:], logits[:count], logits[count:], y, progress))

        return losses | self._play(play, features, logits, y, moves="own" in turn.parts)

    def _play(self, play: Callable[..., dict[str, Tensor]], *given: Tensor, moves: bool = False) -> dict[str, Tensor]:
        """Map a function over the seeds' tensors (n, …), each with its own weights of the method's own parts.

        Unless it ``moves`` them, no gradient of theirs is computed.
        """
        player = _Player(self.own, play)
        weights = {name: weight if moves else weight.detach() for name, weight in self.own_parameters.items()}
        own = {f"own.{name}": state for name, state in (weights | self.own_buffers).items()}
        played: dict[str, Tensor] = vmap(lambda own, *given: functional_call(player, own, given))(own, *given)
        return played

    def accuracies(self) -> list[dict[str, float]]:
        """Measure each seed's accuracies on held-out samples of both domains, as `live_accuracies` does."""
        self.networks.network.eval()
        values: list[dict[str, float]] = [{} for _ in range(self.size)]
        source, target = self.source_networks or self.networks, self.networks
        with torch.no_grad():
            features = [of.embed(X) for of, (X, _) in zip((source, target), self.live, strict=True)]
            logits = [self.networks.head(F) for F in features]
            for name, L, (_, y) in zip(("source", "target"), logits, self.live, strict=True):
                known = y != UNKNOWN
                shares = ((L.argmax(2) == y) & known).sum(1) / known.sum(1)
                for value, share, count in zip(values, shares.tolist(), known.sum(1).tolist(), strict=True):
                    if count:
                        value[name] = share
            if (domain := self._domain_accuracy(features, logits)) is not None:
                for value, share in zip(values, domain.tolist(), strict=True):
                    value["domain"] = share
        return values

    def _domain_accuracy(self, features: Sequence[Tensor], logits: Sequence[Tensor]) -> Tensor | None:
        """Measure the accuracy of each seed's domain classifier (n,); None without one."""
        method = self.method
        if method is None or type(method).domain_logits is DeepAlignment.domain_logits:
            return None

        def play(features: Tensor, logits: Tensor) -> dict[str, Tensor]:
            answer = method.domain_logits(features, logits)
            assert answer is not None
            return {"source": (answer > 0).float().mean(), "target": (answer <= 0).float().mean()}

        shares = zip(("source", "target"), features, logits, strict=True)
        on_source, on_target = (self._play(play, F, L)[name] for name, F, L in shares)
        return (on_source + on_target) / 2
