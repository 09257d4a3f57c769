"""Several seeds of one experiment as one training: their weights lie stacked, and each step moves all of them.

A step of a small network on points or features is mostly the calls that it is made of, and hardly the sums: ten seeds
in one step cost little more than one. A method's step has more sums, and saves less: there the seeds part into as many
stacks as there are cores (`tests/bench/batched_seeds.py` measures both). Each seed has its own samples, first weights
and batches, as in a run of its own, and comes to the same numbers but for rounding. What has been trained here is
handed to the seeds' runs.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import get_args

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap
from torch.nn.functional import cross_entropy

from da_core.data.loading.cache import fetch
from da_core.data.pair import UNKNOWN
from da_core.events import Accuracies, Losses, Phase
from da_core.experiment import Experiment
from da_core.methods.base import Batch, DeepAlignment, Part, Turn
from da_core.methods.norms import batch_norms
from da_core.networks.extractor import Network
from da_core.networks.word_dropout import noise_of
from da_core.training import devices
from da_core.training.fit import training_key
from da_core.training.model import Labelled
from da_core.training.prepared import Prepared, prepare, set_up
from da_core.training.stacked_networks import StackedNetworks
from da_core.training.step import Order, optimizer_of, plan_rate
from da_core.training.training_cache import Trained, TrainingCache

MOST_BYTES = 64 * 2**20
"""What the samples of seeds that train at once may take, and what is kept of their trainings."""


def can_train_together(experiment: Experiment) -> bool:
    """Tell whether seeds of an experiment may train at once, as far as that is known without its data.

    It pays where a step is made of calls and not of sums: on rows, on a CPU. Raises `UserError` as a run does.
    """
    setup = set_up(experiment)
    of_rows = setup.extractor.learns and "features" in setup.extractor.takes
    return of_rows and setup.device.type == "cpu" and experiment.training.precision == "float32"


def train_together(
    experiments: Sequence[Experiment],
    trained: TrainingCache,
    should_stop: Callable[[], bool] = lambda: False,
    *,
    each_epoch: bool = True,
) -> Iterator[Losses | Accuracies]:
    """Train at once what the runs of experiments that differ in their seeds alone would train one by one.

    That is source only, the oracle if there is one, and a deep alignment method's own training. It comes into
    ``trained`` for the runs; what cannot be trained so, or does not come to finite numbers, is left to them. Where the
    seeds take more than `MOST_BYTES`, as many as have room go at a time. With ``each_epoch`` the runs find the weights
    after each epoch of adapting, as those must that keep snapshots. Yields what the first seed of those that train
    reports, between which the caller may wait, or close the generator. Raises `UserError` as a run does.
    """
    if not all(map(can_train_together, experiments)):
        return
    setups = [set_up(experiment) for experiment in experiments]
    devices.configure(setups[0].device)  # n seeds have work enough for all cores that a run is given
    for _share in fetch(experiments[0].data):
        pass
    first = prepare(setups[0])
    size = _how_many_fit(first, each_epoch)
    for start in range(0, len(setups), max(size, 1)) if size > 1 else ():
        seeds = [first if setup is setups[0] else prepare(setup) for setup in setups[start : start + size]]
        yield from _train_seeds(seeds, trained, should_stop, each_epoch)


def _how_many_fit(prepared: Prepared, each_epoch: bool) -> int:
    """Count the seeds of this that have room beside each other; 0 for what has no rows, or for a network that is apart.

    A network that draws noise draws its own. Batch norm takes away whatever the layer before it adds as a bias: what is
    left as that one's gradient is rounding, of which Adam makes full steps, so no two programs agree on it.
    """
    network, spec = prepared.new_network(), prepared.experiment.training
    if prepared.source.X.ndim != 2 or list(noise_of(network)) or batch_norms(network):
        return 0
    weights = sum(value.nbytes for value in network.state_dict().values())
    samples = prepared.source.X.nbytes + prepared.target.nbytes
    return int(MOST_BYTES // max(samples, weights * (spec.epochs if each_epoch else 1)))


def _train_seeds(
    seeds: Sequence[Prepared], trained: TrainingCache, should_stop: Callable[[], bool], each_epoch: bool
) -> Iterator[Losses | Accuracies]:
    """Train all phases of all seeds."""
    first = seeds[0]
    sources = [_Seed(one, one.new_network(), one.source) for one in seeds]
    yield from _train_phase("source_only", sources, trained, should_stop)
    if first.trains_oracle:
        oracles = [_Seed(one, one.new_network(), one.labelled_target()) for one in seeds]
        yield from _train_phase("oracle", oracles, trained, should_stop)
    if isinstance(first.method, DeepAlignment):
        adapting = [_adapting(one, one.method, trained) for one in seeds if isinstance(one.method, DeepAlignment)]
        known = [one for one in adapting if one is not None]
        yield from _train_phase("adapt", known, trained, should_stop, each_epoch)


@dataclass(frozen=True, eq=False)
class _Seed:
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
        return nn.Module() if own is None else own


def _adapting(one: Prepared, method: DeepAlignment, trained: TrainingCache) -> _Seed | None:
    """Begin a method's training; None where it starts from a source-only network that has not been trained here."""
    network = one.new_network()
    if not method.target_encoder:
        return _Seed(one, network, one.source, method)
    source_only = trained.get(training_key(one, network, one.source, "source_only"))
    if source_only is None:
        return None
    network.load_state_dict(source_only.weights)
    return _Seed(one, network, one.source, method, one.copy_of(network))


