"""Compare a few cheap methods on a part of a pair within seconds, by what can be seen without the target's labels."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from da_core.data.pair import Domain, DomainPair
from da_core.errors import UserError
from da_core.evaluation.held_out import predict_held_out
from da_core.evaluation.validation import Models, validate
from da_core.experiment import DataSpec, Experiment, HeadSpec, MethodSpec, NetworkSpec
from da_core.networks.defaults import with_data
from da_core.timing import Pace
from da_core.training.apply import apply_method, yardstick
from da_core.training.fit import train_source_only
from da_core.training.model import Model
from da_core.training.monitor import Monitor
from da_core.training.prepared import Prepared, prepare, set_up

CANDIDATES = ("domain_scaling", "coral", "class_regularised_ot", "em_prior", "rulsif", "self_training")
"""Methods that are compared with source only: cheap ones on fixed features, of every family."""
MOST_ROWS = 600
"""Samples of a domain, at most, that they are compared on."""
_AS_GOOD = 0.03
"""Source accuracy that a logistic regression may lose against the network and still be preferred."""


@dataclass(frozen=True)
class Compared:
    """What a method changes against source only, as far as it shows without target labels.

    ``certainty``: information maximisation, as a share of log c. ``circular``: circular validation, as a share of the
    source. ``weighted``: importance-weighted accuracy on the source, 0 where it cannot be measured. ``moved``: share of
    the target that gets another class.
    """

    method: str
    certainty: float
    circular: float
    weighted: float
    moved: float


@dataclass(frozen=True)
class QuickComparison:
    """The candidates, in the order of `CANDIDATES`, and the experiment (of source only) that they were compared in."""

    experiment: Experiment
    candidates: tuple[Compared, ...]


def compare(pair: DomainPair, data: DataSpec, seed: int = 0) -> QuickComparison:
    """Compare the candidates on at most `MOST_ROWS` samples of each domain; the target's labels are not looked at.

    Rows of numbers go to a logistic regression if that names the source's classes about as well as the usual network:
    maps then act on the columns themselves. A candidate that cannot be fitted to the pair is left out.
    """
    part = dataclasses.replace(pair, source=_part(pair.source, seed), target=_part(pair.target, seed + 1))
    usual = with_data(Experiment(seed=seed, device="cpu"), data).model_copy(
        update={"method": MethodSpec(name=CANDIDATES[0]), "oracle": False}
    )
    chosen = Baseline(usual, part)
    if pair.kind == "features" and usual.network.name != "identity":
        plain = {"network": NetworkSpec(name="identity"), "head": HeadSpec(name="logistic")}
        linear = Baseline(usual.model_copy(update={**plain, "prepare": ("zscore_source",)}), part)
        if linear.accuracy >= chosen.accuracy - _AS_GOOD:
            chosen = linear
    compared = [each for name in CANDIDATES if (each := chosen.compare_with(name)) is not None]
    experiment = chosen.prepared.experiment.model_copy(update={"method": MethodSpec(name="source_only")})
    return QuickComparison(experiment.model_copy(update={"device": Experiment().device}), tuple(compared))


class Baseline:
    """Source only, trained in an experiment on a pair that is at hand; methods are applied to it one by one.

    ``accuracy`` is that on held-out source samples.
    """

    def __init__(self, experiment: Experiment, pair: DomainPair) -> None:
        setup = set_up(experiment)
        pace = Pace({"load": 0.0, "source_only": 1.0, "adapt": 1.0})
        pace.start("source_only")
        self.prepared = prepare(setup, pair)
        self._monitor = Monitor(pace, lambda: False)
        self._trained = _finish(train_source_only(self.prepared, self._monitor))
        pace.start("adapt")
        self.model = yardstick(self._trained, self.prepared)
        self.predictions = predict_held_out(self.model, self.prepared)
        y = pair.source.y[self.prepared.split.source_test]
        self.accuracy = float((self.predictions.source.predicted == y).mean())

    def adapt(self, method: str) -> tuple[Model, Prepared] | None:
        """Apply a method to the trained model; None where it cannot be applied to the pair."""
        setup = set_up(self.prepared.experiment.model_copy(update={"method": MethodSpec(name=method)}))
        prepared: Prepared = replace(self.prepared, method=setup.method, experiment=setup.experiment)
        try:
            return _finish(apply_method(self._trained, prepared, self._monitor, lambda epoch, model: None)), prepared
        except UserError:
            return None

    def compare_with(self, method: str) -> Compared | None:
        """Measure what a method changes; None where it cannot be applied."""
        if (adapted := self.adapt(method)) is None:
            return None
        model, prepared = adapted
        after = predict_held_out(model, prepared)
        models: Models = {"before": (self.model, self.predictions), "after": (model, after)}
        names = ("information_maximisation", "circular", "iwcv")
        scores = validate(models, prepared, names)

        def gain(validator: str) -> float:
            score = scores[validator]
            return 0.0 if score.before is None or score.after is None else score.after - score.before

        certainty, circular, weighted = map(gain, names)
        moved = float((after.target.predicted != self.predictions.target.predicted).mean())
        return Compared(method, certainty / math.log(len(prepared.pair.classes)), circular, weighted, moved)


def _finish(training: Generator[Any, None, Model]) -> Model:
    while True:
        try:
            next(training)
        except StopIteration as end:
            model: Model = end.value
            return model


def _part(domain: Domain, seed: int) -> Domain:
    """Draw at most `MOST_ROWS` samples of a domain; those of its target have no labels that anyone reads."""
    rows = np.sort(np.random.default_rng([seed, 7]).permutation(len(domain))[:MOST_ROWS])
    return Domain(domain.name, domain.X[rows], domain.y[rows])
