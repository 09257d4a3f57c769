"""Diagnose a finished run from its own numbers: one finding a function, and each has a test on a planted case.

The bounds are chosen so that a run that went well has no finding: they are about what is beyond doubt, not about what
might be.
"""

from __future__ import annotations

from collections.abc import Callable

from da_core.evaluation.diagnosis.domain_findings import (
    domain_classifier_died,
    domain_classifier_won,
    far_apart,
    label_shift,
    separable_yet_better,
)
from da_core.evaluation.diagnosis.facts import Facts
from da_core.evaluation.diagnosis.gain_findings import (
    batch_norm_explains_gain,
    negative_transfer,
    no_gain,
    nothing_to_adapt,
    source_lost,
    too_few,
)
from da_core.evaluation.diagnosis.prediction_findings import (
    classes_misnamed,
    classes_swallowed,
    classes_swapped,
    collapsed,
    overconfident,
)
from da_core.evaluation.diagnosis.training_findings import (
    diverged,
    fine_tuning_idle,
    not_finished,
    not_learned,
    overtrained,
)
from da_core.evaluation.diagnosis.weight_findings import shift_scaled_away, weights_concentrated
from da_core.events import Finding

__all__ = ["CHECKS", "Facts", "diagnose"]


def diagnose(facts: Facts) -> list[Finding]:
    """List the findings, the gravest first; without labels of the target some checks are left out."""
    possible = [check for check in CHECKS if facts.result.target_scored or check not in NEED_LABELS]
    return [finding for check in possible if (finding := check(facts)) is not None]


CHECKS: tuple[Callable[[Facts], Finding | None], ...] = (
    diverged,
    not_learned,
    not_finished,
    nothing_to_adapt,
    collapsed,
    classes_swapped,
    classes_misnamed,
    classes_swallowed,
    negative_transfer,
    fine_tuning_idle,
    overtrained,
    shift_scaled_away,
    weights_concentrated,
    domain_classifier_won,
    domain_classifier_died,
    label_shift,
    far_apart,
    separable_yet_better,
    batch_norm_explains_gain,
    no_gain,
    too_few,
    source_lost,
    overconfident,
)

NEED_LABELS = frozenset(
    {
        classes_swapped,
        classes_misnamed,
        classes_swallowed,
        negative_transfer,
        overtrained,
        label_shift,
        separable_yet_better,
        batch_norm_explains_gain,
        no_gain,
        too_few,
        overconfident,
    }
)
"""Of these, the checks that look at the target's labels."""