def _train_phase(
    phase: Phase,
    seeds: Sequence[_Seed],
    trained: TrainingCache,
    should_stop: Callable[[], bool],
    each_epoch: bool = False,
) -> Iterator[Losses | Accuracies]:
    """Train one phase of all seeds of which it is not known yet, and keep each that stays finite."""
    waiting = {key: one for one in seeds if trained.get(key := one.key(phase)) is None}
    if len(waiting) < 2 or len({one.shapes for one in waiting.values()}) > 1:
        return
    stacks = _stacked(list(waiting.values()))
    spec, device = stacks[0].spec, stacks[0].X.device
    events: list[list[Losses | Accuracies]] = [[] for _ in waiting]
    of_epochs: list[dict[float, dict[str, Tensor]]] = [{} for _ in waiting]
    finite = torch.ones(len(waiting), dtype=torch.bool)
    one_core_each = functools.partial(devices.configure, device, on_points=True)
    with ThreadPoolExecutor(len(stacks), "seeds", one_core_each) as pool:
        for epoch in range(1, spec.epochs + 1):
            means = torch.cat(list(pool.map(lambda stack: stack.train_epoch(), stacks)))
            finite &= means.isfinite().all(1) & torch.cat([stack.networks.finite() for stack in stacks])
            if should_stop() or not finite.any():
                return
            accuracies = [shares for stack in stacks for shares in stack.accuracies()]
            for place, (losses, shares) in enumerate(zip(means.tolist(), accuracies, strict=True)):
                terms = dict(zip(stacks[0].terms, losses, strict=True))
                events[place] += [Losses(phase, float(epoch), terms), Accuracies(phase, epoch, shares)]
            if each_epoch:
                for weights, of_epoch in zip(_weights_of(stacks), of_epochs, strict=True):
                    of_epoch[epoch] = weights
            yield from events[0][-2:]
    for place, (key, weights) in enumerate(zip(waiting, _weights_of(stacks), strict=True)):
        if finite[place]:
            trained.keep(key, Trained(tuple(events[place]), weights, of_epochs[place]))


def _stacked(seeds: Sequence[_Seed]) -> list[_Stack]:
    """Stack seeds: with a method, whose steps have more to add up, in as many stacks as there are cores for."""
    cores = torch.get_num_threads() if seeds[0].method is not None else 1
    size = max(2, -(-len(seeds) // cores))
    if len(seeds) % size == 1:  # one seed alone would be no stack
        size = len(seeds)
    return [_Stack(seeds[start : start + size]) for start in range(0, len(seeds), size)]


def _weights_of(stacks: Sequence[_Stack]) -> list[dict[str, Tensor]]:
    return [stack.networks.weights(place) for stack in stacks for place in range(len(stack.orders))]


class _Player(nn.Module):
    """A function of the method's own parts, as a module whose weights `functional_call` can exchange."""

    def __init__(self, own: nn.Module, play: Callable[..., dict[str, Tensor]]) -> None:
        super().__init__()
        self.own, self.play = own, play

    def forward(self, *given: Tensor) -> dict[str, Tensor]:
        return self.play(*given)


class _Stack:
    """The networks of n seeds, of which each tensor is one (n, …), and the samples that they learn from.

    What `Step` does for one seed, here is done for all. Each method's losses are those of its own file, mapped over
    the seeds.
    """

    def __init__(self, seeds: Sequence[_Seed]) -> None:
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
        self.rate = torch.tensor(self.given_rate)
        self.optimizers = self._optimizers()

        domains = [[one.samples.X for one in seeds]]
        if self.method is not None:
            domains.append([one.prepared.target for one in seeds])
        self.count = [len(of[0]) for of in domains]
        self.X = torch.cat([torch.stack(of) for of in domains], 1).flatten(0, 1)
        self.y = torch.stack([one.samples.y for one in seeds]).flatten()
        self.orders = [Order.of_each(self.count, self.spec, self.X.device) for _ in seeds]
        self.generators = [torch.Generator().manual_seed(one.prepared.experiment.seed) for one in seeds]
        live = [[one.prepared.source_live for one in seeds], [one.prepared.target_live for one in seeds]]
        self.live = [(torch.stack([d.X for d in of]), torch.stack([d.y for d in of])) for of in live]
        self.done = 0
        self.terms: list[str] = []

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
        for of_seed, generator in zip(self.orders, self.generators, strict=True):
            for order in of_seed:
                order.shuffle(generator)
        rows = [torch.stack([order.rows for order in of], 1) for of in zip(*self.orders, strict=True)]
        each = torch.arange(len(self.orders))[:, None]
        of_labels = (rows[0] + each * self.count[0]).flatten(1)
        # where each seed's rows lie in all seeds' samples, the target's behind the source's
        of_samples = torch.cat([rows[0], *(of + self.count[0] for of in rows[1:])], 2) + each * sum(self.count)
        steps, n, b = of_samples.shape
        of_samples = of_samples.flatten(1)
        progress = torch.arange(self.done, self.done + steps) / (steps * self.spec.epochs)
        sums: Tensor | float = 0.0
        for at in range(steps):
            x = self.X.index_select(0, of_samples[at]).view(n, b, -1)
            y = self.y.index_select(0, of_labels[at]).view(n, -1)
            sums = sums + self._step(x, y, progress[at])
        self.done += steps
        return torch.as_tensor(sums) / steps

    def _step(self, x: Tensor, y: Tensor, progress: Tensor) -> Tensor:
        """Move all parts by one step; return each seed's loss terms (n, terms)."""
        plan_rate(self.rate, self.spec, self.given_rate, progress)
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
        self.terms = terms
        return torch.cat(shown, 1)

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
        values: list[dict[str, float]] = [{} for _ in self.orders]
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
