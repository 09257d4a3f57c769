"""Diagnose a finished run from its own numbers: one finding a function, and each has a test on a planted case.

The bounds are chosen so that a run that went well has no finding: they are about what is beyond doubt, not about what
might be.
"""

from __future__ import annotations

from collections.abc import Callable

from da_core.evaluation.diagnosis import domain_findings as domain
from da_core.evaluation.diagnosis import gain_findings as gain
from da_core.evaluation.diagnosis import prediction_findings as prediction
from da_core.evaluation.diagnosis import training_findings as training
from da_core.evaluation.diagnosis import weight_findings as weight
from da_core.evaluation.diagnosis.facts import Facts
from da_core.events import Finding

__all__ = ["CHECKS", "Facts", "diagnose"]


def diagnose(facts: Facts) -> list[Finding]:
    """List the findings, the gravest first; without labels of the target some checks are left out."""
    possible = [check for check in CHECKS if facts.result.target_scored or check not in NEED_LABELS]
    return [finding for check in possible if (finding := check(facts)) is not None]


CHECKS: tuple[Callable[[Facts], Finding | None], ...] = (
    training.diverged,
    training.not_learned,
    training.not_finished,
    gain.nothing_to_adapt,
    prediction.collapsed,
    prediction.classes_swapped,
    prediction.classes_misnamed,
    prediction.classes_swallowed,
    gain.negative_transfer,
    training.fine_tuning_idle,
    training.overtrained,
    weight.shift_scaled_away,
    weight.weights_concentrated,
    domain.domain_classifier_won,
    domain.domain_classifier_died,
    domain.label_shift,
    domain.far_apart,
    domain.separable_yet_better,
    gain.batch_norm_explains_gain,
    gain.no_gain,
    gain.too_few,
    gain.source_lost,
    prediction.overconfident,
)

NEED_LABELS = frozenset(
    {
        prediction.classes_swapped,
        prediction.classes_misnamed,
        prediction.classes_swallowed,
        gain.negative_transfer,
        training.overtrained,
        domain.label_shift,
        domain.separable_yet_better,
        gain.batch_norm_explains_gain,
        gain.no_gain,
        gain.too_few,
        prediction.overconfident,
    }
)
"""Of these, the checks that look at the target's labels."""
