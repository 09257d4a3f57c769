"""Findings about what is predicted on the target: classes that vanish or change places, and confidences."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from da_core.evaluation.collapse import misnamed, predicted_classes, swallowed, swapped
from da_core.evaluation.diagnosis.facts import Facts
from da_core.evaluation.metrics import calibrated_error
from da_core.events import Change, Finding
from da_core.networks import networks
from da_core.networks.head_kinds import heads

FEW = 0.5
"""Predicted classes count as collapsed when fewer than this share of those before are left."""
ADVICE = "Give the method less weight, a smaller learning rate or fewer epochs."
OVERCONFIDENT = 0.15
"""An expected calibration error with which confidences mislead."""


def collapsed(facts: Facts) -> Finding | None:
    """Find predictions that fell to one class or to few.

    Where they were no better before adapting it is not adapting that did it, and nothing is said.
    """
    classes = facts.result.classes
    if len(np.unique(facts.after)) == 1 < len(np.unique(facts.before)):
        return Finding(
            name="collapsed",
            title="The method has collapsed.",
            evidence="After adapting, every target sample is predicted as “{name}”.",
            advice=ADVICE,
            values={"name": classes[int(facts.after[0])]},
        )
    was, now = predicted_classes(facts.before), predicted_classes(facts.after)
    if now >= FEW * was:
        return None
    return Finding(
        name="collapsed",
        title="The method has collapsed, unless the target really has so few classes.",
        evidence="After adapting, the predictions on the target cover about {now} of {count} classes; before, {was}.",
        advice=ADVICE,
        values={"now": round(now), "was": round(was), "count": len(classes)},
    )


def classes_swapped(facts: Facts) -> Finding | None:
    """Find classes that changed places."""
    result = facts.result
    pairs = swapped(result.source_only.scored.confusion, result.adapted.scored.confusion)
    if not pairs:
        return None
    return Finding(
        name="classes_swapped",
        title="Classes have swapped places.",
        evidence=(
            "After adapting, most target samples of each class are predicted as the other; before, they were not: "
            "{pairs}."
        ),
        advice=(
            "The domains now match, but with the wrong classes on top of each other. Give the method less weight, or "
            "choose one that matches class by class."
        ),
        values={"pairs": "; ".join(f"{result.classes[i]} ↔ {result.classes[j]}" for i, j in pairs)},
        uses_target_labels=True,
    )


def classes_misnamed(facts: Facts) -> Finding | None:
    """Find classes most of each of which is taken for one other, each for a different one, also if it was so before."""
    result = facts.result
    pairs = misnamed(result.adapted.scored.confusion)
    if len(pairs) < 2 or classes_swapped(facts) is not None:
        return None
    return Finding(
        name="classes_misnamed",
        title="Classes swap names on the target.",
        evidence="After adapting, most samples of each class are predicted as another class: {pairs}.",
        advice=(
            "What looks alike in both domains does not define the class, such as the light of a place at night. More "
            "training or more weight does not help. Use an input that the shift cannot change, or a few labels."
        ),
        values={"pairs": "; ".join(f"{result.classes[i]} → {result.classes[j]}" for i, j in pairs)},
        uses_target_labels=True,
        changes=tuple(_ways_to_right_names(facts)),
    )


def classes_swallowed(facts: Facts) -> Finding | None:
    """Find classes for which several others are taken: by the method's doing, or because the network sees no more."""
    result = facts.result
    merged = swallowed(result.adapted.scored.confusion)
    if not merged or collapsed(facts) is not None or classes_misnamed(facts) is not None:
        return None
    by_method = not swallowed(result.source_only.scored.confusion)
    names = "; ".join(
        f"{', '.join(result.classes[i] for i in lost)} → {result.classes[j]}" for j, lost in merged.items()
    )
    return Finding(
        name="classes_swallowed",
        title="Some classes absorb others on the target.",
        evidence="Most samples of each of these classes are predicted as the same class: {groups}.",
        advice=ADVICE
        if by_method
        else "It was like this before adapting: in these features, what the shift changes, such as the light, counts "
        "more than what separates the classes. A method that only moves or weights them cannot restore that. Use "
        "an input that the shift cannot change, or a few labels.",
        values={"groups": names},
        uses_target_labels=True,
        changes=() if by_method else tuple(_ways_to_right_names(facts)),
    )


def _ways_to_right_names(facts: Facts) -> Iterator[Change]:
    experiment = facts.experiment
    if facts.learns and networks()[experiment.network.name].takes == {"pictures"}:
        yield Change(
            reason=(
                "The network has learned the light together with the classes; edges of the logarithm of a picture "
                "are the same in any light."
            ),
            label="Use log edges, scaled in each domain, and CORAL",
            settings={"network": "log_edges", "prepare": "zscore_domain", "method": "coral"},
        )
    if experiment.method.name != "fine_tuning":
        yield Change(
            reason="A few target labels show which class is which.",
            label="Fine-tune on a few target labels",
            settings={"method": "fine_tuning"},
        )


def overconfident(facts: Facts) -> Finding | None:
    """Find confidences on the target that promise too much; those of an SVM or a neighbour promise nothing.

    Few samples alone make an error: it must be larger than a calibrated model's, too.
    """
    calibration = facts.result.adapted.scored.calibration
    if not heads()[facts.experiment.head.name].calibrated or calibration is None:
        return None
    if calibration.error < max(OVERCONFIDENT, calibrated_error(calibration.bins)):
        return None
    sure = sum(b.count * b.confidence for b in calibration.bins) / sum(b.count for b in calibration.bins)
    accuracy = facts.result.adapted.scored.accuracy
    if sure < accuracy:
        return None
    return Finding(
        name="overconfident",
        title="The adapted model is too confident.",
        evidence=(
            "On the target its mean confidence is {sure:.0%}, but it is right in {accuracy:.0%} of all cases "
            "(expected calibration error {error:.2f})."
        ),
        advice="Do not use its confidence there as a probability or as a reason to trust pseudo-labels.",
        values={"sure": sure, "accuracy": accuracy, "error": calibration.error},
        uses_target_labels=True,
    )
