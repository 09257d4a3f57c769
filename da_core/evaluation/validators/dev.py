from __future__ import annotations

import numpy as np

from da_core.errors import UserError
from da_core.evaluation.shift.domain_distances import domain_odds
from da_core.evaluation.validators.validator import ModelOutputs, Rows, UnlabelledValidator
from da_core.evaluation.weight_spread import effective_sample_size

FEWEST = 5
"""Effective sample size of the weights below which the estimate is refused."""
MOST_OFF = 10
"""Factor by which the mean weight may miss 1."""


class DEV(UnlabelledValidator):
    r"""Deep embedded validation (You, Wang, Long and Jordan 2019).

        score = 1 − R,    R = mean(w ℓ) + η mean(w) − η,    η = −cov(w ℓ, w) / var(w)

    ℓ is 1 where the model is wrong on a held-out source sample and else 0. w = p_t(f) / p_s(f) is a density ratio of
    the model's own features, in which the domains overlap more than as they came: the odds of a domain classifier,
    each half of the samples judged by one that was fitted on the other half. η takes away the part of the estimate's
    variance that comes from weights whose mean is not 1 (a control variate).

    The score estimates target accuracy; noise may take it out of [0, 1], and it is cut there. It is refused where the
    weights count like fewer than `FEWEST` samples, or their mean is far from 1: it could then be any number.

    It fails where the features tell the domains apart, since a few weights then decide, and where classes lie on the
    wrong classes: features that look alike are trusted.
    """

    title = "DEV"
    summary = "IWCV on the model's own features, with the variance of the weights removed."
    paper = (
        "You, Wang, Long and Jordan 2019, Towards Accurate Model Selection in Deep Unsupervised Domain Adaptation, ICML"
    )
    link = "https://proceedings.mlr.press/v97/you19a.html"
    formula = "1 − [mean(w·ℓ) + η·mean(w) − η], η = −cov(w·ℓ, w)/var(w), w = p_t/p_s of the features, ℓ = 0/1 loss"
    fails = (
        "Where the features still separate the domains, a few weights decide; where wrong classes overlap, it is "
        "fooled."
    )
    is_share = True

    def score(self, outputs: ModelOutputs) -> float:
        odds, _of_target = domain_odds(outputs.source_features, outputs.target_features, self.seed)
        judged = np.isfinite(odds)  # the larger domain has samples to spare
        with np.errstate(over="ignore"):  # a ratio without end is dealt with there
            weights = np.exp(odds[judged])
        relative = np.exp(odds[judged] - odds[judged].max())
        if effective_sample_size(relative) < FEWEST or not 1 / MOST_OFF < weights.mean() < MOST_OFF:
            raise UserError("The features of source and target hardly overlap, so the estimate means nothing.")
        return float(np.clip(1 - controlled_risk(weights, ~outputs.source_right[judged]), 0, 1))


def controlled_risk(weights: Rows, loss: Rows | np.typing.NDArray[np.bool_]) -> float:
    """Estimate the mean of ``weights · loss`` (n,), corrected by how far the mean weight is from 1.

    >>> round(controlled_risk(np.array([1.0, 1.0]), np.array([0.0, 1.0])), 3)
    0.5
    """
    weighted = weights * loss
    scaled = weights / (weights.max() or 1.0)  # η is the same, and squares of weights leave no float's range
    deviations = scaled - scaled.mean()
    squares = float(deviations @ deviations)
    differ_by_rounding = squares <= len(scaled) * np.finfo(np.float64).eps ** 2  # a single one by nothing
    eta = 0.0 if differ_by_rounding else -float(deviations @ (scaled * loss)) / squares  # n − 1 cancels
    return float(weighted.mean() + eta * weights.mean() - eta)
