"""Step 2 · a network is a feature extractor and a linear head."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from da_core.data.pair import SampleKind
from da_core.params import hyper
from da_core.registry import Registered

Norm = Literal["group", "batch", "none"]

Samples = NDArray[Any]
Rows = NDArray[np.int64]


class Network(nn.Module):
    """``embed``: input (n, …) → features (n, feature_dim); ``head``: features → (n, class_count) logits.

    Pictures come as uint8 (n, 3, h, w) and become float on their way in: (x / 255 − mean) / std for each channel.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        features: nn.Module,
        feature_dim: int,
        class_count: int,
        mean: tuple[float, float, float] = (0.5, 0.5, 0.5),
        std: tuple[float, float, float] = (0.25, 0.25, 0.25),
    ) -> None:
        super().__init__()
        self.features = features
        self.head = nn.Linear(feature_dim, class_count)
        self.feature_dim = feature_dim
        self.register_buffer("mean", 255 * torch.tensor(mean).view(1, 3, 1, 1))
        self.register_buffer("std", 255 * torch.tensor(std).view(1, 3, 1, 1))

    def embed(self, x: Tensor) -> Tensor:
        if x.dtype == torch.uint8:
            x = (x - self.mean) / self.std
        features: Tensor = self.features(x)
        return features

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.head(self.embed(x))
        return logits


class Extractor(Registered, abstract=True):
    """A kind of feature extractor: one subclass a file; ``name`` is what ``--network`` takes."""

    name: ClassVar[str]
    takes: ClassVar[frozenset[SampleKind]]
    learns: ClassVar[bool] = True
    """Whether it has anything to train."""
    learns_from_target: ClassVar[bool] = False
    """Whether `prepare` depends on the target's training samples: source only then knows something of the target."""
    mean: ClassVar[tuple[float, float, float]] = (0.5, 0.5, 0.5)
    std: ClassVar[tuple[float, float, float]] = (0.25, 0.25, 0.25)

    def prepare(self, Xs: Samples, Xt: Samples, fit_s: Rows, fit_t: Rows) -> tuple[Samples, Samples]:
        """Bring source (n_s, …) and target (n_t, …) samples to what `build` takes, fitted on rows ``fit_s``, ``fit_t``.

        Pictures and features stay as they are; what the experiment's own ``prepare`` says comes after this.
        """
        return Xs, Xt

    @classmethod
    def is_prepared(cls, kind: SampleKind) -> bool:
        """Tell whether samples of this kind come as rows of numbers that the experiment's ``prepare`` list is for."""
        return kind == "features" or not cls.learns

    @classmethod
    def usual_preparation(cls, kind: SampleKind) -> tuple[str, ...]:
        """List the steps that rows take where the experiment does not say (see `da_core.networks.preparation`).

        Layers that learn want numbers of one size, and both domains by the source's: then a number keeps its meaning.
        """
        return ("zscore_source",) if kind == "features" and cls.learns else ()

    def preprocessing(self, kind: str) -> dict[str, Any]:
        """Describe what `prepare` and the network's own input do, as keys and numbers for the recipe.

        `da_core.export.recipe_sentences` has a sentence for each ``kind``.
        """
        if kind == "pictures":
            return {"kind": "pixels", "mean": list(self.mean), "std": list(self.std)}
        return {"kind": "none"}

    def build(self, sample_shape: tuple[int, ...]) -> tuple[nn.Module, int]:
        """Build the module for samples of this shape, (h, w, 3) or (d,), and tell its feature size.

        The module's inputs come as (n, 3, h, w) or (n, d) float32.
        """
        raise NotImplementedError

    def feature_dim(self, sample_shape: tuple[int, ...]) -> int:
        """Find the feature size that `build` will tell, without the memory and time of its weights."""
        with torch.device("meta"):
            return self.build(sample_shape)[1]

    def network(self, sample_shape: tuple[int, ...], class_count: int, seed: int) -> Network:
        """Initialise a network afresh; the same seed gives the same weights, whatever was drawn before."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            features, feature_dim = self.build(sample_shape)
            return Network(features, feature_dim, class_count, self.mean, self.std)


class FixedExtractor(Extractor, abstract=True):
    """Features that are computed and not learned, so that every shallow method runs on them in seconds."""

    learns = False

    def compute(self, X: Samples) -> NDArray[np.float32]:
        """Compute the features (n, d) of samples (n, …), each by itself: nothing is fitted."""
        raise NotImplementedError

    def prepare(self, Xs: Samples, Xt: Samples, fit_s: Rows, fit_t: Rows) -> tuple[Samples, Samples]:
        return self.compute(Xs), self.compute(Xt)

    def preprocessing(self, kind: str) -> dict[str, Any]:
        return {"kind": self.name, **self.params.model_dump()}

    def build(self, sample_shape: tuple[int, ...]) -> tuple[nn.Module, int]:
        return nn.Identity(), sample_shape[0]

    def feature_dim(self, sample_shape: tuple[int, ...]) -> int:
        dtype = np.uint8 if len(sample_shape) == 3 else np.int16
        return int(self.compute(np.zeros((1, *sample_shape), dtype)).shape[1])


def norm_setting(default: Norm) -> Any:
    """Declare the hyperparameter that says which normalisation a network has."""
    return hyper(
        default,
        title="Normalisation",
        help=(
            "Group norm normalises each sample by itself. Batch norm shares statistics across a batch; some methods "
            "need it, but joint training then mixes the statistics of both domains."
        ),
    )


def normalisation(
    norm: Norm, channels: int, batch_norm: Callable[[int], nn.Module] = nn.BatchNorm2d
) -> list[nn.Module]:
    """Build what normalises that many channels, if anything; groups are of 8 channels."""
    match norm:
        case "group":
            return [nn.GroupNorm(channels // math.gcd(channels, 8), channels)]
        case "batch":
            return [batch_norm(channels)]
        case "none":
            return []


def block(channels_in: int, channels_out: int, norm: Norm) -> list[nn.Module]:
    """Build 3×3 convolution, normalisation, 2×2 max pooling, ReLU.

    Pooling comes before ReLU: the result is the same and a quarter of the work.
    """
    return [
        nn.Conv2d(channels_in, channels_out, 3, padding=1),
        *normalisation(norm, channels_out),
        nn.MaxPool2d(2),
        nn.ReLU(),
    ]
