"""Step 3 · the kinds of method, each with the smallest interface that serves it.

Every method is one file. Its name is the file's, its family the folder's; it declares ``title``, ``summary``, ``paper``
and ``Params`` (see `da_core.registry`). As a plain object: ``CORAL(regularisation=1.0).fit(Xs, Xt).map_source(Xs)``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from da_core.errors import UserError
from da_core.methods.checks import labels, rows
from da_core.params import Params, Scalar, hyper
from da_core.registry import Registered, name_of

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from da_core.networks.extractor import Network

Family = Literal["control", "alignment", "reweighting", "adaptation"]
Kind = Literal[
    "feature alignment", "deep alignment", "reweighting", "model adaptation", "classifier adaptation", "control"
]
Rows = NDArray[np.floating[Any]]
Labels = NDArray[np.int64]
Drawn = TypeVar("Drawn")


class Method(Registered, abstract=True):
    """The base of all methods. ``seed`` drives whatever is random in it; hyperparameters are keywords of `Params`."""

    paper: ClassVar[str]
    kind: ClassVar[Kind]
    link: ClassVar[str] = ""
    """Where the paper is: its DOI, its arXiv page, or its page in the proceedings; empty where none is known surely."""
    keywords: ClassVar[tuple[str, ...]] = ()
    """Ideas that a person may look for and that neither title nor summary names, as messages."""
    start_here: ClassVar[bool] = False
    """Whether it is one of the two or three of its family that a beginner should look at first."""
    wants: ClassVar[Literal["", "batch norm"]] = ""
    """What a network should have for it: `with_method` gives it that where nobody chose a network."""
    draws: ClassVar[bool] = True
    """Whether what it does depends on the seed; where nothing does, a study runs it once."""
    coupling: Rows | None = None
    """The transport plan between the samples that it was fitted to (n_s, n_t), in their order; None without one."""
    costly: ClassVar[str] = ""
    """The hyperparameter to lower where `seconds` is large, if there is one; its title stands in the notice."""

    def __init__(self, *, seed: int = 0, **hyperparameters: Scalar) -> None:
        super().__init__(**hyperparameters)
        self.seed = seed

    def seconds(self, n_s: int, n_t: int, d: int) -> float:
        """Estimate how long this takes on two cores with these hyperparameters, for features (n_s, d) and (n_t, d).

        The form says so before a run that takes more than a minute. It need only be right to a factor of two; the
        default, 0.0, stands for “quick, or nothing is known”. What the network's training takes is not counted.
        """
        return 0.0

    def few_per_class(self) -> int:
        """Return how many labelled target samples a class it may see."""
        return 0

    @classmethod
    def name(cls) -> str:
        """Return the name that links, files and the command line know it by: its module's."""
        return name_of(cls)

    @classmethod
    def family(cls) -> Family:
        """Return the family that it belongs to: its folder's name."""
        return cls.__module__.split(".")[-2]  # type: ignore[return-value]  # the folder's name is the family's


class Control(Method, abstract=True):
    """A baseline that every method is compared with."""

    kind: ClassVar[Kind] = "control"


class FeatureAlignment(Method, abstract=True):
    """A map that makes source and target features look alike, learned without target labels.

    Xs (n_s, d) and Xt (n_t, d) are features, ys (n_s,) class indices (methods that need no labels ignore them).
    """

    kind = "feature alignment"
    draws = False

    def fit(self, Xs: Rows, Xt: Rows, ys: Labels | None = None) -> FeatureAlignment:
        raise NotImplementedError

    def map_source(self, Xs: Rows) -> Rows:
        return self.project(rows(Xs, "source"))

    def map_target(self, Xt: Rows) -> Rows:
        return self.project(rows(Xt, "target"))

    def project(self, X: Rows) -> Rows:
        """Map rows of a domain that has no map of its own: as they are, or both domains by the same map."""
        return X


@dataclass(frozen=True)
class Predictions:
    """Predictions of the source-only model, for the methods that correct class proportions.

    ``Ps`` (m, c): class probabilities of source samples that it was not fitted on, ``ys`` (m,): their labels;
    ``Pt`` (n_t, c): class probabilities of target samples.
    """

    ys: Labels
    Ps: Rows
    Pt: Rows


def largest_weight(default: float) -> Any:
    """Declare the cap on a density ratio's weights."""
    example = "At 1000, one of 1400 street scenes held 71% of the total weight."
    help = f"No sample counts as more than this many samples. {example}"
    return hyper(default, ge=1, le=1e6, log=True, title="Maximum weight", help=help)


def loss_weight(
    default: float, *, le: float = 10, log: bool = False, step: float | None = None, symbol: str = "λ"
) -> Any:
    """Declare the weight of a method's loss against the class loss."""
    return hyper(default, ge=0, le=le, log=log, step=step, symbol=symbol, title="Weight")


class Capped(Params):
    """Hyperparameters of every reweighting method, with the cap of a density ratio.

    On known ratios in 1 to 30 dimensions a cap of 20 never cost accuracy; a cap of 10 did once, where the largest true
    weight was 23. Among many features an estimate's error is larger than the ratio, and a cap takes most of it away.
    """

    clip: float = largest_weight(20.0)


