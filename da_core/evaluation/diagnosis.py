"""Diagnose a finished run from its own numbers: one finding a function, and each has a test on a planted case.

The bounds are chosen so that a run that went well has no finding: they are about what is beyond doubt, not about what
might be.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from da_core.evaluation import domain_accuracy
from da_core.evaluation.collapse import collapse, swaps
from da_core.events import LIVE, DomainScores, Finding, Gain, Phase, Result
from da_core.experiment import Experiment
from da_core.methods.base import Family
from da_core.networks.head_kinds import heads
from da_core.networks.preparation import steps_apart

FAR_APART = 1.8
"""A proxy A-distance at which the domains are still told apart nearly always."""
FEW_EFFECTIVE = 0.05
"""Share of the samples left as effective sample size, below which weights are not to be trusted."""
LARGEST_SHARE = 0.1
"""Of all weight on one sample."""
DISTINGUISHABLE = 1.0
"""A proxy A-distance at which a domain classifier that learns is better than a coin."""
LABEL_SHIFT = 0.1
"""Share of the samples that would have to change class for both domains to have the same proportions."""
NOTICEABLE = 0.03
"""A difference of accuracies that is worth a word."""
PAST_PEAK = 0.07
"""Accuracy lost since the best epoch. The best of many epochs is partly luck, so this is more than `NOTICEABLE`."""
POORLY_KNOWN = 0.8
"""Accuracy on the source below which training may have been too short."""
UNLEARNED_LOSS, STILL_FALLING = 0.3, 0.95
"""A class loss that leaves something to learn, and the share of an earlier one to which it must have fallen."""
OVERCONFIDENT = 0.15
"""An expected calibration error with which confidences mislead."""


@dataclass(frozen=True)
class Facts:
    """What a diagnosis rests on. ``before``, ``after``: predictions (n,) of the held-out target samples.

    ``diverged``: for each phase that ended because its numbers were no longer finite, its last good epoch.
    """

    experiment: Experiment
    family: Family
    few: int
    """Labelled target samples that the method saw."""
    result: Result
    history: domain_accuracy.History
    before: NDArray[np.int64]
    after: NDArray[np.int64]
    diverged: dict[Phase, float]

    @property
    def gain(self) -> Gain:
        """On the target, for the checks that need its labels."""
        return self.result.gain["target"]


def diagnose(facts: Facts) -> list[Finding]:
    """List the findings, the gravest first; without labels of the target some checks are left out."""
    possible = [check for check in CHECKS if facts.result.target_scored or check not in NEED_LABELS]
    return [finding for check in possible if (finding := check(facts)) is not None]


def diverged(facts: Facts) -> Finding | None:
    """Find training that blew up, whether its numbers became infinite or only large."""
    for epoch in facts.diverged.values():
        return Finding(
            name="diverged",
            title="Training diverged.",
            evidence="The loss was no longer a finite number after epoch {epoch:.0f}; what had been learned by then "
            "was kept.",
            advice=_SMALLER_STEPS,
            values={"epoch": epoch},
        )
    for phase in ("source_only", "adapt"):
        loss = domain_accuracy.losses(facts.history, phase, "class")
        if len(loss) >= 3 and loss[-1] > max(2 * min(loss), min(loss) + 0.5):
            return Finding(
                name="diverged",
                title="Training diverged.",
                evidence="The class loss had fallen to {least:.2f} and ended at {last:.2f}.",
                advice=_SMALLER_STEPS,
                values={"least": min(loss), "last": loss[-1]},
            )
    return None


def nothing_to_adapt(facts: Facts) -> Finding | None:
    """Find source only as good as the oracle within chance, or domains that cannot be told apart.

    Domains may look alike and yet label the same samples otherwise: where the oracle, or source only on the source, is
    better beyond chance, nothing is said.
    """
    result = facts.result
    target, source, shift = result.source_only.target, result.source_only.source, result.shift.before
    low, high = (None, None) if target is None else target.intervals.get("accuracy", (None, None))
    title = "There is hardly anything to adapt."
    advice = "Keep source only: a difference that a method makes here is chance, or harm."
    if target is not None and high is not None and result.oracle is not None and result.oracle.target is not None:
        oracle = result.oracle.target.accuracy
        if oracle > high or not_learned(facts) is not None:
            return None
        return Finding(
            name="nothing_to_adapt",
            title=title,
            evidence="Source only reaches {accuracy:.1%} on the target ({low:.1%} to {high:.1%}), and with the "
            "target's own labels {oracle:.1%} are reached.",
            advice=advice,
            values={"accuracy": target.accuracy, "low": low, "high": high, "oracle": oracle},
            uses_target_labels=True,
        )
    apart = [shift.intervals.get(name, (1.0, 1.0))[0] > 0 for name in ("proxy_a_distance", "mmd")]
    worse = high is not None and source.intervals.get("accuracy", (0.0, 1.0))[0] > high
    if any(apart) or worse or not_learned(facts) is not None:
        return None
    least, most = shift.intervals["proxy_a_distance"]
    return Finding(
        name="nothing_to_adapt",
        title=title,
        evidence="A classifier cannot tell the domains apart before adapting: proxy A-distance {distance:.2f} "
        "({low:.2f} to {high:.2f}).",
        advice=advice,
        values={"distance": shift.proxy_a_distance, "low": least, "high": most},
        uses_target_labels=target is not None,
    )


def not_finished(facts: Facts) -> Finding | None:
    """Find a training that was cut off while it learned: the class loss still fell, and the source is poorly known."""
    models: tuple[tuple[Phase, DomainScores], ...] = (
        ("source_only", facts.result.source_only),
        ("adapt", facts.result.adapted),
    )
    for phase, scores in models:
        loss, accuracy = domain_accuracy.losses(facts.history, phase, "class"), scores.source.accuracy
        epochs = max(1, len(loss) // 4)
        if len(loss) <= epochs or accuracy >= POORLY_KNOWN or facts.few:
            continue
        earlier, last = loss[-1 - epochs], loss[-1]
        if last < UNLEARNED_LOSS or last > STILL_FALLING * earlier:
            continue
        return Finding(
            name="not_finished",
            title="Training had not finished.",
            evidence="The class loss still fell from {earlier:.2f} to {last:.2f} in the last {epochs} epochs, and "
            "accuracy on the source is {accuracy:.0%}.",
            advice="Train for more epochs: all numbers here are of a network that was still learning.",
            values={"earlier": earlier, "last": last, "epochs": epochs, "accuracy": accuracy},
        )
    return None


_SMALLER_STEPS = "Choose a smaller learning rate, or give the method less weight."


def not_learned(facts: Facts) -> Finding | None:
    """Find a source classifier no better than chance on its own domain: there is nothing to transfer."""
    source = facts.result.source_only.source
    chance = 1 / max(sum(one.support > 0 for one in source.per_class), 1)
    if source.intervals["balanced_accuracy"][0] > chance:
        return None
    return Finding(
        name="not_learned",
        title="Source only has not learned the source.",
        evidence="On the source's own held-out samples its balanced accuracy is {accuracy:.0%}; guessing reaches "
        "{chance:.0%}.",
        advice="Train for more epochs, try another learning rate or a larger network. What was not learned cannot be "
        "carried over.",
        values={"accuracy": source.balanced_accuracy, "chance": chance},
    )


def fine_tuning_idle(facts: Facts) -> Finding | None:
    """Find fine-tuning whose loss on the labelled few hardly fell."""
    loss = domain_accuracy.losses(facts.history, "adapt", "class")
    if not facts.few or not loss or loss[-1] < 0.3 or loss[-1] < 0.7 * loss[0]:
        return None
    return Finding(
        name="fine_tuning_idle",
        title="Fine-tuning has learned next to nothing.",
        evidence="The loss on {few} labelled target samples was {first:.2f} in the first epoch and {last:.2f} in the "
        "last; {changed:.0%} of the target's predictions changed.",
        advice="Raise the learning rate or the epochs, or freeze less.",
        values={
            "few": facts.few,
            "first": loss[0],
            "last": loss[-1],
            "changed": float((facts.before != facts.after).mean()),
        },
    )


def overtrained(facts: Facts) -> Finding | None:
    """Find held-out target accuracy that was clearly better in an earlier epoch: overfitted, or trained for too long.

    Only reported, never used to choose an epoch: that would be choosing by the target's labels.
    """
    target = domain_accuracy.accuracies(facts.history, "adapt", "target")
    if len(target) < 2:
        return None
    best, last = max(target), target[-1]
    noise = 3 * math.sqrt(max(best * (1 - best), 0.01) / min(LIVE, facts.gain.count))
    if best - last < max(PAST_PEAK, noise):
        return None
    values = {"best": best, "last": last, "epoch": target.index(best) + 1, "few": facts.few}
    evidence = "Held-out target accuracy was {best:.0%} after epoch {epoch} and {last:.0%} at the end."
    if facts.few:
        return Finding(
            name="fine_tuning_overfitted",
            title="Fine-tuning has overfitted its {few} labelled samples.",
            evidence=evidence,
            advice="Take fewer epochs, freeze more layers, hold the weights to their start (L2-SP), or label more.",
            values=values,
            uses_target_labels=True,
        )
    return Finding(
        name="overtrained",
        title="Adapting went on for too long.",
        evidence=evidence,
        advice="Take fewer epochs or less weight, and do not choose the epoch by this curve: it is drawn from labels "
        "that you would not have.",
        values=values,
        uses_target_labels=True,
    )


def negative_transfer(facts: Facts) -> Finding | None:
    """Find a target accuracy that fell, by more than chance."""
    if facts.gain.interval[1] >= 0:
        return None
    return Finding(
        name="negative_transfer",
        title="Negative transfer: adapting has made the target worse.",
        evidence="Target accuracy fell from {before:.1%} to {after:.1%}; {broken} samples were broken and {fixed} "
        "fixed.",
        advice="Use source only, give the method less weight, or try another family: the Data screen's comparison says "
        "which one suits this shift.",
        values={
            "before": facts.result.source_only.scored.accuracy,
            "after": facts.result.adapted.scored.accuracy,
            "broken": facts.gain.broken,
            "fixed": facts.gain.fixed,
        },
        uses_target_labels=True,
    )


def collapsed(facts: Facts) -> Finding | None:
    """Find predictions that fell to one class or to few."""
    return collapse(facts.before, facts.after, facts.result.classes)


def classes_swapped(facts: Facts) -> Finding | None:
    """Find classes that changed places."""
    result = facts.result
    return swaps(result.source_only.scored.confusion, result.adapted.scored.confusion, result.classes)


def weights_concentrated(facts: Facts) -> Finding | None:
    """Find weights that rest on a handful of samples."""
    weights = facts.result.weights
    if weights is None:
        return None
    share = weights["effective_sample_size"] / weights["samples"]
    if share >= FEW_EFFECTIVE and weights["largest_share"] <= LARGEST_SHARE:
        return None
    return Finding(
        name="weights_concentrated",
        title="The weights are not to be trusted.",
        evidence="{samples:.0f} source samples count like {effective:.0f} ({share:.1%}); the heaviest has "
        "{largest:.0%} of all weight.",
        advice="Set a smaller largest weight, or choose an alignment method: reweighting needs domains that overlap.",
        values={
            "samples": weights["samples"],
            "effective": weights["effective_sample_size"],
            "share": share,
            "largest": weights["largest_share"],
        },
    )


def domain_classifier_won(facts: Facts) -> Finding | None:
    """Find a domain classifier that was certain to the end: the features never learned to deceive it."""
    domain = domain_accuracy.accuracies(facts.history, "adapt", "domain")
    late = domain[len(domain) // 2 :]
    if len(domain) < 4 or min(late) < domain_accuracy.CERTAIN:
        return None
    return Finding(
        name="domain_classifier_won",
        title="The domain classifier has won.",
        evidence="Through the second half of training it told source from target in at least {least:.0%} of all cases.",
        advice="Give the method more weight or more epochs, or train with a smaller learning rate, so that the feature "
        "extractor can keep up.",
        values={"least": min(late)},
    )


def domain_classifier_died(facts: Facts) -> Finding | None:
    """Find a domain classifier at a coin's accuracy from the start, while another one tells the domains apart."""
    domain, distance = (
        domain_accuracy.accuracies(facts.history, "adapt", "domain"),
        facts.result.shift.after.proxy_a_distance,
    )
    if len(domain) < 4 or max(domain) > domain_accuracy.CHANCE or distance < DISTINGUISHABLE:
        return None
    return Finding(
        name="domain_classifier_died",
        title="The domain classifier has died.",
        evidence="It was never right in more than {most:.0%} of all cases, though a fresh one tells the domains apart "
        "(proxy A-distance {distance:.2f}).",
        advice="Its coin's accuracy does not mean that the domains mix. Give the method less weight or a smaller "
        "learning rate, so that the classifier can learn.",
        values={"most": max(domain), "distance": distance},
    )


