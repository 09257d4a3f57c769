from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, normalize, one_hot, pad

from da_core import params
from da_core.methods.adaptation.shared.epochs import Means, batches, descend
from da_core.methods.adaptation.tent import entropy
from da_core.methods.base import AdaptationData, ModelAdaptation
from da_core.methods.norms import CHUNK, forgetful, measure
from da_core.networks.extractor import Network
from da_core.params import hyper


class SHOT(ModelAdaptation):
    r"""SHOT (Liang, Hu, Feng 2020): the source's head stays, and target features move to where it expects a class.

        min over f    L_ent − H(p̄) + β L_pl
        L_ent = mean H(p(x))          each target sample surely of one class                        (information
        H(p̄), p̄ = mean p(x)           all of them together of all classes                            maximisation)
        L_pl = mean −log p_ŷ(x)       of the class ŷ that the sample's features are nearest to

    ŷ comes from centroids in feature space, not from the head: c_k is the mean of features weighted by p_k, ŷ the class
    of the nearest by cosine; then c_k is the mean of those with ŷ = k, and ŷ is chosen once more. This is repeated at
    each epoch's beginning. No source sample is needed. The paper trains the source with smoothed labels and a
    weight-normalised head; here the source's network is taken as it is.

    It fails where the target's classes are not about equally frequent, since H(p̄) pushes towards that, and where the
    source's network is so wrong that the centroids sit on other classes.
    """

    title = "SHOT"
    summary = "Keeps the head and moves target features until every prediction is certain and all classes occur."
    paper = "Liang, Hu, Feng 2020, Do We Really Need to Access the Source Data? Source Hypothesis Transfer, ICML"
    link = "https://arxiv.org/abs/2002.08546"
    keywords = ("self-training", "entropy minimisation")
    start_here = True
    wants = "batch norm"

    class Params(params.Params):
        epochs: int = hyper(15, ge=1, le=200, step=1, title="Epochs", help="Passes over the target.")
        learning_rate: float = hyper(1e-2, gt=0, le=1, log=True, symbol="η", title="Learning rate")
        """Initial step size; it falls as η/(1 + 10p)^0.75."""
        batch_size: int = hyper(64, ge=4, le=1024, title="Batch size", help="Target samples in each step.")
        pseudo_weight: float = hyper(0.3, ge=0, le=10, step=0.1, symbol="β", title="Weight of pseudo-labels")
        """Weight of the pseudo-label loss; the paper uses 0.3, and 0.1 for digits."""

    params: Params

    def adapt(self, network: Network, data: AdaptationData) -> Iterator[dict[str, float]]:
        chosen, Xt = self.params, data.Xt
        optimizer = torch.optim.SGD(
            network.features.parameters(), lr=chosen.learning_rate, momentum=0.9, nesterov=True, weight_decay=1e-3
        )
        generator = torch.Generator().manual_seed(self.seed)
        measure(network, Xt, generator)
        with forgetful(network):
            for epoch in range(chosen.epochs):
                pseudo_labels = self.pseudo_labels(network, Xt)
                network.train()
                means, steps = Means(), batches(Xt, chosen.batch_size, generator, data.least_steps)
                for at, rows in enumerate(data.steps(steps)):
                    progress = (epoch + at / len(steps)) / chosen.epochs
                    for group in optimizer.param_groups:
                        group["lr"] = chosen.learning_rate / (1 + 10 * progress) ** 0.75
                    logits = network(Xt[rows])
                    terms = {
                        "entropy": entropy(logits).mean(),
                        "diversity": -entropy_of_mean(logits),
                        "pseudo": chosen.pseudo_weight * cross_entropy(logits, pseudo_labels[rows]),
                    }
                    descend(network, optimizer, means.add(terms))
                measure(network, Xt, generator)
                yield means.read()

    @torch.no_grad()
    def pseudo_labels(self, network: Network, X: Tensor) -> Tensor:
        """Give each sample (n,) the class of its nearest centroid, after one round of mending the centroids."""
        network.eval()
        parts = [network.embed(part) for part in X.split(CHUNK)]  # type: ignore[no-untyped-call]
        features = torch.cat(parts)
        P = network.head(features).softmax(1)
        # a constant beside the features, then length one: as in the authors' code
        F = normalize(pad(features, (0, 1), value=1.0))
        occurs = one_hot(P.argmax(1), P.shape[1]).sum(0) > 0

        def nearest(weights: Tensor) -> Tensor:
            """Find the centroid with the greatest cosine; a class that nothing was predicted as has none."""
            return (F @ normalize(weights.T @ F).T).masked_fill(~occurs, -2.0).argmax(1)

        return nearest(one_hot(nearest(P), P.shape[1]).to(F.dtype))


def entropy_of_mean(logits: Tensor) -> Tensor:
    """H(p̄) of the mean class probabilities of a batch.

    >>> entropy_of_mean(torch.zeros(4, 2))
    tensor(0.6931)
    """
    mean = logits.softmax(1).mean(0)
    return -(mean * mean.clamp_min(1e-12).log()).sum()