class CappedClasses(Capped):
    """The same for class weights: a rare class may have to count a hundredfold, and its samples share the error."""

    clip: float = hyper(1000.0, ge=1, le=1e6, log=True, title="Maximum weight")
    """No sample counts as more than this many samples; smaller values spread the weight over more samples."""


class Reweighting(Method, abstract=True):
    """One weight a source sample, mean 1, so that the weighted source stands for the target.

    ``fit`` learns from both domains, ``log_weights`` gives the logarithm of each row's weight up to a common constant,
    −inf for weight 0. The rest is here: weights are finite, at least 0, of mean 1, and none is above ``clip``.
    ``ys`` (n_s,) are source labels; only the methods that correct class proportions need them and ``predictions``.
    """

    kind = "reweighting"
    Params: ClassVar[type[Params]] = Capped
    params: Capped

    def fit(self, Xs: Rows, Xt: Rows, ys: Labels | None = None, predictions: Predictions | None = None) -> Self:
        """Learn from source features Xs (n_s, d) and target features Xt (n_t, d)."""
        raise NotImplementedError

    def log_weights(self, X: Rows, y: Labels | None = None) -> Rows:
        """Compute the weights' logarithms (n,), up to one constant, of source rows X (n, d) with labels y (n,)."""
        raise NotImplementedError

    def weights_of(self, X: Rows, y: Labels | None = None) -> Rows:
        """Weigh source rows, those of ``fit`` or others: (n,), of mean 1. Raises `UserError` if all are 0."""
        log_weights = self.log_weights(X, y)
        if not (log_weights > -np.inf).any():
            raise UserError(
                "{of} finds no source sample similar to the target, so every weight is 0; choose another method.",
                of=self.title,
            )
        return capped(log_weights, self.params.clip)

    def weights(self, Xs: Rows, Xt: Rows, ys: Labels | None = None, predictions: Predictions | None = None) -> Rows:
        """Weigh the source samples that it learns from, (n_s,): ``fit``, then ``weights_of`` on the same rows."""
        return self.fit(Xs, Xt, ys, predictions).weights_of(Xs, ys)


class ClassBalance(Reweighting, abstract=True):
    """Reweighting for label shift: all samples of a class weigh the same. ``fit`` sets ``of_class`` (c,)."""

    Params: ClassVar[type[Params]] = CappedClasses
    params: CappedClasses
    of_class: Rows

    def log_weights(self, X: Rows, y: Labels | None = None) -> Rows:
        return logarithm(self.of_class)[labels(y, self.title)]


def logarithm(weights: Rows) -> Rows:
    """Compute log w of weights w ≥ 0; −inf where w is 0.

    >>> logarithm(np.array([0.0, 1.0]))
    array([-inf,   0.])
    """
    with np.errstate(divide="ignore"):
        logs: Rows = np.log(weights)
    return logs


def capped(log_weights: Rows, cap: float) -> Rows:
    """Compute min(s · w, cap) with the one scale s that makes the mean 1: to cut and rescale would pass the cap again.

    Where so few weights are above 0 (log above −inf) that all of them at the cap do not make the mean 1, the samples
    of weight 0 share the rest evenly, as they do where they weigh next to nothing.

    >>> capped(np.log([1.0, 1.0, 8.0]), cap=1.5).round(3)
    array([0.75, 0.75, 1.5 ])
    """
    count = len(log_weights)
    order = np.argsort(-log_weights, kind="stable")
    descending = log_weights[order]
    positive = int((descending > -np.inf).sum())
    rest = np.logaddexp.accumulate(descending[::-1])[::-1]  # log of the sum of each weight and all smaller ones
    room = count - cap * np.arange(count)  # what is left for them if all larger ones sit at the cap
    with np.errstate(divide="ignore", invalid="ignore"):
        log_scale = np.log(room) - rest
        fits = (log_scale + descending <= np.log(cap) + 1e-12) & (room > 0)
    scaled = np.full(count, float(cap))
    if fits.any():
        first = np.argmax(fits)
        scaled[first:] = np.exp(descending[first:] + log_scale[first])
    else:
        scaled[positive:] = room[positive] / (count - positive)
    weights = np.empty_like(scaled)
    weights[order] = scaled
    return weights


@dataclass(frozen=True)
class Batch:
    """One step's tensors, b samples a domain, as the network sees them now.

    ``source_features`` and ``target_features`` (b, d), ``source_logits`` and ``target_logits`` (b, c),
    ``source_labels`` (b,); ``progress`` is a scalar tensor p in [0, 1], the share of training done. The target's labels
    are not here.
    """

    source_features: Tensor
    target_features: Tensor
    source_logits: Tensor
    target_logits: Tensor
    source_labels: Tensor
    progress: Tensor


Part = Literal["extractor", "head", "own"]
"""What training can move: the network's feature extractor, its head, and what a method has built for itself."""


