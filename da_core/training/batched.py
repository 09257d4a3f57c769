"""Several seeds of one experiment as one training: their weights lie stacked, and each step moves all of them.

A step of a small network on points or features is mostly the calls that it is made of, and hardly the sums: ten seeds
in one step cost little more than one. Each seed has its own samples, first weights and batches, as in a run of its own,
and comes to the same numbers but for rounding. What has been trained here waits in the training cache for its run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap
from torch.nn.functional import cross_entropy

from da_core.data.loading.cache import fetch
from da_core.data.pair import UNKNOWN
from da_core.events import Accuracies, Losses, Phase
from da_core.experiment import Experiment, TrainingSpec
from da_core.methods.base import Batch, DeepAlignment, Turn
from da_core.methods.norms import batch_norms
from da_core.networks.extractor import Network
from da_core.networks.word_dropout import noise_of
from da_core.training import devices, training_cache
from da_core.training.fit import training_key
from da_core.training.loop import TrainingEvent
from da_core.training.model import Labelled
from da_core.training.prepared import Prepared, Setup, prepare, set_up
from da_core.training.step import Order, optimizer_of, plan_rate
from da_core.training.training_cache import Trained

MOST_BYTES = training_cache.MOST_BYTES // 2
"""What the samples of all seeds may take, and what is kept of their trainings."""


def train_together(experiments: Sequence[Experiment], should_stop: Callable[[], bool] = lambda: False) -> None:
    """Train at once what the runs of experiments that differ in their seeds alone would train one by one.

    That is source only, the oracle if there is one, and the method's own training where `only_adds_losses`. What cannot
    be trained so, or does not come to finite numbers, is left to the runs. Raises `UserError` as a run does.
    """
    setups = [set_up(experiment) for experiment in experiments]
    if len(setups) < 2 or not all(_is_small(setup) for setup in setups):
        return
    devices.configure(setups[0].device, on_points=setups[0].is_on_points)
    for _share in fetch(experiments[0].data):
        pass
    first = prepare(setups[0])
    if not _takes(first, len(setups)):
        return
    seeds = [first, *map(prepare, setups[1:])]
    _train(seeds, "source_only", [one.source for one in seeds], should_stop)
    if first.trains_oracle:
        _train(seeds, "oracle", [one.labelled_target() for one in seeds], should_stop)
    if isinstance(first.method, DeepAlignment) and only_adds_losses(first.method, first.new_network()):
        _train(seeds, "adapt", [one.source for one in seeds], should_stop, first.method)


def only_adds_losses(method: DeepAlignment, network: Network) -> bool:
    """Tell whether a method's losses are functions of the batch alone, in one turn that moves all.

    It then has no part of its own, and one object of it serves the batches of all seeds.
    """
    if method.target_encoder or method.turns() != (Turn(method.losses),):
        return False
    with torch.random.fork_rng(devices=[]):
        return method.build(network.feature_dim, network.head.out_features) is None


def _is_small(setup: Setup) -> bool:
    """Whether it is worth it: a step of convolutions, or on a GPU, is made of sums and not of calls."""
    of_rows = setup.extractor.learns and "features" in setup.extractor.takes
    return of_rows and setup.device.type == "cpu" and setup.experiment.training.precision == "float32"


def _takes(prepared: Prepared, count: int) -> bool:
    """Whether ``count`` seeds of this fit beside each other: as rows, few enough, in a network that rounding spares.

    A network that draws noise draws its own. Batch norm takes away whatever the layer before it adds as a bias: what is
    left as that one's gradient is rounding, of which Adam makes full steps, so no two programs agree on it.
    """
    network, spec = prepared.new_network(), prepared.experiment.training
    if prepared.source.X.ndim != 2 or list(noise_of(network)) or batch_norms(network):
        return False
    weights = sum(value.nbytes for value in network.state_dict().values())
    samples = prepared.source.X.nbytes + prepared.target.nbytes
    fits: bool = count * max(samples, weights * spec.epochs) <= MOST_BYTES
    return fits


def _train(
    seeds: Sequence[Prepared],
    phase: Phase,
    samples: Sequence[Labelled],
    should_stop: Callable[[], bool],
    method: DeepAlignment | None = None,
) -> None:
    """Train one phase of all seeds of which it is not known yet, and keep each that stays finite."""
    waiting: dict[str, tuple[Prepared, Network, Labelled]] = {}
    for one, own in zip(seeds, samples, strict=True):
        network = one.new_network()
        key = training_key(one, network, own, phase, method)
        if training_cache.trained.get(key) is None:
            waiting[key] = one, network, own
    if len(waiting) < 2 or not _alike([(one, own) for one, _, own in waiting.values()]):
        return
    prepared, networks, own_samples = zip(*waiting.values(), strict=True)
    stack = _Stack(prepared, networks, own_samples, method)
    events: list[list[TrainingEvent]] = [[] for _ in waiting]
    of_epochs: list[dict[float, dict[str, Tensor]]] = [{} for _ in waiting]
    finite = torch.ones(len(waiting), dtype=torch.bool)
    for epoch in range(1, prepared[0].experiment.training.epochs + 1):
        means = stack.train_epoch()
        finite &= means.isfinite().all(1) & stack.finite()
        if should_stop() or not finite.any():
            return
        for place, (losses, shares) in enumerate(zip(means.tolist(), stack.accuracies(), strict=True)):
            terms = dict(zip(stack.terms, losses, strict=True))
            events[place] += [Losses(phase, float(epoch), terms), Accuracies(phase, epoch, shares)]
            if method is not None:
                of_epochs[place][epoch] = stack.weights(place)
    for place, key in enumerate(waiting):
        if finite[place]:
            result = Trained(tuple(events[place]), stack.weights(place), of_epochs[place])
            training_cache.trained.keep(key, result)


def _alike(seeds: Sequence[tuple[Prepared, Labelled]]) -> bool:
    """Whether all have the same number of samples of each sort: those that a seed draws may be more or fewer."""
    shapes = {(own.X.shape, p.target.shape, p.source_live.X.shape, p.target_live.X.shape) for p, own in seeds}
    return len(shapes) == 1


class _Linear(torch.autograd.Function):
    """Linear layers of n seeds, x (n, b, d_in) to (n, b, d_out), with weights (n, d_out, d_in) and biases (n, d_out).

    The gradient comes as the weights lie: PyTorch's own has them transposed, and copies them at each step.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        ctx.save_for_backward(x, weight)
        return torch.baddbmm(bias[:, None], x, weight.mT)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor, Tensor]:  # type: ignore[override]
        x, weight = ctx.saved_tensors
        of_x = gradient @ weight if ctx.needs_input_grad[0] else None
        return of_x, gradient.mT @ x, gradient.sum(1)


