from __future__ import annotations

import numpy as np

from da_core.evaluation.validators.validator import ModelOutputs, UnlabelledValidator
from da_core.networks.heads import fit_head


class CircularValidation(UnlabelledValidator):
    r"""Circular validation (Bruzzone and Marconcini 2010), reverse validation in Zhong et al. 2010.

        score = (1 / n_s) Σ_i 1[ r(f(x_i)) = y_i ],    r fitted on ( f(x_j), argmax p(x_j) ) over the target

    The target's predicted classes are taken for true and taught to a second classifier r, which then has to name the
    source. If the way there was right, the way back is, too. In the papers the same method adapts on the way back; here
    r is a logistic regression on the model's features, which costs no second training.

    It fails where classes change places: features that put one class on another bring it back again.
    """

    title = "Circular validation"
    summary = "Trains a classifier on the target's predicted classes and checks it on the source."
    paper = (
        "Bruzzone and Marconcini 2010, Domain Adaptation Problems: A DASVM Classification Technique and a Circular "
        "Validation Strategy, IEEE TPAMI 32(5)"
    )
    link = "https://doi.org/10.1109/TPAMI.2009.57"
    formula = "1/n_s · Σ 1[r(x_i) = y_i] over the source, r fitted on the target's features and predicted classes"
    fails = "Where classes have swapped places: the way back swaps them again."
    is_share = True

    def score(self, outputs: ModelOutputs) -> float:
        predicted = outputs.target_probabilities.argmax(axis=1)
        if len(np.unique(predicted)) == 1:  # what learns of one class only says that one
            return float((outputs.source_labels == predicted[0]).mean())
        reverse = fit_head("logistic", outputs.target_features, predicted, seed=self.seed)
        return float((reverse.predict(outputs.source_features) == outputs.source_labels).mean())
