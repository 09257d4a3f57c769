"""The walk itself: load, extract, adapt, evaluate. A plain generator of events; the last one carries the result."""

from __future__ import annotations

import dataclasses
import math
import platform
from collections.abc import Callable, Generator, Iterator
from importlib.metadata import version
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from da_core.data.loading.cache import fetch, load_pair, resolve_place
from da_core.data.loading.third_domain import third_domain
from da_core.data.pair import HELD_OUT, UNKNOWN
from da_core.errors import UserError
from da_core.evaluation import embedding
from da_core.evaluation.diagnosis import LIVE, Facts, diagnose
from da_core.evaluation.held_out import (
    HeldOutLabels,
    HeldOutPredictions,
    choose_evidence_rows,
    domain_scores,
    evidence,
    gains,
)
from da_core.evaluation.metrics import DRAWS, LEVEL
from da_core.evaluation.shift import measures
from da_core.evaluation.snapshots import SnapshotRecorder, View
from da_core.evaluation.weight_spread import spread
from da_core.events import (
    Accuracies,
    Embedded,
    Event,
    Finding,
    Finished,
    Losses,
    Notice,
    Phase,
    Result,
    Samples,
    Shift,
    ShiftMeasures,
    Stage,
    When,
)
from da_core.experiment import Experiment
from da_core.methods import methods
from da_core.methods.base import (
    AdaptationData,
    DeepAlignment,
    FeatureAlignment,
    ModelAdaptation,
    Predictions,
    Reweighting,
)
from da_core.methods.control.oracle import Oracle
from da_core.methods.control.source_only import SourceOnly
from da_core.methods.control.source_only_bn import SourceOnlyBN
from da_core.methods.norms import batch_norms
from da_core.networks import networks
from da_core.networks.extractor import Network
from da_core.networks.heads import FittedHead, fit_head
from da_core.params import validated
from da_core.registry import pick
from da_core.timing import Pace
from da_core.training import checkpoints, devices, training_cache
from da_core.training.loop import train
from da_core.training.model import Labelled, Model, as_inputs
from da_core.training.rollback import LastFiniteState, not_finite

SHOWN = 1000
"""Held-out samples of each domain that are kept as evidence, unless the caller wants all."""


def run(
    experiment: Experiment,
    *,
    embed: bool = True,
    shown: int | None = SHOWN,
    should_stop: Callable[[], bool] = lambda: False,
) -> Iterator[Event]:
    """Do an experiment and tell how it goes.

    To pause, stop asking; to cancel, close the generator; once ``should_stop`` is true training ends where it is and
    what has been learned is kept. Layouts of the features are left out without ``embed``; ``shown`` bounds the samples
    a domain that `Evidence` holds (None: all held-out ones). Raises `UserError` for what the experiment asks in vain.
    """
    yield from _Run(experiment, should_stop).events(embed, shown)


