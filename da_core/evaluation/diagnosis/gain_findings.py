"""Findings about what adapting changed: nothing to gain, nothing gained, or something lost."""

from __future__ import annotations

from collections.abc import Iterator

from da_core.evaluation import domain_accuracy
from da_core.evaluation.diagnosis.domain_findings import label_shift
from da_core.evaluation.diagnosis.facts import Facts
from da_core.evaluation.diagnosis.prediction_findings import collapsed
from da_core.evaluation.diagnosis.training_findings import not_finished, not_learned
from da_core.events import Change, Finding
from da_core.networks.preparation import steps_apart

NOTICEABLE = 0.03
"""A difference of accuracies that is worth a word."""
ALIKE = 0.1
"""A lower end of the proxy A-distance's interval that speaks for no difference."""


def nothing_to_adapt(facts: Facts) -> Finding | None:
    """Find source only as good as the oracle within chance, or domains that cannot be separated.

    Domains may look alike and yet label the same samples otherwise: where the oracle, or source only on the source, is
    better beyond chance, nothing is said.
    """
    result = facts.result
    target, source, shift = result.source_only.target, result.source_only.source, result.shift.before
    low, high = (None, None) if target is None else target.intervals.get("accuracy", (None, None))
    title = "There is hardly anything to adapt."
    advice = "Keep source only: any difference that a method makes here is chance or harm."
    if target is not None and high is not None and result.oracle is not None and result.oracle.target is not None:
        oracle = result.oracle.target.accuracy
        if oracle > high or not_learned(facts) is not None:
            return None
        return Finding(
            name="nothing_to_adapt",
            title=title,
            evidence=(
                "Source only reaches {accuracy:.1%} on the target ({low:.1%} to {high:.1%}); training on the "
                "target's own labels reaches {oracle:.1%}."
            ),
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
        evidence=(
            "Before adapting, a classifier cannot separate the domains: proxy A-distance {distance:.2f} ({low:.2f} "
            "to {high:.2f})."
        ),
        advice=advice,
        values={"distance": shift.proxy_a_distance, "low": least, "high": most},
        uses_target_labels=target is not None,
    )


def negative_transfer(facts: Facts) -> Finding | None:
    """Find a target accuracy that fell, by more than chance."""
    if facts.gain.interval[1] >= 0:
        return None
    return Finding(
        name="negative_transfer",
        title="Negative transfer: adapting made the target worse.",
        evidence=(
            "Target accuracy fell from {before:.1%} to {after:.1%}: {broken} samples became wrong and {fixed} became "
            "right."
        ),
        advice=(
            "Use source only, give the method less weight, or try another family: the comparison on the Data screen "
            "shows which one suits this shift."
        ),
        values={
            "before": facts.result.source_only.scored.accuracy,
            "after": facts.result.adapted.scored.accuracy,
            "broken": facts.gain.broken,
            "fixed": facts.gain.fixed,
        },
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
        evidence=(
            "Accuracy changed by {points:+.1f} points on {count} target samples (95% confidence interval {low:+.1f} "
            "to {high:+.1f})."
        ),
        advice="Score on more target samples, or repeat the experiment over several seeds (Stability).",
        values={"points": 100 * gain.accuracy, "count": gain.count, "low": 100 * low, "high": 100 * high},
        uses_target_labels=True,
        changes=tuple(_reasons_for_no_gain(facts)),
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
        title="Batch norm brought most of the gain.",
        evidence=(
            "Target accuracy is {before:.1%} with source only, {alone:.1%} with batch-norm statistics of the target, "
            "and {after:.1%} adapted."
        ),
        advice="Compare methods with the second number, not the first; AdaBN may be all you need.",
        values={"before": before, "alone": alone, "after": after},
        uses_target_labels=True,
    )


def source_lost(facts: Facts) -> Finding | None:
    """Find a source that the adapted model is worse on, unless weights neglect the source on purpose."""
    gain, result = facts.result.gain["source"], facts.result
    if facts.family in {"control", "reweighting"} or gain.interval[1] > -NOTICEABLE / 2 or gain.accuracy > -NOTICEABLE:
        return None
    return Finding(
        name="source_lost",
        title="The model has partly forgotten the source.",
        evidence="Source accuracy fell from {before:.1%} to {after:.1%}.",
        advice="Keep the source-only model for the source. If one model must serve both, give the method less weight.",
        values={"before": result.source_only.source.accuracy, "after": result.adapted.source.accuracy},
    )


def no_gain(facts: Facts) -> Finding | None:
    """Find a change of target accuracy that is not significant, and its possible reason."""
    low, high = facts.gain.interval
    if facts.family == "control" or not low <= 0 <= high:
        return None
    graver = (nothing_to_adapt, not_learned, not_finished, collapsed, too_few)
    if any(check(facts) is not None for check in graver):
        return None
    return Finding(
        name="no_gain",
        title="No gain beyond chance.",
        evidence=(
            "Target accuracy went from {before:.1%} to {after:.1%}: {points:+.1f} points (95% confidence interval "
            "{low:+.1f} to {high:+.1f})."
        ),
        advice="Change one thing at a time, starting with the likeliest reason.",
        values={
            "before": facts.result.source_only.scored.accuracy,
            "after": facts.result.adapted.scored.accuracy,
            "points": 100 * facts.gain.accuracy,
            "low": 100 * low,
            "high": 100 * high,
        },
        uses_target_labels=True,
        changes=tuple(_reasons_for_no_gain(facts)),
    )


def _reasons_for_no_gain(facts: Facts) -> Iterator[Change]:
    before, experiment = facts.result.shift.before, facts.experiment
    if steps_apart(facts.result.recipe.get("prepare", [])):
        yield Change(
            reason=(
                "Each domain was scaled by its own statistics, which removes a shift that weights or alignment could "
                "correct."
            ),
            label="Scale both domains by the source",
            settings={"prepare": "zscore_source"},
        )
    elif before.intervals.get("proxy_a_distance", (1.0, 1.0))[0] <= ALIKE:
        yield Change(
            reason=(
                "The features hardly separated the domains before adapting (proxy A-distance {distance:.2f}). The "
                "difference may be in what the classes mean, which only target labels can show."
            ),
            label="Fine-tune on a few target labels",
            values={"distance": before.proxy_a_distance},
            settings={"method": "fine_tuning"},
        )
    yield from _another_family(facts)
    if domain_accuracy.losses(facts.history, "adapt", "class"):
        epochs = str(2 * experiment.training.epochs)
        yield Change(
            reason="Too few epochs: the features were still moving.",
            label="Train for {epochs} epochs",
            values={"epochs": epochs},
            settings={"training.epochs": epochs},
        )


def _another_family(facts: Facts) -> Iterator[Change]:
    """Another kind of shift than the method is for, as far as the numbers tell one."""
    if facts.family == "reweighting":
        yield Change(
            reason="Another kind of shift: weights move no sample, but the domains may look different.",
            label="Align the features with CORAL",
            settings={"method": "coral"},
        )
    elif label_shift(facts) is not None:
        yield Change(
            reason="Another kind of shift: the target has other class proportions.",
            label="Reweight the classes with EM",
            settings={"method": "em_prior"},
        )
    elif facts.experiment.method.name != "deep_jdot" and facts.learns:
        yield Change(
            reason="Another kind of shift: each class may have moved in its own way.",
            label="Match class by class with DeepJDOT",
            settings={"method": "deep_jdot"},
        )
