from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from da_core import params
from da_core.methods.base import Classifier, ClassifierAdaptation, FixedFeatures, Labels, Rows
from da_core.params import hyper


class SelfTraining(ClassifierAdaptation):
    r"""Class-balanced self-training (Zou et al. 2018): a classifier teaches itself on the target, the surest first.

        for k = 1 … K:   ŷ = argmax_c p_c(x_t) ;   S_k = the share ρ_k of target samples with the largest p_ŷ ;
                         fit the head to the source and to (x_t, ŷ), x_t in S_k ;     ρ_k from ρ_1 up to ρ_K

    The idea is as old as Yarowsky 1995. Every round labels again, so that an early mistake can be taken back.
    With balance the share is taken of each predicted class by itself: classes that are easy on the target would
    otherwise crowd out those that are hard (the paper's section 4.2 does it by a threshold for each class). It goes by
    the order of a head's answers and not by their height, so that it does for any head, calibrated or not.

    It fails where the first answers are wrong and sure: what they are wrong about is learned as well.

    Cost: K fits of the head.
    """

    title = "Self-training"
    summary = (
        "Refits the head several times to the source and to its most confident target predictions, class by class."
    )
    paper = (
        "Zou et al. 2018, Unsupervised Domain Adaptation for Semantic Segmentation via Class-Balanced Self-Training, "
        "ECCV"
    )
    link = "https://arxiv.org/abs/1810.07911"

    class Params(params.Params):
        rounds: int = hyper(10, ge=1, le=50, step=1, symbol="K", title="Rounds")
        """Number of times that the head is refitted."""
        first: float = hyper(0.2, gt=0, le=1, step=0.05, symbol="ρ₁", title="First share")
        """Share of the target, most confident first, that the first round learns from."""
        last: float = hyper(1.0, gt=0, le=1, step=0.05, symbol="ρ_K", title="Last share")
        """Share that the last round learns from; never below the first share."""
        balance: bool = hyper(True, title="Class balance")
        """Selects the share within each predicted class; otherwise from the target as a whole."""

    params: Params

    def adapt_classifier(self, data: FixedFeatures) -> Classifier:
        chosen = self.params
        head = data.fit_head(data.Xs, data.ys)
        for share in np.linspace(chosen.first, max(chosen.first, chosen.last), chosen.rounds):
            P = head.predict_proba(data.Xt)
            labels = P.argmax(axis=1)
            rows = surest(P, labels if chosen.balance else np.zeros_like(labels), share)
            X, y = np.concatenate([data.Xs, data.Xt[rows]]), np.concatenate([data.ys, labels[rows]])
            head = data.fit_head(X, y)
        return head


def surest(P: Rows, groups: Labels, share: float) -> NDArray[np.int64]:
    """Find the share of each group's samples, at least one, whose largest probability in P (n, c) is largest.

    >>> surest(np.array([[0.9, 0.1], [0.6, 0.4]]), np.array([0, 0]), share=0.5)
    array([0])
    """
    chosen = []
    for group in np.unique(groups):
        rows = np.flatnonzero(groups == group)
        order = np.argsort(-P[rows].max(axis=1), kind="stable")
        chosen.append(rows[order[: max(1, round(share * len(rows)))]])
    return np.sort(np.concatenate(chosen))