class _Run:
    """One walk, and what it remembers from one stage to the next."""

    def __init__(self, experiment: Experiment, should_stop: Callable[[], bool]) -> None:
        self.experiment, self.should_stop = experiment, should_stop
        self.method = pick(methods(), experiment.method.name, "method")(
            seed=experiment.seed, **experiment.method.params
        )
        self.extractor = pick(networks(), experiment.network.name, "network")
        self.network_params = validated(self.extractor.Params, experiment.network.params, self.extractor.name)
        if isinstance(self.method, DeepAlignment | ModelAdaptation) and not self.extractor.learns:
            raise UserError(
                "{method} changes the feature extractor, and the network {network} has nothing to train; choose mlp.",
                method=self.method.title,
                network=self.extractor.name,
            )
        self.device = devices.choose(experiment.device)
        self.wants_oracle = experiment.oracle or isinstance(self.method, Oracle)
        self.is_control = isinstance(self.method, SourceOnly | Oracle)
        self.pace = Pace(self.plan())
        self.epochs: dict[str, float] = {}
        self.course: SnapshotRecorder | None = None
        self.weights: NDArray[np.floating[Any]] | None = None
        self.stopped_early = False
        self.history: list[Losses | Accuracies] = []
        self.diverged: dict[Phase, float] = {}

    def plan(self) -> dict[Stage, float]:
        """The stages and about how long each takes, in epochs of training on one domain."""
        training = float(self.experiment.training.epochs) if self.extractor.learns else 0.5
        plan: dict[Stage, float] = {"load": 0.5, "source_only": training, "before": 1.0}
        if not self.is_control:
            plan["adapt"] = (
                2 * training * passes(self.method) if isinstance(self.method, DeepAlignment) else self.own_epochs()
            )
        if self.wants_oracle:
            plan["oracle"] = training
        return plan | {"after": 1.0}

    def own_epochs(self) -> float:
        """About how long a method takes that counts its own epochs, if any; those over the labelled few are short."""
        few = isinstance(self.method, ModelAdaptation) and self.method.few_per_class() > 0
        return max(0.5, float(getattr(self.method.params, "epochs", 0)) * (0.05 if few else 1.0))

    def events(self, embed: bool, shown: int | None) -> Iterator[Event]:
        devices.prepare(self.device)
        yield self.pace.start("load")
        for share in fetch(self.experiment.data):
            yield self.pace.at(share)
        self.load()
        yield from self.pair.notices
        self.keep = keep = choose_evidence_rows(self.split, shown, self.experiment.seed)
        layouts: dict[str, NDArray[np.float32]] = {}

        def lay_out(when: When, look: HeldOutPredictions) -> Iterator[Event]:
            """Draw the held-out features in the plane: PCA at once, then UMAP; after starts from before."""
            F = np.concatenate([look.source_features[keep.source], look.target_features[keep.target]])
            rows_s, rows_t = self.split.source_test[keep.source], self.split.target_test[keep.target]
            samples = Samples(
                source_count=len(rows_s),
                label=np.concatenate([self.pair.source.y[rows_s], self.pair.target.y[rows_t]]),
                predicted=np.concatenate([look.source_predicted[keep.source], look.target_predicted[keep.target]]),
                classes=self.pair.classes,
            )
            layouts[f"{when}/pca"] = embedding.pca(F, start=layouts.get("before/pca"))
            yield Embedded(when, "pca", layouts[f"{when}/pca"], samples)
            layouts[f"{when}/umap"] = embedding.umap(F, self.experiment.seed, start=layouts.get("before/umap"))
            yield Embedded(when, "umap", layouts[f"{when}/umap"], samples)

        yield self.pace.start("source_only")
        source_only = yield from self.fit("source_only", self.source)
        yield self.pace.start("before")
        before = self.look(source_only)
        if embed:
            yield from lay_out("before", before)

        adapted, oracle = source_only, None
        if not self.is_control:
            yield self.pace.start("adapt")
            self.course = self.new_course() if embed else None
            adapted = yield from self.adapt(source_only)
            if self.course is not None:
                self.course.ended(self.epochs["adapt"])
        if self.wants_oracle:
            yield self.pace.start("oracle")
            oracle = yield from self.fit("oracle", self.target_with_its_labels())
            adapted = oracle if isinstance(self.method, Oracle) else adapted

        yield self.pace.start("after")
        after = self.look(adapted)
        if embed:
            yield from lay_out("after", after)
        further = {"oracle": oracle, "source_only_bn": self.with_target_batch_norm(source_only)}
        looked = {name: self.look(model) for name, model in further.items() if model is not None}
        result = self.result(before, after, looked)
        found = self.findings(before, after, result)
        answers, state = self.answers(adapted, after), adapted.state() if self.extractor.learns else None
        looks: dict[When, HeldOutPredictions] = {"before": before, "after": after}
        kept = evidence(looks, keep, self.pair, self.split, layouts, self.course, self.weights, answers, state)
        yield self.pace.at(1)
        yield Finished(result.model_copy(update={"seconds": self.pace.seconds(), "findings": found}), kept)

    # Step 1 · data ---------------------------------------------------------------------------------------------------

    def load(self) -> None:
        """Load the pair, hold a part of it out, and put it all on the device once."""
        self.pair = pair = load_pair(self.experiment.data)
        if pair.kind not in self.extractor.takes:
            raise UserError(
                "The network {network} does not take {kind}; choose one of {choices}.",
                network=self.extractor.name,
                kind=pair.kind,
                choices=", ".join(name for name, other in networks().items() if pair.kind in other.takes),
            )
        held_out = self.experiment.target_split
        if held_out is None:
            held_out = HELD_OUT if self.extractor.learns else 0.0
        few = self.method.few_per_class() if isinstance(self.method, ModelAdaptation) else 0
        self.split = split = pair.split(held_out, self.experiment.seed, few)
        self.check_labels(few)

        # a third domain is prepared with the target, behind it, and is never among the rows that anything is fitted on
        third = third_domain(self.experiment.third, pair) if self.experiment.third is not None else None
        of_target = pair.target.X if third is None else np.concatenate([pair.target.X, third.X])
        Xs, Xt = self.extractor.prepare(
            self.network_params, pair.source.X, of_target, split.source_train, split.target_train
        )
        self.sample_shape = Xs.shape[1:]
        ys, yt = pair.source.y, pair.target.y
        self.truth = HeldOutLabels(ys[split.source_test], yt[split.target_test], None if third is None else third.y)
        self.third = None if third is None else as_inputs(Xt[len(yt) :], self.device)
        rng = np.random.default_rng(self.experiment.seed)
        self.source = self.on_device(Xs, ys, split.source_train)
        self.source_test = self.on_device(Xs, ys, split.source_test)
        self.source_live = self.on_device(Xs, ys, rng.permutation(split.source_test)[:LIVE])
        self.target = as_inputs(Xt[split.target_train], self.device)
        self.target_test = as_inputs(Xt[split.target_test], self.device)
        live = rng.permutation(split.target_test)
        live = live[np.argsort(yt[live] == UNKNOWN, kind="stable")]  # those with a label first: they can be scored
        self.target_live = self.on_device(Xt, yt, live[:LIVE])
        self.few = self.on_device(Xt, yt, split.few)
        if isinstance(self.method, ModelAdaptation):
            self.method.check(self.new_network(), self.adaptation_data())

    def check_labels(self, few: int) -> None:
        """Raise `UserError` where target labels are asked for and there are none; ``few`` is how many a class."""
        if self.pair.target_labelled:
            return
        if self.wants_oracle:
            raise UserError("The oracle learns from the target's labels, and there are none; leave it out.")
        if few:
            raise UserError(
                "{method} learns from a few labelled target samples, and the target has no labels; choose another "
                "method.",
                method=self.method.title,
            )

    def on_device(self, X: NDArray[Any], y: NDArray[np.int64], rows: NDArray[np.int64]) -> Labelled:
        return Labelled(as_inputs(X[rows], self.device), torch.tensor(y[rows], device=self.device))

    def target_with_its_labels(self) -> Labelled:
        """For the oracle alone."""
        labels = torch.tensor(self.pair.target.y[self.split.target_train], device=self.device)
        known = labels != UNKNOWN
        return Labelled(self.target, labels) if known.all() else Labelled(self.target[known], labels[known])

    def adaptation_data(self) -> AdaptationData:
        """Both domains for a model adaptation: of the target's labels only the few."""
        return AdaptationData(self.source.X, self.source.y, self.target, self.few.X, self.few.y, self.pair.flips)

    # Step 2 and 4 · networks, trained --------------------------------------------------------------------------------

    def new_network(self) -> Network:
        """The same start for source only, oracle and every method, so that only the method differs."""
        shape, classes = self.sample_shape, len(self.pair.classes)
        network = self.extractor.network(self.network_params, shape, classes, self.experiment.seed)
        if self.experiment.network.checkpoint:
            checkpoints.load_into(network, resolve_place(self.experiment.network.checkpoint))
        return network.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]

    def fit(
        self, phase: Phase, labelled: Labelled, method: DeepAlignment | None = None, trained: Network | None = None
    ) -> Generator[Event, None, Model]:
        """Train a new network on labelled samples, and fit the chosen head to its features.

        With ``trained``, the source's network, a copy of it is trained for the target.
        """
        network, spec = self.new_network(), self.experiment.training
        if trained is not None:
            network.load_state_dict(trained.state_dict())
        if self.extractor.learns:
            if phase == "adapt" and trained is None:
                self.passed(0, Model(network))  # a network of its own, which has learned nothing yet
            training = train(
                network,
                labelled,
                phase=phase,
                spec=spec,
                seed=self.experiment.seed,
                method=method,
                target=self.target if method is not None else None,
                source_network=trained,
                mirror=self.pair.flips,
                score=lambda: self.live_accuracies(network, method, trained),
                should_stop=self.should_stop,
            )
            if method is None:
                live = (self.source_live.X, self.source_live.y, self.target_live.X, self.target_live.y)
                settings = (phase, spec, self.experiment.seed, self.pair.flips)
                key = training_cache.digest(network, labelled.X, labelled.y, *live, *settings)
                if key in training_cache.trained:
                    self.pace.skip(phase)
                training = training_cache.trained.replay(key, network, training, spec.epochs)
            for event in training:
                if isinstance(event, Notice):  # it diverged and went back to the last good epoch
                    self.epochs[phase] = self.diverged[phase] = event.values["epoch"]
                    yield event
                    continue
                self.epochs[phase] = event.epoch
                if isinstance(event, Accuracies) and phase == "adapt":
                    self.passed(event.epoch, Model(network, source_network=trained))
                yield self.record(event)
                yield self.pace.at(event.epoch / spec.epochs)
            self.stopped_early |= self.epochs[phase] < spec.epochs
        model = Model(network, source_network=trained)
        if self.experiment.head != "linear" or not self.extractor.learns:
            model.classifier = self.fit_head(model.embed_source(labelled.X), labelled.y)
        return model

    def record(self, event: Losses | Accuracies) -> Losses | Accuracies:
        """Remembered for the diagnosis."""
        self.history.append(event)
        return event

    def fit_head(
        self, F: NDArray[Any], y: torch.Tensor, weights: NDArray[np.floating[Any]] | None = None
    ) -> FittedHead:
        count = len(self.pair.classes)
        return fit_head(self.experiment.head, F, y.cpu().numpy(), weights, self.experiment.seed, count)

    def live_accuracies(
        self, network: Network, method: DeepAlignment | None, trained: Network | None = None
    ) -> dict[str, float]:
        """Accuracy on held-out samples of both domains, and how well a domain classifier tells them apart."""
        domains = (self.source_live, self.target_live)
        with torch.inference_mode():
            Fs, Ft = (trained or network).embed(self.source_live.X), network.embed(self.target_live.X)
            Ls, Lt = network.head(Fs), network.head(Ft)
            right = [
                (L.argmax(1) == d.y)[d.y != UNKNOWN].float().mean() for L, d in zip((Ls, Lt), domains, strict=True)
            ]
            shares = zip(("source", "target"), torch.stack(right).tolist(), strict=True)
            values = {name: share for name, share in shares if not math.isnan(share)}  # no label, no accuracy
            on_source = method.domain_logits(Fs, Ls) if method is not None else None
            on_target = method.domain_logits(Ft, Lt) if method is not None else None
            if on_source is not None and on_target is not None:
                values["domain"] = float(((on_source > 0).float().mean() + (on_target <= 0).float().mean()) / 2)
        return values

    # Step 3 · the method ---------------------------------------------------------------------------------------------

    def adapt(self, source_only: Model) -> Generator[Event, None, Model]:
        """Apply the method, by its kind."""
        method, network = self.method, source_only.network
        if isinstance(method, DeepAlignment):
            trained = network if method.target_encoder else None
            return (yield from self.fit("adapt", self.source, method, trained))
        if isinstance(method, ModelAdaptation):
            return (yield from self.adapt_network(method, source_only))
        Fs, Ft, ys = source_only.embed(self.source.X), source_only.embed(self.target), self.source.y.cpu().numpy()
        if isinstance(method, FeatureAlignment):
            method.fit(Fs, Ft, ys)
            classifier = self.fit_head(method.map_source(Fs), self.source.y)
            return Model(network, classifier, method.map_source, method.map_target)
        assert isinstance(method, Reweighting)
        predictions = self.predictions(source_only, Ft)
        weights = method.weights(Fs, Ft, ys, predictions)
        # the picture shows held-out samples: the same fitted estimator weighs those
        self.weights = method.weights_of(source_only.embed(self.source_test.X), predictions.ys)
        return Model(network, self.fit_head(Fs, self.source.y, weights))

    def adapt_network(self, method: ModelAdaptation, source_only: Model) -> Generator[Event, None, Model]:
        network = self.copied(source_only)
        good = LastFiniteState(network)
        for epoch, losses in enumerate(method.adapt(network, self.adaptation_data()), start=1):
            term = not_finite(losses)
            if term is not None or not good.keep(epoch):
                self.stopped_early = True
                yield good.restore(term)
                self.diverged["adapt"] = good.epoch
                break
            self.epochs["adapt"] = epoch
            yield self.record(Losses("adapt", epoch, losses))
            network.eval()
            self.passed(epoch, Model(network))
            yield self.record(Accuracies("adapt", epoch, self.live_accuracies(network, None)))
            yield self.pace.at(min(1.0, epoch / getattr(method.params, "epochs", 1)))
            if self.should_stop():
                self.stopped_early = True
                break
        return self.with_head(network, source_only)

    def copied(self, model: Model) -> Network:
        network = self.new_network()
        network.load_state_dict(model.network.state_dict())
        return network

    def with_head(self, network: Network, source_only: Model) -> Model:
        """A changed copy of the source's network, with a new head if that one's had been fitted to its features."""
        model = Model(network)
        if source_only.classifier is not None:
            X, y = torch.cat([self.source.X, self.few.X]), torch.cat([self.source.y, self.few.y])
            model.classifier = self.fit_head(model.embed(X), y)
        return model

    def with_target_batch_norm(self, source_only: Model) -> Model | None:
        """Source only with batch norm's statistics of the target; None where the network has no batch norm."""
        if isinstance(self.method, SourceOnlyBN) or not batch_norms(source_only.network):
            return None
        network = self.copied(source_only)
        for _ in SourceOnlyBN(seed=self.experiment.seed).adapt(network, self.adaptation_data()):
            pass
        return self.with_head(network, source_only)

    def new_course(self) -> SnapshotRecorder | None:
        """To keep the way of a network that adapts epoch by epoch; the other methods have none."""
        match self.method:
            case DeepAlignment():
                return SnapshotRecorder(self.experiment.training.epochs)
            case ModelAdaptation():
                return SnapshotRecorder(getattr(self.method.params, "epochs", 1))
            case _:
                return None

    def passed(self, epoch: float, model: Model) -> None:
        """An epoch of adapting is over."""
        if self.course is not None:
            self.course.observe(round(epoch), self.sight(model))

    def sight(self, model: Model) -> View:
        def see() -> tuple[NDArray[Any], NDArray[Any]]:
            Fs = model.embed_source(self.source_test.X[self.keep.source])
            F = np.concatenate([Fs, model.embed(self.target_test[self.keep.target])])
            return F, model.probabilities(F)

        return see

    def predictions(self, source_only: Model, Ft: NDArray[Any]) -> Predictions:
        """Class probabilities on source samples that the model was not fitted on, with their labels, and on target."""
        F, y = source_only.embed(self.source_test.X), self.source_test.y.cpu().numpy()
        if np.array_equal(self.split.source_test, self.split.source_train):
            # nothing is held out: each half is predicted by a head that was fitted on the other
            half = np.random.default_rng([self.experiment.seed, 0x4A1F]).permutation(len(y)) % 2 == 0
            Ps = np.empty((len(y), len(self.pair.classes)))
            for fitted, predicted in ((half, ~half), (~half, half)):
                Ps[predicted] = self.fit_head(F[fitted], self.source.y[fitted]).predict_proba(F[predicted])
        else:
            Ps = source_only.probabilities(F)
        return Predictions(y, Ps, source_only.probabilities(Ft))

    # Step 5 · evaluation ---------------------------------------------------------------------------------------------

    def look(self, model: Model) -> HeldOutPredictions:
        """Features and predictions on the held-out part of both domains."""
        Fs = model.map_source(model.embed_source(self.source_test.X))
        Ft = model.map_target(model.embed(self.target_test))
        Ps, Pt = model.probabilities(Fs), model.probabilities(Ft)
        look = HeldOutPredictions(Fs, Ft, model.predict(Fs), model.predict(Ft), Ps, Pt)
        if self.third is None:
            return look
        F = model.map_target(model.embed(self.third))
        return dataclasses.replace(look, third_predicted=model.predict(F), third_probabilities=model.probabilities(F))

    def answers(self, adapted: Model, after: HeldOutPredictions) -> NDArray[np.int64] | None:
        """Where labels are missing, the classes of all target samples (n_t,) as the adapted model tells them."""
        if (self.pair.target.y != UNKNOWN).all():
            return None
        told = np.empty(len(self.pair.target), np.int64)
        told[self.split.target_train] = adapted.predict(adapted.map_target(adapted.embed(self.target)))
        told[self.split.target_test] = after.target_predicted
        return told

    def findings(self, before: HeldOutPredictions, after: HeldOutPredictions, result: Result) -> list[Finding]:
        """What is wrong with what came out. Here alone the target's labels are looked at, once all is done."""
        facts = Facts(
            experiment=self.experiment,
            family=self.method.family(),
            few=len(self.few.y),
            result=result,
            history=self.history,
            before=before.target_predicted,
            after=after.target_predicted,
            diverged=self.diverged,
        )
        return diagnose(facts)

    def result(
        self, before: HeldOutPredictions, after: HeldOutPredictions, further: dict[str, HeldOutPredictions]
    ) -> Result:
        def scored(look: HeldOutPredictions | None) -> Any:
            return look and domain_scores(look, self.truth, self.pair.classes, self.experiment.seed)

        ys, yt = self.source_test.y.cpu().numpy(), self.pair.target.y[self.split.target_test]
        known = self.pair.target_labelled

        def shift(look: HeldOutPredictions, weights: NDArray[np.floating[Any]] | None = None) -> ShiftMeasures:
            classes = yt if known else look.target_predicted
            return measures(
                look.source_features, look.target_features, self.experiment.seed, ys=ys, yt=classes, weights=weights
            )

        return Result(
            source_only=scored(before),
            adapted=scored(after),
            oracle=scored(further.get("oracle")),
            source_only_bn=scored(further.get("source_only_bn")),
            gain=gains(before, after, self.truth),
            shift=Shift(
                before=shift(before),
                after=shift(after, self.weights),
                classes_from="labels" if known else "predictions",
            ),
            classes=list(self.pair.classes),
            seconds={},
            recipe=self.recipe(),
            notices=list(self.pair.notices),
            weights=spread(self.weights) if self.weights is not None else None,
        )

    def recipe(self) -> dict[str, Any]:
        """What one needs to know to get these numbers again."""
        split = {rows.name: len(getattr(self.split, rows.name)) for rows in dataclasses.fields(self.split)}
        packages = ("torch", "numpy", "scikit-learn", "umap-learn")
        return {
            "experiment": self.experiment.model_dump(),
            "seed": self.experiment.seed,
            "device": torch.cuda.get_device_name() if self.device.type == "cuda" else "cpu",
            "versions": {"python": platform.python_version()} | {name: version(name) for name in packages},
            "preprocessing": self.extractor.preprocessing(self.network_params, self.pair.kind),
            "split": split,
            "unlabelled": int((self.pair.target.y == UNKNOWN).sum()),
            "selection": "the last epoch",
            "intervals": f"{LEVEL:.0%}: Wilson (accuracy, each class's precision and recall), Agresti-Min (gains), "
            f"percentile bootstrap of {DRAWS} draws (the others)",
            "epochs": self.epochs,
            "stopped_early": self.stopped_early,
            "provenance": dataclasses.asdict(self.pair.provenance),
        }


def passes(method: DeepAlignment) -> int:
    """How often one step goes through the feature extractor."""
    return sum(turn.times for turn in method.turns() if "extractor" in turn.parts)
