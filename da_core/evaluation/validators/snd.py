from __future__ import annotations

from typing import Any

import numpy as np

from da_core import params
from da_core.evaluation.validators.validator import ModelOutputs, UnlabelledValidator
from da_core.params import hyper


class SND(UnlabelledValidator):
    r"""Soft neighbourhood density (Saito et al. 2021, ICCV), in nats.

        score = (1 / n_t) Σ_j H(q_j),    q_ji ∝ exp( cos(p_j, p_i) / τ ) over i ≠ j

    p_j are the target's predictions. Where the classifier sees dense clusters, a sample has many neighbours that are as
    near as one another, and the entropy of its neighbourhood is large; log(n_t − 1) is the most. Scores of other
    numbers of target samples cannot be compared.

    It fails on a collapsed model: where all predictions are one, the neighbourhood is as dense as it can be.
    """

    title = "SND"
    summary = "How densely the target's predictions lie together: the entropy of each sample's soft neighbourhood."
    paper = "Saito et al. 2021, Tune it the Right Way: Unsupervised Validation of DA via Soft Neighborhood Density"
    link = "https://arxiv.org/abs/2108.10860"
    formula = "1/n_t · Σ H(q_j), q_ji ∝ exp(cos(p_j, p_i)/τ), i ≠ j, over the target, in nats"
    fails = "It prefers a collapsed model, whose predictions all lie at one point."

    class Params(params.Params):
        temperature: float = hyper(
            0.05,
            gt=0,
            le=10,
            log=True,
            symbol="τ",
            title="Temperature",
            help="Small values count only the nearest samples.",
        )

    params: Params

    def score(self, outputs: ModelOutputs) -> float:
        from scipy.special import entr, softmax

        P: Any = outputs.target_probabilities / np.linalg.norm(outputs.target_probabilities, axis=1, keepdims=True)
        similarity = P @ P.T / self.params.temperature
        np.fill_diagonal(similarity, -np.inf)
        return float(entr(softmax(similarity, axis=1)).sum(axis=1).mean())