def far_apart(facts: Facts) -> Finding | None:
    """Find features that alignment has not brought together.

    A deep method often leaves them apart for a linear domain classifier and yet puts each class on its own: where
    target accuracy has risen beyond doubt, nothing is said.
    """
    shift = facts.result.shift
    if facts.family != "alignment" or shift.after.proxy_a_distance < FAR_APART:
        return None
    if (gain := facts.result.gain.get("target")) is not None and gain.interval[0] > 0:
        return None
    return Finding(
        name="far_apart",
        title="The domains still lie far apart.",
        evidence="Proxy A-distance {after:.2f} after adapting, {before:.2f} before; at 2 they are always told apart.",
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
    counts = np.array([[one.support for one in domain.per_class] for domain in (scores.source, scores.scored)])
    counts = counts[:, counts.sum(axis=0) > 0]
    shares = counts / counts.sum(axis=1, keepdims=True)
    distance = float(np.abs(shares[0] - shares[1]).sum() / 2)
    if facts.family != "alignment" or distance < LABEL_SHIFT or chi2_contingency(counts).pvalue > 0.01:
        return None
    return Finding(
        name="label_shift",
        title="The classes have other proportions in the target, and alignment assumes that they have not.",
        evidence="{distance:.0%} of the samples would have to change class for both domains to have the same shares.",
        advice="Reweight by class first (BBSE, RLLS or EM), or choose a method that matches class by class.",
        values={"distance": distance},
        uses_target_labels=True,
    )


def batch_norm_explains_gain(facts: Facts) -> Finding | None:
    """Find a gain that batch norm's statistics of the target bring alone."""
    result = facts.result
    if result.source_only_bn is None or facts.family == "control" or facts.experiment.method.name == "adabn":
        return None
    before, alone, after = (m.scored.accuracy for m in (result.source_only, result.source_only_bn, result.adapted))
    if alone - before < NOTICEABLE or after < before or alone - before < 0.5 * (after - before):
        return None
    return Finding(
        name="batch_norm_explains_gain",
        title="Batch norm has done most of the work.",
        evidence="Source only {before:.1%}, with batch norm's statistics of the target {alone:.1%}, adapted "
        "{after:.1%}.",
        advice="Compare methods with the second number, not with the first; AdaBN may be all you need.",
        values={"before": before, "alone": alone, "after": after},
        uses_target_labels=True,
    )


def source_lost(facts: Facts) -> Finding | None:
    """Find a source that the adapted model is worse on."""
    gain, result = facts.result.gain["source"], facts.result
    if facts.family == "control" or gain.interval[1] > -NOTICEABLE / 2 or gain.accuracy > -NOTICEABLE:
        return None
    return Finding(
        name="source_lost",
        title="The source has been partly unlearned.",
        evidence="Source accuracy fell from {before:.1%} to {after:.1%}.",
        advice="Keep the source-only model for the source. If one model must serve both, give the method less weight.",
        values={"before": result.source_only.source.accuracy, "after": result.adapted.source.accuracy},
    )


def overconfident(facts: Facts) -> Finding | None:
    """Find confidences on the target that promise too much; those of an SVM or a neighbour promise nothing."""
    calibration = facts.result.adapted.scored.calibration
    if not heads()[facts.experiment.head.name].calibrated or calibration is None or calibration.error < OVERCONFIDENT:
        return None
    sure = sum(b.count * b.confidence for b in calibration.bins) / sum(b.count for b in calibration.bins)
    accuracy = facts.result.adapted.scored.accuracy
    if sure < accuracy:
        return None
    return Finding(
        name="overconfident",
        title="The adapted model is surer than it should be.",
        evidence="On the target it is {sure:.0%} sure on average and right in {accuracy:.0%} of all cases (expected "
        "calibration error {error:.2f}).",
        advice="Do not use its confidence as a probability there, nor as a reason to trust pseudo-labels.",
        values={"sure": sure, "accuracy": accuracy, "error": calibration.error},
        uses_target_labels=True,
    )


def too_few(facts: Facts) -> Finding | None:
    """Find a gain or a loss that the held-out samples are too few to tell from nothing."""
    gain = facts.gain
    low, high = gain.interval
    if facts.family == "control" or not low < 0 < high or (high - low) / 2 < NOTICEABLE:
        return None
    return Finding(
        name="too_few",
        title="There are too few samples to tell whether adapting helped.",
        evidence="Accuracy changed by {points:+.1f} points on {count} target samples; anything from {low:+.1f} to "
        "{high:+.1f} fits (95 %).",
        advice="Score on more target samples, or repeat the experiment over several seeds (Stability).",
        values={"points": 100 * gain.accuracy, "count": gain.count, "low": 100 * low, "high": 100 * high},
        uses_target_labels=True,
    )


def shift_scaled_away(facts: Facts) -> Finding | None:
    """Find weights for a shift that the preparation of the rows has taken away."""
    apart = steps_apart(facts.result.recipe.get("prepare", []))
    if facts.family != "reweighting" or not apart:
        return None
    return Finding(
        name="shift_scaled_away",
        title="The preparation has taken away the shift that weights are for.",
        evidence="The step {steps} gives each domain a map of its own, after which both have the same mean and "
        "deviation.",
        advice="Prepare both domains by the source (zscore_source), or not at all.",
        values={"steps": ", ".join(apart)},
    )


CHECKS: tuple[Callable[[Facts], Finding | None], ...] = (
    diverged,
    not_learned,
    not_finished,
    nothing_to_adapt,
    collapsed,
    classes_swapped,
    negative_transfer,
    fine_tuning_idle,
    overtrained,
    shift_scaled_away,
    weights_concentrated,
    domain_classifier_won,
    domain_classifier_died,
    label_shift,
    far_apart,
    batch_norm_explains_gain,
    too_few,
    source_lost,
    overconfident,
)

NEED_LABELS = frozenset(
    {classes_swapped, negative_transfer, overtrained, label_shift, batch_norm_explains_gain, too_few, overconfident}
)
"""Of these, the checks that look at the target's labels."""
