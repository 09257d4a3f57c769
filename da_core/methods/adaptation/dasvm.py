from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from da_core import params
from da_core.methods.base import Classifier, ClassifierAdaptation, FixedFeatures, Labels, Rows
from da_core.methods.checks import feature_pair
from da_core.params import hyper


class DASVM(ClassifierAdaptation):
    r"""Domain adaptation support vector machine (Bruzzone and Marconcini 2010).

    A support vector machine f is led from the source to the target by exchanging its training samples little by little:

        T = source
        repeat   fit f to T
                 target samples in T whose sign f(x) has changed leave T
                 of the other target samples in the margin, −1 < f(x) < 1, the ρ with the largest |f(x)| on each side
                 join T with the label sign f(x)
                 the ρ source samples with the largest |f(x)| on each side leave T
        until    no target sample outside T lies in the margin
        f = fit to the target with the labels sign f(x)

    Samples in the margin are those that can still move the border; the outer ones among them are the surest. Source
    samples far from the border are those that it depends on least. Several classes are learned one against the rest, as
    in the paper. There the cost of errors also falls for source samples and rises for target samples as rounds go by;
    here it is one C. Features are taken as they are, with a Gaussian kernel of scikit-learn's width,
    γ = 1 / (d · variance).

    It fails where the source's border cuts through the target's classes: what it labels wrongly joins first, and is
    learned. It does without the experiment's head.

    Cost: one fit of a support vector machine for each class and round, O(n²) to O(n³) each.
    """

    title = "DASVM"
    summary = (
        "Trains a support vector machine that step by step replaces source samples by self-labelled target samples."
    )
    paper = (
        "Bruzzone and Marconcini 2010, Domain Adaptation Problems: A DASVM Classification Technique and a Circular "
        "Validation Strategy, IEEE TPAMI 32(5)"
    )
    link = "https://doi.org/10.1109/TPAMI.2009.57"

    class Params(params.Params):
        C: float = hyper(1.0, ge=1e-4, le=1e4, log=True, symbol="C", title="Cost of errors")
        """Penalty for a sample on the wrong side of its margin; larger values fit the samples more closely."""
        share: float = hyper(0.005, ge=1e-3, le=1, log=True, symbol="ρ", title="Share per round")
        """Share of each domain that joins or leaves per round, on each side of the boundary. Smaller shares follow the
        target more closely but need more rounds."""
        rounds: int = hyper(100, ge=1, le=1000, step=1, title="Rounds", help="Maximum number of fits per class.")

    params: Params

    def seconds(self, n_s: int, n_t: int, d: int) -> float:
        rounds = min(self.params.rounds, 1 / self.params.share)
        return float(rounds * 2e-8 * (n_s + n_t) ** 2)

    def adapt_classifier(self, data: FixedFeatures) -> Classifier:
        """Lead one machine for each class against the rest, one in all where there are two."""
        Xs, Xt = feature_pair(data.Xs, data.Xt)
        known = np.unique(data.ys)
        positive = known[1:] if len(known) == 2 else known
        machines = [self.lead(Xs, np.where(data.ys == c, 1, -1), Xt) for c in positive]
        return OneAgainstRest(machines, known, data.class_count)

    def lead(self, Xs: Rows, ys: Labels, Xt: Rows) -> Any:
        """Lead one machine from source Xs (n_s, d) with labels ys = ±1 (n_s,) to the target Xt (n_t, d)."""
        svm = self._fit(Xs, ys)
        kept, joined = np.ones(len(Xs), np.bool_), np.zeros(len(Xt), np.int64)  # joined: ±1, or 0 outside T
        for _ in range(self.params.rounds):
            fs, ft = svm.decision_function(Xs), svm.decision_function(Xt)
            joined[joined != sign(ft)] = 0
            margin = (joined == 0) & (np.abs(ft) < 1)
            if not margin.any():
                break
            for side in (1, -1):
                joined[self._outermost(ft, margin & (sign(ft) == side))] = side
                kept[self._outermost(fs, kept & (sign(fs) == side))] = False
            X, y = np.concatenate([Xs[kept], Xt[joined != 0]]), np.concatenate([ys[kept], joined[joined != 0]])
            if len(np.unique(y)) < 2:
                break
            svm = self._fit(X, y)
        labels = sign(svm.decision_function(Xt))
        return self._fit(Xt, labels) if len(np.unique(labels)) == 2 else svm

    def _outermost(self, f: Rows, among: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Find the share of all rows, or as many as there are, with the largest |f| (n,) among those marked."""
        rows = np.flatnonzero(among)
        chosen: NDArray[np.int64] = rows[np.argsort(-np.abs(f[rows]), kind="stable")]
        return chosen[: int(np.ceil(self.params.share * len(f)))]

    def _fit(self, X: Rows, y: Labels) -> Any:
        from sklearn.svm import SVC

        return SVC(C=self.params.C).fit(X, y)


@dataclass(frozen=True)
class OneAgainstRest:
    """Classifies by the machine that is surest; two ``known`` classes share one."""

    machines: list[Any]
    known: Labels
    class_count: int

    def decision_function(self, X: Rows) -> Rows:
        """Compute how sure each known class is (n, k)."""
        f = np.stack([svm.decision_function(X) for svm in self.machines], axis=1)
        return np.concatenate([-f, f], axis=1) / 2 if len(self.known) == 2 else f

    def predict(self, X: Rows) -> Labels:
        """Predict class indices (n,) of features X (n, d)."""
        predicted: Labels = self.known[self.decision_function(X).argmax(axis=1)]
        return predicted

    def predict_proba(self, X: Rows) -> NDArray[np.float64]:
        """Predict probabilities (n, c): the softmax of decision values, good for ranking and not calibrated."""
        from scipy.special import softmax

        P = np.zeros((len(X), self.class_count))
        P[:, self.known] = softmax(self.decision_function(X), axis=1)
        return P


def sign(f: Rows) -> Labels:
    """Name the side of the border that decision values f (n,) lie on, 1 or −1.

    >>> sign(np.array([0.3, -0.2]))
    array([ 1, -1])
    """
    return np.where(f > 0, 1, -1)
