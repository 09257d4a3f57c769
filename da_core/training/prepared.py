"""Prepare an experiment before anything is trained: resolve its names, split its data and put them on the device."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from da_core.data.loading.cache import load_pair, resolve_place
from da_core.data.loading.third_domain import third_domain
from da_core.data.pair import UNKNOWN, DomainPair, SampleKind, Split
from da_core.data.source import DataSource
from da_core.data.sources import sources
from da_core.errors import UserError
from da_core.events import LIVE
from da_core.experiment import Experiment
from da_core.methods import methods
from da_core.methods.base import (
    AdaptationData,
    ClassifierAdaptation,
    DeepAlignment,
    FixedFeatures,
    Method,
    ModelAdaptation,
    Reweighting,
)
from da_core.methods.control.oracle import Oracle
from da_core.methods.control.source_only import SourceOnly
from da_core.networks import networks
from da_core.networks.extractor import Extractor, Network
from da_core.networks.head_kinds import Head, heads
from da_core.networks.heads import FittedHead, check_takes_weights, fit_head
from da_core.networks.preparation import learns_from_target, prepare_rows, read
from da_core.registry import resolve
from da_core.training import checkpoints, devices
from da_core.training.model import Labelled, as_inputs

NUMBERS = 2
"""Raised whenever the same experiment with the same hyperparameters comes to give other numbers."""


class Named(NamedTuple):
    """The parts that an experiment names, each with its hyperparameters."""

    data: DataSource
    network: Extractor
    head: Head
    method: Method


def resolve_names(experiment: Experiment) -> Named:
    """Build all that an experiment names. Raises `UserError` for a name or a setting that does not exist."""
    return Named(
        resolve(sources(), experiment.data),
        resolve(networks(), experiment.network),
        resolve(heads(), experiment.head),
        resolve(methods(), experiment.method, seed=experiment.seed),
    )


@dataclass(frozen=True, eq=False)
class Setup:
    """An experiment with all that it names, and the device."""

    experiment: Experiment
    data: DataSource
    extractor: Extractor
    head: Head
    method: Method
    device: torch.device

    @property
    def adapts(self) -> bool:
        """Tell if the method changes anything: source only and the oracle are baselines."""
        return not isinstance(self.method, SourceOnly | Oracle)

    @property
    def trains_oracle(self) -> bool:
        return self.experiment.oracle or isinstance(self.method, Oracle)

    @property
    def changes_classifier(self) -> bool:
        """Tell if the method adapts the classifier alone: by its kind, or since there is no network to change."""
        of_both = isinstance(self.method, ModelAdaptation) and self.extractor.learns
        return isinstance(self.method, ClassifierAdaptation) and not of_both

    @property
    def draws(self) -> bool:
        """Tell if target scores depend on the seed: by training, the split, samples drawn, the head or the method."""
        experiment, learns = self.experiment, self.extractor.learns
        drawn = (
            experiment.held_out(learns) > 0
            or experiment.source_per_class is not None
            or self.method.few_per_class() > 0
        )
        return learns or drawn or self.head.draws or self.method.draws

    def steps(self, kind: SampleKind) -> tuple[str, ...]:
        """List the steps by which rows of samples of this kind are prepared."""
        chosen = self.experiment.prepare
        return self.extractor.usual_preparation(kind) if chosen is None else chosen

    def split_of(self, pair: DomainPair) -> Split:
        """Split a pair into what is learned from and what is scored; the script that loads a model calls it."""
        experiment = self.experiment
        held_out = experiment.held_out(self.extractor.learns)
        return pair.split(held_out, experiment.seed, self.method.few_per_class(), experiment.source_per_class)

    def inputs(
        self, kind: SampleKind, Xs: NDArray[Any], Xt: NDArray[Any], split: Split
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        """Bring samples of both domains to what the network takes, fitted on the split's training rows alone."""
        fit_s, fit_t = split.source_train, split.target_train
        Xs, Xt = self.extractor.prepare(Xs, Xt, fit_s, fit_t)
        steps = self.steps(kind)
        return prepare_rows(steps, Xs, Xt, fit_s, fit_t) if steps else (Xs, Xt)

    @property
    def adaptation_epochs(self) -> int:
        """Epochs through which the method changes a network; 0 for a method that works on fixed features."""
        match self.method:
            case DeepAlignment():
                return self.experiment.training.epochs
            case ModelAdaptation() if not self.changes_classifier:
                return int(getattr(self.method.params, "epochs", 1))
            case _:
                return 0