class _Stack:
    """The networks of n seeds, of which each tensor is one (n, …), and the samples that they learn from."""

    def __init__(
        self,
        seeds: Sequence[Prepared],
        networks: Sequence[Network],
        samples: Sequence[Labelled],
        method: DeepAlignment | None,
    ) -> None:
        spec: TrainingSpec = seeds[0].experiment.training
        self.spec, self.method = spec, method
        self.network = networks[0]
        self.parameters, self.buffers = stack_module_state(list(networks))  # type: ignore[arg-type]
        self.given_rate = spec.learning_rate if method is None else method.learning_rate(spec.learning_rate)
        self.rate = torch.tensor(self.given_rate)
        self.optimizer = optimizer_of(spec, list(self.parameters.values()), self.rate)
        self.X, self.y = torch.stack([one.X for one in samples]), torch.stack([one.y for one in samples])
        self.target = torch.stack([one.target for one in seeds]) if method is not None else None
        counts = [self.X.shape[1], *([] if self.target is None else [self.target.shape[1]])]
        self.orders = [Order.of_each(counts, spec, self.X.device) for _ in seeds]
        self.generators = [torch.Generator().manual_seed(one.experiment.seed) for one in seeds]
        live = [[one.source_live for one in seeds], [one.target_live for one in seeds]]
        self.live = [(torch.stack([d.X for d in of]), torch.stack([d.y for d in of])) for of in live]
        self.each = torch.arange(len(seeds))[:, None]
        self.done = 0
        self.terms: list[str] = []

    def train_epoch(self) -> Tensor:
        """Take an epoch's steps; return each seed's mean of each loss term (n, terms)."""
        self.network.train()
        for of_seed, generator in zip(self.orders, self.generators, strict=True):
            for order in of_seed:
                order.shuffle(generator)
        source, *target = (torch.stack([order.rows for order in of]) for of in zip(*self.orders, strict=True))
        steps = source.shape[1]
        sums: Tensor | float = 0.0
        for at in range(steps):
            rows = source[:, at]
            x, y = self.X[self.each, rows], self.y[self.each, rows]
            if self.target is not None:
                x = torch.cat([x, self.target[self.each, target[0][:, at]]], 1)
            sums = sums + self._step(x, y, torch.tensor(self.done / (steps * self.spec.epochs)))
            self.done += 1
        return torch.as_tensor(sums) / steps

    def _step(self, x: Tensor, y: Tensor, progress: Tensor) -> Tensor:
        plan_rate(self.rate, self.spec, self.given_rate, progress)
        features = self._apply(self.network.features, "features", x)
        logits, count = self._apply(self.network.head, "head", features), y.shape[1]
        of_class = cross_entropy(logits[:, :count].flatten(0, 1), y.flatten(), reduction="none").view_as(y).mean(1)
        losses = {"class": of_class}
        if self.method is not None:
            losses |= vmap(self._losses, (0, 0, 0, None))(features, logits, y, progress)
        self.terms = list(losses)
        values = torch.stack(list(losses.values()), 1)
        self.optimizer.zero_grad()
        values.sum().backward()  # type: ignore[no-untyped-call]  # no seed's loss depends on another's weights
        self.optimizer.step()
        return values.detach()

    def _losses(self, features: Tensor, logits: Tensor, y: Tensor, progress: Tensor) -> dict[str, Tensor]:
        """Compute the method's losses of one seed's batch."""
        assert self.method is not None
        count = len(y)
        return self.method.losses(
            Batch(features[:count], features[count:], logits[:count], logits[count:], y, progress)
        )

    def _apply(self, module: nn.Module, name: str, x: Tensor) -> Tensor:
        """Send each seed's rows, x (n, b, d), through its own weights of a module.

        The usual layers are written out: `vmap` gives the same, in more calls.
        """
        match module:
            case nn.Sequential():
                for of_child, child in module.named_children():
                    x = self._apply(child, f"{name}.{of_child}", x)
                return x
            case nn.Linear():
                weight, bias = self.parameters[f"{name}.weight"], self.parameters[f"{name}.bias"]
                applied: Tensor = _Linear.apply(x, weight, bias)  # type: ignore[no-untyped-call]
                return applied
            case nn.ReLU():
                return x.relu()
            case nn.Flatten():
                return x
        own = [
            {key.removeprefix(f"{name}."): value for key, value in states.items() if key.startswith(f"{name}.")}
            for states in (self.parameters, self.buffers)
        ]
        applied = vmap(lambda states, rows: functional_call(module, states, (rows,)))(tuple(own), x)
        return applied

    def accuracies(self) -> list[dict[str, float]]:
        """Measure each seed's accuracy on its held-out samples of both domains, as `live_accuracies` does."""
        self.network.eval()
        values: list[dict[str, float]] = [{} for _ in self.orders]
        with torch.no_grad():
            for name, (X, y) in zip(("source", "target"), self.live, strict=True):
                logits = self._apply(self.network.head, "head", self._apply(self.network.features, "features", X))
                right, known = logits.argmax(2) == y, y != UNKNOWN
                shares = (right & known).sum(1) / known.sum(1)
                for value, share, count in zip(values, shares.tolist(), known.sum(1).tolist(), strict=True):
                    if count:
                        value[name] = share
        return values

    def finite(self) -> Tensor:
        """Tell of which seeds all weights are finite (n,)."""
        states = [*self.parameters.values(), *self.buffers.values()]
        return torch.stack([state.isfinite().view(len(state), -1).all(1) for state in states]).all(0)

    def weights(self, place: int) -> dict[str, Tensor]:
        """Copy the network's state of one seed."""
        states = self.parameters | self.buffers
        return {name: state[place].detach().clone() for name, state in states.items()}