@dataclass(frozen=True)
class Turn:
    """One player's move: a descent on ``losses`` that changes only the named ``parts``; ``times`` moves in a row.

    ``with_class`` adds the source's cross-entropy. A turn without the extractor gets its features detached, so a critic
    costs no pass through the network.
    """

    losses: Callable[[Batch], dict[str, Tensor]]
    parts: tuple[Part, ...] = ("extractor", "head", "own")
    times: int = 1
    with_class: bool = True


class DeepAlignment(Method, abstract=True):
    """Loss terms added to the source's cross-entropy in every step of training.

    ``build`` makes the method's own trainable parts once the feature size is known; ``losses`` returns named scalar
    tensors, already weighted, that the loop adds up; a detached one is only shown. They never ask the device for a
    number and keep their shapes. A game of several players says in ``turns`` who moves when.
    """

    kind = "deep alignment"
    target_encoder: ClassVar[bool] = False
    """Whether the source keeps the network that was trained on it, and a copy of it is trained for the target."""

    def build(self, feature_dim: int, class_count: int) -> torch.nn.Module | None:
        """Build the method's own parts, trained with the network; None if it has none."""
        return None

    def turns(self) -> tuple[Turn, ...]:
        """List the moves that make up one step, all on the same batch, in this order."""
        return (Turn(self.losses),)

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        raise NotImplementedError

    def learning_rate(self, rate: float) -> float:
        """Choose the learning rate from the training's."""
        return rate

    def domain_logits(self, features: Tensor, logits: Tensor) -> Tensor | None:
        """Compute logits (n,) of “this is source” for features (n, d) and class logits (n, c), for the live view.

        None without a domain classifier.
        """
        return None

    def plan(self, batch: Batch) -> Tensor | None:
        """Find the transport plan (b_s, b_t) between a batch's domains, for the live view; None without one."""
        return None


@dataclass(frozen=True)
class AdaptationData:
    """Data of a model adaptation, ready for the network: pictures (n, 3, h, w) uint8 or features (n, d) float.

    ``Xs`` (n_s, …) with labels ``ys`` (n_s,) is the source, ``Xt`` (n_t, …) the target without its labels, ``Xf``
    (m, …) and ``yf`` (m,) the labelled few of it. ``flips``: whether a mirrored picture is still one of its class;
    ``least_steps``: how many steps an epoch has at least, few samples coming round again.
    """

    Xs: Tensor
    ys: Tensor
    Xt: Tensor
    Xf: Tensor
    yf: Tensor
    flips: bool = False
    least_steps: int = 1
    after_step: Callable[[int, int], None] = lambda at, count: None

    def steps(self, batches: Iterable[Drawn]) -> Iterator[Drawn]:
        """Go through an epoch's batches, one step each; who looks on is called after each (``after_step``)."""
        listed = list(batches)
        for at, batch in enumerate(listed):
            yield batch
            self.after_step(at, len(listed))


class ModelAdaptation(Method, abstract=True):
    """Changes a trained network."""

    kind: ClassVar[Kind] = "model adaptation"

    def check(self, network: Network, data: AdaptationData) -> None:
        """Raise `UserError` where it cannot adapt such a network on such data; asked before anything is trained."""

    def adapt(self, network: Network, data: AdaptationData) -> Iterator[dict[str, float]]:
        """Change ``network`` in place; yield the mean of each loss term after every epoch.

        At each yield the network can be used as it is, in eval mode; between two epochs nothing else changes it.
        """
        raise NotImplementedError


class Classifier(Protocol):
    """A classifier of features (n, d): by its index (n,), or by the probabilities of all classes (n, c)."""

    def predict(self, X: Rows) -> Labels: ...
    def predict_proba(self, X: Rows) -> NDArray[np.float64]: ...


class FitHead(Protocol):
    """Fits the experiment's head to features (n, d) of classes (n,), weighted by (n,)."""

    def __call__(self, X: Rows, y: Labels, weights: Rows | None = None, /) -> Classifier: ...


@dataclass(frozen=True)
class FixedFeatures:
    """Data of a classifier adaptation: features that stay as they are, and how to fit a head to any of them.

    ``Xs`` (n_s, d) with class indices ``ys`` (n_s,) are the source, ``Xt`` (n_t, d) the target without its labels,
    ``Xf`` (m, d) and ``yf`` (m,) the labelled few of it. Some classes of ``class_count`` may have no sample here.
    """

    Xs: Rows
    ys: Labels
    Xt: Rows
    Xf: Rows
    yf: Labels
    class_count: int
    fit_head: FitHead


class ClassifierAdaptation(Method, abstract=True):
    """Changes what names the class and leaves the features alone: for any head, and for what has nothing to train.

    A `ModelAdaptation` that is one of these too has the same idea for features that no network is trained for.
    """

    kind: ClassVar[Kind] = "classifier adaptation"
    draws = False
    weights_samples: ClassVar[bool] = False
    """Whether it needs a head that can count samples more or less."""

    def adapt_classifier(self, data: FixedFeatures) -> Classifier:
        """Return a classifier for the target."""
        raise NotImplementedError