@dataclass(frozen=True, eq=False)
class Prepared(Setup):
    """A setup with its data, as every stage of a run reads them. Samples are as the network takes them, on the device.

    ``source`` and ``target`` are learned from, ``source_test`` and ``target_test`` held out (the same samples where
    nothing is), ``source_live`` and ``target_live`` at most `LIVE` of those. ``few`` are the labelled target samples
    that the method may see; ``third`` is the third domain, if any. The target's other labels are in ``pair`` alone.
    """

    pair: DomainPair
    split: Split
    sample_shape: tuple[int, ...]
    source: Labelled
    target: Tensor
    few: Labelled
    source_test: Labelled
    target_test: Tensor
    source_live: Labelled
    target_live: Labelled
    third: Labelled | None

    def new_network(self) -> Network:
        """Initialise a network, the same for source only, oracle and every method, so that only the method differs."""
        shape, classes = self.sample_shape, len(self.pair.classes)
        network = self.extractor.network(shape, classes, self.experiment.seed)
        if self.experiment.network.checkpoint:
            checkpoints.load_into(network, resolve_place(self.experiment.network.checkpoint))
        return network.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]

    def copy_of(self, network: Network) -> Network:
        """Copy a network of this experiment, weights and all."""
        copy = self.new_network()
        copy.load_state_dict(network.state_dict())
        return copy

    def fit_head(
        self, F: NDArray[Any], y: NDArray[np.int64], weights: NDArray[np.floating[Any]] | None = None
    ) -> FittedHead:
        """Fit the experiment's head to features F (n, d) and class indices y (n,), weighted by ``weights`` (n,)."""
        return fit_head(self.experiment.head, F, y, weights, self.experiment.seed, len(self.pair.classes))

    @property
    def target_was_seen(self) -> bool:
        """Tell if statistics of the target's samples, without labels, are part of every model's input."""
        return self.extractor.learns_from_target or learns_from_target(self.steps(self.pair.kind))

    @property
    def nothing_held_out(self) -> bool:
        """Tell if the scored samples are the training samples."""
        return np.array_equal(self.split.source_test, self.split.source_train)

    def adaptation_data(self) -> AdaptationData:
        """Collect what a model adaptation may see: of the target's labels only the few."""
        source, few, least_steps = self.source, self.few, self.experiment.training.least_steps
        return AdaptationData(source.X, source.y, self.target, few.X, few.y, self.pair.flips, least_steps)

    def fixed_features(self, embed: Callable[[Tensor], NDArray[Any]]) -> FixedFeatures:
        """Collect the same for a classifier adaptation, as features that ``embed`` computes."""
        source, few, classes = self.source, self.few, len(self.pair.classes)
        Xs, Xt = embed(source.X), embed(self.target)
        Xf = embed(few.X) if len(few.y) else Xt[:0]
        return FixedFeatures(Xs, source.labels, Xt, Xf, few.labels, classes, self.fit_head)

    def labelled_target(self) -> Labelled:
        """Give the target's training samples with the labels that they have: for the oracle alone."""
        labels = torch.tensor(self.pair.target.y[self.split.target_train], device=self.device)
        known = labels != UNKNOWN
        return Labelled(self.target, labels) if known.all() else Labelled(self.target[known], labels[known])


def set_up(experiment: Experiment) -> Setup:
    """Resolve the names in an experiment. Raises `UserError` for what does not exist or does not go together."""
    setup = Setup(experiment, *resolve_names(experiment), devices.choose(experiment.device))
    method, extractor = setup.method, setup.extractor
    if isinstance(method, DeepAlignment | ModelAdaptation) and not extractor.learns and not setup.changes_classifier:
        raise UserError(
            "{method} changes the feature extractor, but the network {network} has nothing to train; choose mlp.",
            method=method.title,
            network=extractor.name,
        )
    for step in experiment.prepare or ():
        read(step)
    if isinstance(method, Reweighting) or (isinstance(method, ClassifierAdaptation) and method.weights_samples):
        check_takes_weights(experiment.head.name)
    return setup


