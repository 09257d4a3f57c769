"""Findings about training itself: it blew up, was cut short, learned nothing, or went on for too long."""

from __future__ import annotations

import math

from da_core.evaluation import domain_accuracy
from da_core.evaluation.diagnosis.facts import Facts
from da_core.events import LIVE, DomainScores, Finding, Phase

POORLY_KNOWN = 0.8
"""Accuracy on the source below which training may have been too short."""
UNLEARNED_LOSS, STILL_FALLING = 0.3, 0.95
"""A class loss that leaves something to learn, and the share of an earlier one to which it must have fallen."""
PAST_PEAK = 0.07
"""Accuracy lost since the best epoch. The best of many epochs is partly luck, so this is more than `NOTICEABLE`."""
_SMALLER_STEPS = "Choose a smaller “Learning rate”, or give the method less weight."


def diverged(facts: Facts) -> Finding | None:
    """Find training that blew up, whether its numbers became infinite or only large."""
    for epoch in facts.diverged.values():
        return Finding(
            name="diverged",
            title="Training diverged.",
            evidence="The loss was no longer a finite number after epoch {epoch:.0f}; what was learned before is kept.",
            advice=_SMALLER_STEPS,
            values={"epoch": epoch},
        )
    for phase in ("source_only", "adapt"):
        loss = domain_accuracy.losses(facts.history, phase, "class")
        if len(loss) >= 3 and loss[-1] > max(2 * min(loss), min(loss) + 0.5):
            return Finding(
                name="diverged",
                title="Training diverged.",
                evidence="The class loss fell to {least:.2f} but ended at {last:.2f}.",
                advice=_SMALLER_STEPS,
                values={"least": min(loss), "last": loss[-1]},
            )
    return None


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
            title="Training was not finished.",
            evidence=(
                "In the last {epochs} epochs the class loss still fell from {earlier:.2f} to {last:.2f}; accuracy on "
                "the source is {accuracy:.0%}."
            ),
            advice="Train for more epochs: all numbers here come from a network that was still learning.",
            values={"earlier": earlier, "last": last, "epochs": epochs, "accuracy": accuracy},
        )
    return None


def not_learned(facts: Facts) -> Finding | None:
    """Find a source classifier no better than chance on its own domain: there is nothing to transfer.

    Weights choose what of the source is learned, so there a better target or a better adapted model speaks against it.
    """
    result = facts.result
    source = result.source_only.source
    chance = 1 / max(sum(scores.support > 0 for scores in source.per_class), 1)
    if source.intervals["balanced_accuracy"][0] > chance:
        return None
    if facts.family == "reweighting":
        gain = result.gain.get("target")
        if (gain is not None and gain.interval[0] > 0) or (
            result.adapted.source.intervals["balanced_accuracy"][0] > chance
        ):
            return None
    return Finding(
        name="not_learned",
        title="Source only has not learned the source.",
        evidence="Its balanced accuracy on held-out source samples is {accuracy:.0%}; guessing reaches {chance:.0%}.",
        advice=(
            "Train for more epochs, try another learning rate or a larger network. What was not learned cannot be "
            "transferred."
        ),
        values={"accuracy": source.balanced_accuracy, "chance": chance},
    )


def fine_tuning_idle(facts: Facts) -> Finding | None:
    """Find fine-tuning whose loss on the labelled few hardly fell."""
    loss = domain_accuracy.losses(facts.history, "adapt", "class")
    if not facts.few or not loss or loss[-1] < 0.3 or loss[-1] < 0.7 * loss[0]:
        return None
    return Finding(
        name="fine_tuning_idle",
        title="Fine-tuning learned almost nothing.",
        evidence="The loss on {few} labelled target samples was {first:.2f} in the first epoch and {last:.2f} in the "
        "last; {changed:.0%} of the target's predictions changed.",
        advice="Increase the learning rate or the epochs, or freeze fewer layers.",
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
            advice=(
                "Use fewer epochs, freeze more layers, hold the weights close to their start (L2-SP), or label more "
                "samples."
            ),
            values=values,
            uses_target_labels=True,
        )
    return Finding(
        name="overtrained",
        title="Adapting went on too long.",
        evidence=evidence,
        advice=(
            "Use fewer epochs or less weight. Do not choose the epoch by this curve: it uses labels that you would "
            "not have."
        ),
        values=values,
        uses_target_labels=True,
    )
