from __future__ import annotations

from typing import Self

import numpy as np

from da_core.errors import UserError
from da_core.methods.base import CappedClasses, ClassBalance, Labels, Predictions, Rows
from da_core.methods.checks import finite_predictions
from da_core.methods.reweighting.shared.class_proportions import PREDICTIONS, Counting, counted

INDISTINCT = 1e-3
"""Below this smallest singular value the predictions of two mixtures of classes are practically the same."""


class BBSE(ClassBalance):
    r"""Black-box shift estimation (Lipton, Wang and Smola 2018, section 4).

    Under label shift, p_t(y) differs from p_s(y) while p(x | y) stays. Then any predictor f, right or wrong, makes the
    same mistakes on each class in both domains, and the class weights solve a linear system:

        Ĉ w = μ̂,    Ĉ_ij = P_source(f(x) = i, y = j),    μ̂_i = P_target(f(x) = i),    w_j = p_t(j) / p_s(j)

    Negative solutions are noise and are cut at 0. The source predictions must be honest, that is made on samples that
    the model was not fitted on: a model that knows its training labels by heart hides its confusion.
    With “soft” the predicted probabilities take the place of counted predictions (section 4, soft estimator).

    It fails where the shift is not a label shift (at night the model's mistakes are others than by day: it then reads
    changed mistakes as changed proportions), and where the model cannot tell classes apart: Ĉ then has no inverse.

    Cost: O((m + n_t) c + c³), whatever the features.
    """

    title = "BBSE"
    summary = "Estimates the change in class proportions from the model's own predictions and reweights the classes."
    paper = "Lipton, Wang and Smola 2018, Detecting and Correcting for Label Shift with Black Box Predictors, ICML"
    link = "https://arxiv.org/abs/1802.03916"
    start_here = True

    class Params(CappedClasses):
        predictions: Counting = PREDICTIONS

    params: Params

    def fit(self, Xs: Rows, Xt: Rows, ys: Labels | None = None, predictions: Predictions | None = None) -> Self:
        """Find the class weights; the features are not looked at.

        Raises `UserError` without ``predictions``, and where they cannot tell the classes apart.
        """
        self.of_class = self.class_weights(finite_predictions(predictions, self.title))
        return self

    def class_weights(self, predictions: Predictions) -> Rows:
        """(c,) estimates of p_t(y) / p_s(y), at least 0; a class without source samples gets 0."""
        ys = predictions.ys
        source, target = (counted(P, self.params.predictions) for P in (predictions.Ps, predictions.Pt))
        classes = np.arange(source.shape[1])
        share = np.bincount(ys, minlength=len(classes)) / len(ys)
        seen = classes[share > 0]
        # column j: how the predictions of class j spread. Ĉ is this times p_s(j), but its scale does not tell how rare
        # a class is, so that its smallest singular value can be judged
        spread = np.stack([source[ys == j].mean(axis=0) for j in seen], axis=1)
        if np.linalg.svd(spread, compute_uv=False)[-1] < INDISTINCT:
            raise UserError(
                "The model's predictions do not separate all {count} classes, so {of} cannot estimate the target's "
                "class proportions; train the model longer or choose another method.",
                count=len(seen),
                of=self.title,
            )
        proportion = np.linalg.lstsq(spread, target.mean(axis=0))[0]
        weights = np.zeros(len(classes))
        weights[seen] = np.maximum(proportion, 0) / share[seen]
        return weights