def filled_in(experiment: Experiment) -> dict[str, Any]:
    """Write out what an experiment leaves to defaults, as JSON: all hyperparameters of its data, network, head, method.

    With `NUMBERS` it tells runs of one experiment apart that were made by versions of other defaults. Raises
    `UserError` for a name or a setting that does not exist.
    """
    named = resolve_names(experiment)._asdict()
    return {"numbers": NUMBERS, **{of: kind.params.model_dump(mode="json") for of, kind in named.items()}}


def prepare(setup: Setup, pair: DomainPair | None = None) -> Prepared:
    """Load the pair unless it is given, hold a part of it out, and put it all on the device.

    Raises `UserError` where the data cannot be read or do not suit the network or the method.
    """
    experiment, device = setup.experiment, setup.device
    pair = load_pair(experiment.data) if pair is None else pair
    _check(setup, pair)
    split = setup.split_of(pair)

    # a third domain is prepared with the target, behind it, and is never among the rows that anything is fitted on
    third = third_domain(experiment.third, pair) if experiment.third is not None else None
    of_target = pair.target.X if third is None else np.concatenate([pair.target.X, third.X])
    Xs, Xt = setup.inputs(pair.kind, pair.source.X, of_target, split)
    ys, yt = pair.source.y, pair.target.y

    def labelled(X: NDArray[Any], y: NDArray[np.int64]) -> Labelled:
        return Labelled(as_inputs(X, device), torch.tensor(y, device=device))

    rng = np.random.default_rng(experiment.seed)
    source_live = rng.permutation(split.source_test)[:LIVE]
    target_live = rng.permutation(split.target_test)
    unlabelled = yt[target_live] == UNKNOWN
    target_live = target_live[np.argsort(unlabelled, kind="stable")][:LIVE]  # those that can be scored come first
    prepared = Prepared(
        **vars(setup),
        pair=pair,
        split=split,
        sample_shape=Xs.shape[1:],
        source=labelled(Xs[split.source_train], ys[split.source_train]),
        target=as_inputs(Xt[split.target_train], device),
        few=labelled(Xt[split.few], yt[split.few]),
        source_test=labelled(Xs[split.source_test], ys[split.source_test]),
        target_test=as_inputs(Xt[split.target_test], device),
        source_live=labelled(Xs[source_live], ys[source_live]),
        target_live=labelled(Xt[target_live], yt[target_live]),
        third=None if third is None else labelled(Xt[len(yt) :], third.y),
    )
    if isinstance(setup.method, ModelAdaptation) and not setup.changes_classifier:
        setup.method.check(prepared.new_network(), prepared.adaptation_data())
    return prepared


def _check(setup: Setup, pair: DomainPair) -> None:
    """Raise `UserError` where the network does not take such samples, or target labels are needed and missing."""
    if pair.kind not in setup.extractor.takes:
        raise UserError(
            "The network {network} does not take {kind}; choose one of {choices}.",
            network=setup.extractor.name,
            kind=pair.kind,
            choices=", ".join(name for name, other in networks().items() if pair.kind in other.takes),
        )
    if setup.experiment.prepare and not setup.extractor.is_prepared(pair.kind):
        raise UserError(
            "The steps {steps} are for rows of numbers, but the network {network} takes {kind} as they are; remove "
            "the steps.",
            steps=", ".join(setup.experiment.prepare),
            network=setup.extractor.name,
            kind=pair.kind,
        )
    if pair.target_labelled:
        return
    if setup.trains_oracle:
        raise UserError("The oracle learns from the target's labels, but there are none; leave it out.")
    if setup.method.few_per_class():
        raise UserError(
            "{method} learns from a few labelled target samples, but the target has no labels; choose another method.",
            method=setup.method.title,
        )
