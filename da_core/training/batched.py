"""Several seeds of one experiment as one training: their weights lie stacked, and each step moves all of them.

A step of a small network on points or features is mostly the calls that it is made of, and hardly the sums: ten seeds
in one step cost little more than one, and a CPU goes through the calls of a step as a list (`traced`). A method's step
has more sums, and saves less: there the seeds part into as many stacks as there are cores. By the clock ten seeds cost
2.2 times one with source only, and 2.1 to 3.0 with a method: most with ADDA, WDGRL and DANN, whose critics' products of
matrices fill a core with one seed alone (two quiet cores, November 2026, `tests/bench/batched_seeds.py`; in an hour
when others use the processor and its cache as well, any of them may come to 3.7). Convolutions fill a CPU with one seed
alone, so they train together on a GPU only. Each seed has its own samples, first weights and batches, as in a run of
its own, and comes to the same numbers but for rounding. What has been trained here is handed to the seeds' runs.
"""

from __future__ import annotations

import functools
import itertools
import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor

from da_core.data.loading.cache import fetch
from da_core.events import Accuracies, Losses, Phase
from da_core.experiment import Experiment
from da_core.methods.base import DeepAlignment
from da_core.methods.norms import batch_norms
from da_core.networks.word_dropout import noise_of
from da_core.training import devices
from da_core.training.fit import training_key
from da_core.training.prepared import Prepared, prepare, set_up
from da_core.training.stacked_seeds import Seed, SeedStack
from da_core.training.traced import Traces
from da_core.training.training_cache import Trained, TrainingCache

log = logging.getLogger(__name__)

MOST_BYTES = 64 * 2**20
"""What the samples of seeds that train at once may take, and what is kept of their trainings."""


def can_train_together(experiment: Experiment) -> bool:
    """Tell whether seeds of an experiment may train at once, as far as that is known without its data.

    It pays where a step is made of calls and not of sums: on rows, and on a GPU with convolutions as well. Raises
    `UserError` as a run does.
    """
    setup = set_up(experiment)
    pays = "features" in setup.extractor.takes or _has_room_for_convolutions(setup.device)
    return setup.extractor.learns and pays and experiment.training.precision == "float32"


def _has_room_for_convolutions(device: torch.device) -> bool:
    """Tell whether one network's convolutions leave a device idle."""
    return device.type != "cpu"


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
        try:
            yield from _train_seeds(seeds, trained, should_stop, each_epoch)
        except torch.OutOfMemoryError:
            log.warning("%d seeds have no room on the device beside each other; each trains alone", len(seeds))
            return


def _how_many_fit(prepared: Prepared, each_epoch: bool) -> int:
    """Count the seeds of this that have room beside each other; 0 for samples or a network that do not suit.

    A network that draws noise draws its own. Batch norm takes away whatever the layer before it adds as a bias: what is
    left as that one's gradient is rounding, of which Adam makes full steps, so no two programs agree on it.
    """
    network, spec = prepared.new_network(), prepared.experiment.training
    suits = prepared.source.X.ndim == 2 or _has_room_for_convolutions(prepared.device)
    if not suits or list(noise_of(network)) or batch_norms(network):
        return 0
    weights = sum(value.nbytes for value in network.state_dict().values())
    samples = prepared.source.X.nbytes + prepared.target.nbytes
    return int(MOST_BYTES // max(samples, weights * (spec.epochs if each_epoch else 1)))


def _train_seeds(
    seeds: Sequence[Prepared], trained: TrainingCache, should_stop: Callable[[], bool], each_epoch: bool
) -> Iterator[Losses | Accuracies]:
    """Train all phases of all seeds."""
    first = seeds[0]
    sources = [Seed(one, one.new_network(), one.source) for one in seeds]
    yield from _train_phase("source_only", sources, trained, should_stop)
    if first.trains_oracle:
        oracles = [Seed(one, one.new_network(), one.labelled_target()) for one in seeds]
        yield from _train_phase("oracle", oracles, trained, should_stop)
    if isinstance(first.method, DeepAlignment):
        adapting = [_adapting(one, one.method, trained) for one in seeds if isinstance(one.method, DeepAlignment)]
        known = [one for one in adapting if one is not None]
        yield from _train_phase("adapt", known, trained, should_stop, each_epoch)


def _adapting(one: Prepared, method: DeepAlignment, trained: TrainingCache) -> Seed | None:
    """Begin a method's training; None where it starts from a source-only network that has not been trained here."""
    network = one.new_network()
    if not method.target_encoder:
        return Seed(one, network, one.source, method)
    source_only = trained.get(training_key(one, network, one.source, "source_only"))
    if source_only is None:
        return None
    network.load_state_dict(source_only.weights)
    return Seed(one, network, one.source, method, one.copy_of(network))


def _train_phase(
    phase: Phase,
    seeds: Sequence[Seed],
    trained: TrainingCache,
    should_stop: Callable[[], bool],
    each_epoch: bool = False,
) -> Iterator[Losses | Accuracies]:
    """Train one phase of all seeds of which it is not known yet, and keep each that stays finite."""
    waiting = {key: one for one in seeds if trained.get(key := one.key(phase)) is None}
    if len(waiting) < 2 or len({one.shapes for one in waiting.values()}) > 1:
        return
    stacks = _stacked(list(waiting.values()))
    spec, device = stacks[0].spec, stacks[0].done.device
    events: list[list[Losses | Accuracies]] = [[] for _ in waiting]
    of_epochs: list[dict[float, dict[str, Tensor]]] = [{} for _ in waiting]
    finite = torch.ones(len(waiting), dtype=torch.bool)
    one_core_each = functools.partial(devices.configure, device, on_points=True)
    with ThreadPoolExecutor(len(stacks), "seeds", one_core_each) as pool:
        for epoch in range(1, spec.epochs + 1):
            means = torch.cat(list(pool.map(lambda stack: stack.train_epoch(), stacks))).cpu()
            finite &= means.isfinite().all(1) & torch.cat([stack.model.networks.finite() for stack in stacks]).cpu()
            if should_stop() or not finite.any():
                return
            accuracies = itertools.chain.from_iterable(pool.map(lambda stack: stack.accuracies(), stacks))
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


def _stacked(seeds: Sequence[Seed]) -> list[SeedStack]:
    """Stack seeds: with a method, whose steps have more to add up, in as many stacks as a CPU has cores for."""
    on_cpu = seeds[0].samples.X.device.type == "cpu"
    cores = torch.get_num_threads() if on_cpu and seeds[0].method is not None else 1
    size = max(2, -(-len(seeds) // cores))
    if len(seeds) % size == 1:  # one seed alone would be no stack
        size = len(seeds)
    traces = Traces()
    return [SeedStack(seeds[start : start + size], traces) for start in range(0, len(seeds), size)]


def _weights_of(stacks: Sequence[SeedStack]) -> list[dict[str, Tensor]]:
    return [stack.model.networks.weights(place) for stack in stacks for place in range(stack.size)]
