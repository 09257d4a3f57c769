"""A network with the head that classifies its features: what is compared as source only, adapted and oracle."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from da_core.methods.base import Classifier
from da_core.networks.extractor import Network

CHUNK = 128
Rows = NDArray[Any]


@dataclass(frozen=True)
class Labelled:
    """Samples on the device, with labels: X (n, …), pictures as uint8 (n, 3, h, w); y (n,)."""

    X: Tensor
    y: Tensor

    @property
    def labels(self) -> NDArray[np.int64]:
        """Class indices (n,) as a NumPy array."""
        return self.y.cpu().numpy()  # type: ignore[no-any-return]


def as_inputs(X: NDArray[Any], device: torch.device) -> Tensor:
    """Put samples on the device as the network takes them.

    Pictures (n, h, w, 3) uint8 become (n, 3, h, w) and keep their channels-last memory, in which convolutions are
    fastest; features (n, d) become float32. On a CPU a writeable array is not copied: the caller must not change it
    afterwards.
    """
    tensor = (torch.from_numpy(X) if X.flags.writeable else torch.tensor(X)).to(device)
    return tensor.permute(0, 3, 1, 2) if tensor.ndim == 4 else tensor.float()


@dataclass
class Model:
    """``classifier`` is fitted on features; None means the network's own linear layer.

    ``source_network`` is the source's feature extractor where the network is the target's alone. ``fitted_on`` is the
    domain whose training samples alone the classifier was fitted on, ``weights`` (n,) how much each of them counted.
    """

    network: Network
    classifier: Classifier | None = None
    map_source: Callable[[Rows], Rows] = lambda F: F
    map_target: Callable[[Rows], Rows] = lambda F: F
    source_network: Network | None = None
    fitted_on: Literal["source", "target"] | None = None
    weights: NDArray[np.floating[Any]] | None = None

    def embed(self, X: Tensor) -> NDArray[np.float32]:
        """Compute the network's features (n, d) of prepared inputs, before any map."""
        return _embedded(self.network, X)

    def embed_source(self, X: Tensor) -> NDArray[np.float32]:
        """Compute the features of source samples, by the source's own network where it has one."""
        return _embedded(self.source_network or self.network, X)

    def probabilities(self, F: Rows) -> NDArray[np.float64]:
        """Predict class probabilities (n, c) of (mapped) features."""
        if self.classifier is not None:
            return self.classifier.predict_proba(F)
        weight = self.network.head.weight
        with torch.inference_mode():
            logits = self.network.head(torch.as_tensor(F, dtype=weight.dtype, device=weight.device))
            # class by class: along rows of so few numbers the softmax of many rows takes six times as long
            return logits.double().T.contiguous().softmax(0).T.cpu().numpy()  # type: ignore[no-any-return]

    def predict(self, F: Rows) -> NDArray[np.int64]:
        """Predict class indices (n,) of (mapped) features."""
        if self.classifier is not None:
            return self.classifier.predict(F)
        predicted: NDArray[np.int64] = self.probabilities(F).argmax(1)
        return predicted

    def state(self) -> dict[str, Tensor]:
        """Copy the network's weights to the CPU."""
        return {name: value.detach().cpu().clone() for name, value in self.network.state_dict().items()}


def _embedded(network: Network, X: Tensor) -> NDArray[np.float32]:
    network.eval()
    with torch.inference_mode():
        return torch.cat([network.embed(part) for part in X.split(CHUNK)]).float().cpu().numpy()  # type: ignore[no-untyped-call]
