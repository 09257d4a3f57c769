from __future__ import annotations

import math

import numpy as np

from da_core.evaluation.validators.validator import ModelOutputs, UnlabelledValidator


class NuclearNorm(UnlabelledValidator):
    r"""Nuclear norm of the target's predictions (BNM: Cui et al. 2020), as a share of the most there is.

        score = ‖P‖_* / √( n_t · min(n_t, c) ),    P (n_t, c) the predictions, ‖P‖_* the sum of its singular values

    Sure predictions make ‖P‖_F, at most √n_t, large; varied ones make the rank large, and with it the nuclear norm.
    It became a validator in Musgrave, Belongie and Lim 2022.

    It fails as information maximisation does: where the target truly holds few classes, it prefers a model that
    invents some.
    """

    title = "BNM"
    summary = "Whether predictions on the target are confident and varied, by the nuclear norm of all of them."
    paper = "Cui et al. 2020, Towards Discriminability and Diversity: Batch Nuclear-norm Maximization, CVPR"
    link = "https://arxiv.org/abs/2003.12237"
    formula = "‖P‖_* / √(n_t · min(n_t, c)), P the target's predictions"
    fails = "Where the target really has few classes: it prefers a model that invents some."

    def score(self, outputs: ModelOutputs) -> float:
        P = outputs.target_probabilities
        return float(np.linalg.norm(P, "nuc")) / math.sqrt(len(P) * min(P.shape))
