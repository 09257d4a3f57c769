from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from da_core import params
from da_core.methods.base import Classifier, ClassifierAdaptation, FixedFeatures, Labels, Rows
from da_core.params import hyper

if TYPE_CHECKING:
    from sklearn.neighbors import NearestNeighbors


class LabelPropagation(ClassifierAdaptation):
    r"""Label propagation with local and global consistency (Zhou et al. 2004) along a graph of both domains.

    Source and target samples are nodes, joined to their nearest neighbours by W_ij = exp(−‖x_i − x_j‖² / 2σ²), where σ²
    is the mean squared distance of neighbours. Labels spread until they agree with the graph and with what is known:

        F = (1 − α) (I − αS)^(−1) Y,      S = D^(−1/2) W D^(−1/2),   D_ii = Σ_j W_ij            (the paper's eq. 4)

    Y has a 1 where a sample's class is known (source and the labelled few), else 0. A class is followed along a chain
    of samples, however far it leads, and not past a gap: borders come to lie where few samples are. New samples take
    the mean of their neighbours' F (Delalleau, Bengio, Le Roux 2005, eq. 5). The head is asked only for samples that no
    label reaches.

    It fails where the domains lie apart, since no chain leads across, and where one class's chain leads into another.

    Cost: O(n² d) for neighbours of n = n_s + n_t samples, and some hundred passes over the graph's n · k edges.
    """

    title = "Label propagation"
    summary = "Spreads the labels through a nearest-neighbour graph of both domains, along chains of samples."
    paper = "Zhou et al. 2004, Learning with Local and Global Consistency, NeurIPS"
    link = "https://papers.nips.cc/paper/2003/hash/87682805257e619d49b8e0dfdc14affa-Abstract.html"

    class Params(params.Params):
        neighbours: int = hyper(10, ge=1, le=100, step=1, symbol="k", title="Neighbours")
        """Number of neighbours that each sample is connected to."""
        alpha: float = hyper(0.99, gt=0, le=0.999, step=0.01, symbol="α", title="Weight of neighbours")
        """Weight of the neighbours' labels against a sample's own; the paper uses 0.99."""
        per_class: int = hyper(0, ge=0, le=100, step=1, title="Labelled target samples per class")
        """Number of target samples per class whose labels spread as well; 0 uses the source's labels only."""

    params: Params

    def few_per_class(self) -> int:
        return int(self.params.per_class)

    def seconds(self, n_s: int, n_t: int, d: int) -> float:
        return 3e-10 * (n_s + n_t) ** 2 * (d + 50)

    def adapt_classifier(self, data: FixedFeatures) -> Classifier:
        from scipy.sparse import csr_array, diags_array, eye_array
        from scipy.sparse.linalg import cg
        from sklearn.neighbors import NearestNeighbors

        X = np.concatenate([data.Xs, data.Xf, data.Xt]).astype(np.float64)
        known = np.concatenate([data.ys, data.yf])
        neighbours = NearestNeighbors(n_neighbors=min(self.params.neighbours, len(X) - 1)).fit(X)
        W = csr_array(neighbours.kneighbors_graph(mode="distance"))  # a sample is no neighbour of its own
        scale = float(np.square(W.data).mean()) or 1.0
        W.data = np.exp(-np.square(W.data) / (2 * scale))
        W = W.maximum(W.T)  # joined if either chose the other
        D = diags_array(1 / np.sqrt(W.sum(axis=1)))
        system = eye_array(len(X)) - self.params.alpha * (D @ W @ D)
        Y = np.zeros((len(X), data.class_count))
        Y[np.arange(len(known)), known] = 1 - self.params.alpha
        F = np.stack([cg(system, y, rtol=1e-6)[0] for y in Y.T], axis=1).clip(min=0)
        return Propagated(neighbours, F, scale, data.fit_head(data.Xs, data.ys))


@dataclass(frozen=True)
class Propagated:
    """Classifies by the nearest ``neighbours``, whose labels have come to be F (n, c), and by ``head`` without any."""

    neighbours: NearestNeighbors
    F: Rows
    scale: float
    head: Classifier

    def predict(self, X: Rows) -> Labels:
        """Predict class indices (m,) of features X (m, d)."""
        predicted: Labels = self.predict_proba(X).argmax(axis=1)
        return predicted

    def predict_proba(self, X: Rows) -> NDArray[np.float64]:
        """Predict class probabilities (m, c) of features X (m, d)."""
        distances, rows = self.neighbours.kneighbors(X)
        squared = np.square(distances)
        weights = np.exp(-(squared - squared[:, :1]) / (2 * self.scale))  # relative to the nearest, however far it is
        P: NDArray[np.float64] = np.einsum("mk,mkc->mc", weights, self.F[rows])
        total = P.sum(axis=1)
        reached = total > 0
        P[reached] /= total[reached, None]
        if not reached.all():
            P[~reached] = self.head.predict_proba(X[~reached])
        return P
