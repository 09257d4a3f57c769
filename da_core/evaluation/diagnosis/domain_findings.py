"""Findings about the distance between the domains, and about a domain classifier's accuracy."""

from __future__ import annotations

import numpy as np

from da_core.evaluation import domain_accuracy
from da_core.evaluation.diagnosis.facts import Facts
from da_core.events import Change, Finding

FAR_APART = 1.8
"""A proxy A-distance at which the domains are still told apart nearly always."""
DISTINGUISHABLE = 1.0
"""A proxy A-distance at which a domain classifier that learns is better than chance."""
LABEL_SHIFT = 0.1
"""Share of the samples that would have to change class for both domains to have the same proportions."""


def domain_classifier_won(facts: Facts) -> Finding | None:
    """Find a domain classifier that was certain to the end: the features never learned to deceive it."""
    domain = domain_accuracy.accuracies(facts.history, "adapt", "domain")
    late = domain[len(domain) // 2 :]
    if len(domain) < 4 or min(late) < domain_accuracy.CERTAIN:
        return None
    return Finding(
        name="domain_classifier_won",
        title="The domain classifier has won.",
        evidence="In the second half of training it was right in at least {least:.0%} of all cases.",
        advice="Give the method more weight or more epochs, or train with a smaller learning rate, so that the feature "
        "extractor can keep up.",
        values={"least": min(late)},
    )


def domain_classifier_died(facts: Facts) -> Finding | None:
    """Find a domain classifier at chance from the start, while a fresh one separates the domains."""
    domain, distance = (
        domain_accuracy.accuracies(facts.history, "adapt", "domain"),
        facts.result.shift.after.proxy_a_distance,
    )
    if len(domain) < 4 or max(domain) > domain_accuracy.CHANCE or distance < DISTINGUISHABLE:
        return None
    return Finding(
        name="domain_classifier_died",
        title="The domain classifier never learned.",
        evidence=(
            "It was never right in more than {most:.0%} of all cases, but a fresh one separates the domains (proxy "
            "A-distance {distance:.2f})."
        ),
        advice=(
            "Here chance accuracy does not mean that the domains mix. Give the method less weight or a smaller "
            "learning rate, so that the classifier can learn."
        ),
        values={"most": max(domain), "distance": distance},
    )


def far_apart(facts: Facts) -> Finding | None:
    """Find features that alignment has not brought together; those that were never apart may come apart by the map.

    A deep method often leaves them apart for a linear domain classifier and yet puts each class on its own: where
    target accuracy has risen beyond doubt, nothing is said.
    """
    shift = facts.result.shift
    were_apart = shift.before.proxy_a_distance >= DISTINGUISHABLE
    if facts.family != "alignment" or shift.after.proxy_a_distance < FAR_APART or not were_apart:
        return None
    if (gain := facts.result.gain.get("target")) is not None and gain.interval[0] > 0:
        return None
    return Finding(
        name="far_apart",
        title="The domains are still far apart.",
        evidence=(
            "The proxy A-distance is {after:.2f} after adapting and {before:.2f} before; at 2 the domains can always "
            "be separated."
        ),
        advice="Give the method more weight or more epochs, or choose a stronger one. If all fail, the gap is too wide "
        "for alignment: label a few target samples and fine-tune.",
        values={"after": shift.after.proxy_a_distance, "before": shift.before.proxy_a_distance},
    )


def label_shift(facts: Facts) -> Finding | None:
    """Find class proportions that differ, under a method that matches the domains as wholes.

    Zhao et al. 2019, theorem 4.1. A χ² test on the held-out samples says that the difference is no chance.
    """
    from scipy.stats import chi2_contingency

    scores = facts.result.source_only
    counts = np.array([[each.support for each in domain.per_class] for domain in (scores.source, scores.scored)])
    counts = counts[:, counts.sum(axis=0) > 0]
    shares = counts / counts.sum(axis=1, keepdims=True)
    distance = float(np.abs(shares[0] - shares[1]).sum() / 2)
    if facts.family != "alignment" or distance < LABEL_SHIFT or chi2_contingency(counts).pvalue > 0.01:
        return None
    return Finding(
        name="label_shift",
        title="The target has other class proportions, but alignment assumes equal ones.",
        evidence="{distance:.0%} of the samples would have to change class to make the proportions equal.",
        advice="Reweight by class first (BBSE, RLLS or EM), or choose a method that matches class by class.",
        values={"distance": distance},
        uses_target_labels=True,
    )


def separable_yet_better(facts: Facts) -> Finding | None:
    """Find domains that a fresh classifier separates although the method's own was fooled and accuracy rose."""
    domain, shift = domain_accuracy.accuracies(facts.history, "adapt", "domain"), facts.result.shift
    fooled = facts.family == "alignment" and bool(domain) and domain[-1] <= domain_accuracy.CHANCE
    if not fooled or shift.after.proxy_a_distance < DISTINGUISHABLE or facts.gain.interval[0] <= 0:
        return None
    if domain_classifier_died(facts) is not None:
        return None
    settings = {"training.epochs": str(2 * facts.experiment.training.epochs)}
    return Finding(
        name="separable_yet_better",
        title="The domains can still be separated, but accuracy has risen.",
        evidence=(
            "The method's own domain classifier is fooled (right in {now:.0%} of all cases); a fresh one separates "
            "the domains (proxy A-distance {before_distance:.2f} before, {distance:.2f} after). Target accuracy rose "
            "from {before:.1%} to {after:.1%}."
        ),
        advice=(
            "Both are true. A fresh classifier uses everything that reveals the domain, even what does not matter "
            "for the classes. The method's own classifier has to follow moving features and is weaker. Accuracy "
            "rises because each class moves closer to its counterpart."
        ),
        values={
            "now": domain[-1],
            "distance": shift.after.proxy_a_distance,
            "before_distance": shift.before.proxy_a_distance,
            "before": facts.result.source_only.scored.accuracy,
            "after": facts.result.adapted.scored.accuracy,
        },
        uses_target_labels=True,
        changes=(
            Change(
                reason="The features were still moving.",
                label="Train for {epochs} epochs",
                values={"epochs": settings["training.epochs"]},
                settings=settings,
            ),
        ),
    )
