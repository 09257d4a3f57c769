from __future__ import annotations

import numpy as np

from da_core.evaluation.validators.validator import ModelOutputs, UnlabelledValidator


class IWCV(UnlabelledValidator):
    r"""Importance-weighted validation (Sugiyama, Krauledat and Müller 2007).

        score = (1 / n_s) Σ_i w(x_i) 1[ argmax p(x_i) = y_i ],    w(x) = p_t(x) / p_s(x), mean 1

    Under covariate shift, where only p(x) changes, the weighted average over the source is the average over the target:
    the score estimates target accuracy without bias. The ratio is of the samples themselves, not of features, so all
    models are judged by the same weights; it comes from the domain classifier of `da_core.methods.reweighting`, whose
    cap on a weight trades some bias for variance. (The paper takes folds of a cross-validation; here the source samples
    are those that were held out.)

    It fails where p(y | x) changes, which no weight can see, and where the domains do not overlap: then a few source
    samples carry all the weight.
    """

    title = "IWCV"
    summary = "Accuracy on the source, each sample weighted by how often the target has samples like it."
    paper = (
        "Sugiyama, Krauledat and Müller 2007, Covariate Shift Adaptation by Importance Weighted Cross Validation, "
        "JMLR 8"
    )
    link = "https://www.jmlr.org/papers/v8/sugiyama07a.html"
    formula = "1/n_s · Σ w(x_i) · 1[argmax p(x_i) = y_i] over the source, w = p_t/p_s of the samples"
    fails = "Where labels mean something else on the target, or no source sample looks like the target."
    is_share = True

    def score(self, outputs: ModelOutputs) -> float:
        from da_core.methods.reweighting.domain_classifier import DomainClassifier

        weights = DomainClassifier(seed=self.seed).weights(outputs.source_inputs, outputs.target_inputs)
        return float(np.average(outputs.source_right, weights=weights))
