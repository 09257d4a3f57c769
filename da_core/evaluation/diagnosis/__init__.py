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
    possible = (check for check, needs_labels in CHECKS.items() if facts.result.target_scored or not needs_labels)
    return [finding for check in possible if (finding := check(facts)) is not None]


CHECKS: dict[Callable[[Facts], Finding | None], bool] = {
    training.diverged: False,
    training.not_learned: False,
    training.not_finished: False,
    gain.nothing_to_adapt: False,
    prediction.collapsed: False,
    prediction.classes_swapped: True,
    prediction.classes_misnamed: True,
    prediction.classes_swallowed: True,
    gain.negative_transfer: True,
    training.fine_tuning_idle: False,
    training.overtrained: True,
    weight.shift_scaled_away: False,
    weight.weights_concentrated: False,
    domain.domain_classifier_won: False,
    domain.domain_classifier_died: False,
    domain.label_shift: True,
    domain.far_apart: False,
    domain.separable_yet_better: True,
    gain.batch_norm_explains_gain: True,
    gain.no_gain: True,
    gain.too_few: True,
    gain.source_lost: False,
    prediction.overconfident: True,
}
"""The checks, the gravest first, and whether each looks at the target's labels."""
