from __future__ import annotations

import numpy as np

from da_core import params
from da_core.evaluation.validators.validator import ModelOutputs, UnlabelledValidator
from da_core.params import hyper


class MixVal(UnlabelledValidator):
    r"""Mixed samples as probes (Hu et al. 2023).

        x_ij = λ x_i + (1 − λ) x_j,    score = ½ (share of x_ij called ŷ_i where ŷ_i = ŷ_j, and where ŷ_i ≠ ŷ_j)

    ŷ are the predicted classes of target samples, and j is drawn at random for each i. Mixed within a class, the model
    should say that class: its clusters are dense. Mixed across a border at λ a little above ½, it should still say the
    class of the larger part: its borders run midway between clusters. Where one of the two kinds has no pair, the other
    counts alone. Samples are mixed as the network takes them.

    It fails on a collapsed model, which contradicts itself nowhere.
    """

    title = "MixVal"
    summary = "Whether mixtures of two target samples are predicted as the class of the larger part."
    paper = "Hu et al. 2023, Mixed Samples as Probes for Unsupervised Model Selection in Domain Adaptation, NeurIPS"
    link = "https://openreview.net/forum?id=ackajXqei2"
    formula = "½ · (share of λx_i + (1−λ)x_j called ŷ_i where ŷ_i = ŷ_j, and where ŷ_i ≠ ŷ_j), over the target"
    fails = "A collapsed model never contradicts itself and gets the best score."
    is_share = True

    class Params(params.Params):
        share: float = hyper(
            0.55,
            gt=0.5,
            le=1,
            step=0.05,
            symbol="λ",
            title="Larger share",
            help="Share of the sample whose class the mixture should have.",
        )

    params: Params

    def score(self, outputs: ModelOutputs) -> float:
        predicted = outputs.target_probabilities.argmax(axis=1)
        partner = np.random.default_rng(self.seed).permutation(len(predicted))
        mixed = outputs.predict_mixed(partner, self.params.share)
        right, alike = mixed.argmax(axis=1) == predicted, predicted == predicted[partner]
        return float(np.mean([right[kind].mean() for kind in (alike, ~alike) if kind.any()]))
