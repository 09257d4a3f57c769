"""Step 3 · the kinds of method, each with the smallest interface that serves it.

Every method is one file. Its name is the file's, its family the folder's; it declares ``title``, ``summary``, ``paper``
and ``Params``. As a plain Python object: ``CORAL(regularisation=1.0).fit(Xs, Xt).map_source(Xs)``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from da_core.params import Params, Scalar, validated

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from da_core.networks.base import Network

Family = Literal["alignment", "reweighting", "adaptation", "control"]
Kind = Literal["feature alignment", "deep alignment", "reweighting", "model adaptation", "control"]
Rows = NDArray[np.floating[Any]]
Labels = NDArray[np.int64]


class Method:
    """What all methods share. ``seed`` drives whatever is random in it; hyperparameters are keywords of `Params`."""

    title: ClassVar[str]
    summary: ClassVar[str]
    paper: ClassVar[str]
    kind: ClassVar[Kind]
    Params: ClassVar[type[Params]] = Params

    def __init__(self, *, seed: int = 0, **hyperparameters: Scalar) -> None:
        self.params: Any = validated(self.Params, hyperparameters, self.name())
        self.seed = seed

    @classmethod
    def name(cls) -> str:
        return cls.__module__.rpartition(".")[2]

    @classmethod
    def family(cls) -> Family:
        return cls.__module__.split(".")[-2]  # type: ignore[return-value]  # the folder's name is the family's


class Control(Method):
    """A yardstick, not a method: what every method is held against."""

    kind: ClassVar[Kind] = "control"


class FeatureAlignment(Method):
    """A map that makes source and target features look alike, learned without target labels.

    Xs (n_s, d) and Xt (n_t, d) are features, ys (n_s,) class indices (methods that need no labels ignore them).
    """

    kind = "feature alignment"

    def fit(self, Xs: Rows, Xt: Rows, ys: Labels | None = None) -> FeatureAlignment:
        raise NotImplementedError

    def map_source(self, Xs: Rows) -> Rows:
        raise NotImplementedError

    def map_target(self, Xt: Rows) -> Rows:
        raise NotImplementedError


@dataclass(frozen=True)
class Predictions:
    """What the source-only model predicts, for the methods that correct class proportions.

    ``Ps`` (m, c): class probabilities of source samples that it was not fitted on, ``ys`` (m,): their labels;
    ``Pt`` (n_t, c): class probabilities of target samples.
    """

    ys: Labels
    Ps: Rows
    Pt: Rows


class Reweighting(Method):
    """One weight a source sample, mean 1, so that the weighted source stands for the target.

    ``ys`` (n_s,) are source labels; only the methods that correct class proportions need them and ``predictions``.
    """

    kind = "reweighting"

    def weights(self, Xs: Rows, Xt: Rows, ys: Labels | None = None, predictions: Predictions | None = None) -> Rows:
        """(n_s,) weights for source features Xs (n_s, d) and target features Xt (n_t, d)."""
        raise NotImplementedError


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


class DeepAlignment(Method):
    """Loss terms added to the source's cross-entropy in every step of training.

    ``build`` makes the method's own trainable parts once the feature size is known; ``losses`` returns named scalar
    tensors, already weighted, that the loop adds up. They never ask the device for a number and keep their shapes.
    """

    kind = "deep alignment"

    def build(self, feature_dim: int, class_count: int) -> torch.nn.Module | None:
        """The method's own parts, trained with the network; None if it has none."""
        return None

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        raise NotImplementedError

    def domain_logits(self, features: Tensor) -> Tensor | None:
        """(n, feature_dim) → (n,) logits of “this is source”, for the live view; None without a domain classifier."""
        return None


@dataclass(frozen=True)
class AdaptationData:
    """What a model adaptation may see, ready for the network: pictures (n, 3, h, w) uint8 or features (n, d) float.

    ``Xs`` (n_s, …) with labels ``ys`` (n_s,) is the source, ``Xt`` (n_t, …) the target without its labels, ``Xf``
    (m, …) and ``yf`` (m,) the labelled few of it. ``flips``: whether a mirrored picture is still one of its class.
    """

    Xs: Tensor
    ys: Tensor
    Xt: Tensor
    Xf: Tensor
    yf: Tensor
    flips: bool = False


class ModelAdaptation(Method):
    """Changes a trained network. ``few_per_class`` says how many labelled target samples a class it may see."""

    kind: ClassVar[Kind] = "model adaptation"

    def few_per_class(self) -> int:
        return 0

    def check(self, network: Network, data: AdaptationData) -> None:
        """Raise `UserError` where it cannot adapt such a network on such data; asked before anything is trained."""

    def adapt(self, network: Network, data: AdaptationData) -> Iterator[dict[str, float]]:
        """Change ``network`` in place; yield the mean of each loss term after every epoch.

        At each yield the network can be used as it is, in eval mode; between two epochs nothing else changes it.
        """
        raise NotImplementedError
