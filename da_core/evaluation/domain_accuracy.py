"""Losses and accuracies of a training, read from its events, and what a domain classifier's accuracy means."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from da_core.events import Accuracies, Losses, Notice, Phase

History = Sequence[Losses | Accuracies]

CERTAIN, CHANCE = 0.95, 0.6
"""Accuracies of a domain classifier that has won, and of one that does hardly better than chance."""
_EARLY_SHARE = 0.5
"""Share of the training in which a domain classifier may be certain: the weight of its loss is still growing."""
_HIGH, _BELOW_BEST = 0.85, 0.05
"""A domain classifier's accuracy that is high, and how far it must lie below its best to have become worse."""
_SWING_DEVIATION = 0.15
"""Standard deviation over the last epochs of an accuracy that settles nowhere."""
_TARGET_GAIN = 0.02
"""Of target accuracy over source only, to count."""


def losses(history: History, phase: Phase, term: str) -> list[float]:
    """Read one loss term of a phase: its last value in each epoch."""
    by_epoch = {
        math.ceil(event.epoch): event.terms[term]
        for event in history
        if isinstance(event, Losses) and event.phase == phase and term in event.terms
    }
    return list(by_epoch.values())


def accuracies(history: History, phase: Phase, name: str) -> list[float]:
    """Read the accuracy on ``source`` or ``target``, or of ``domain``, at the end of each epoch of a phase."""
    of_phase = (event for event in history if isinstance(event, Accuracies) and event.phase == phase)
    return [event.values[name] for event in of_phase if name in event.values]


def interpret(history: History, progress: float) -> Notice | None:
    """Say what the domain classifier's accuracy means just now; None without one. ``progress``: share of training done.

    A number alone says little: chance accuracy is what the game aims at, and also what a classifier shows that never
    learned. So this looks at where it comes from, at the class loss beside it, and, where the target has labels, at
    whether its accuracy has risen over source only's.
    """
    by_epoch = accuracies(history, "adapt", "domain")
    if not by_epoch:
        return None
    now, best = by_epoch[-1], max(by_epoch)
    values = {"now": now, "high": best}
    if _swings(by_epoch[-4:]):
        return Notice(
            "The domain classifier's accuracy swings: it and the features chase each other. If this goes on, use a "
            "smaller learning rate."
        )
    if (now >= CERTAIN and progress > _EARLY_SHARE) or (now >= _HIGH and progress >= 1):
        return Notice(
            "The domain classifier is winning: it is still right in {now:.0%} of all cases, so the features have not "
            "learned to fool it. Give the method more weight or more epochs.",
            values,
        )
    if now >= _HIGH:
        return Notice(
            "The domain classifier can still separate source and target ({now:.0%}). This is normal at the start; it "
            "should become harder as training goes on.",
            values,
        )
    if now > CHANCE and now > best - _BELOW_BEST:
        return Notice(
            "The domain classifier is right in {now:.0%} of all cases, about as often as at its best: the domains do "
            "not mix.",
            values,
        )
    if now > CHANCE:
        return Notice(
            "The domain classifier finds it harder to separate source and target ({high:.0%} at best, now "
            "{now:.0%}): the features begin to fool it.",
            values,
        )
    if now < 1 - CHANCE:
        return Notice(
            "The domain classifier is below chance ({now:.0%}): the features have just overtaken it. This is normal "
            "for a moment; if it lasts, use a smaller learning rate.",
            values,
        )
    if best <= CHANCE and len(by_epoch) >= 3:
        return Notice(
            "The domain classifier has been at chance level from the start, never above {high:.0%}. Either the "
            "domains are alike, or it does not learn and its accuracy says nothing: check the proxy A-distance.",
            values,
        )
    return _interpret_chance(history, values)


def _interpret_chance(history: History, values: dict[str, float]) -> Notice:
    """Say what an accuracy near chance means: it is the aim, unless the classes have paid for it."""
    class_loss = losses(history, "adapt", "class")
    if len(class_loss) >= 3 and class_loss[-1] > max(1.5 * min(class_loss), min(class_loss) + 0.2):
        return Notice(
            "The domain classifier is hardly above chance ({now:.0%}), but the class loss is rising: the features "
            "mix at the cost of what separates the classes. Give the method less weight.",
            values,
        )
    target, before = (accuracies(history, phase, "target") for phase in ("adapt", "source_only"))
    if not target or not before:
        return Notice(
            "The method's own domain classifier is fooled ({now:.0%}) and the class loss stays low, which is a good "
            "sign. A fresh classifier on the Features screen shows whether the domains really mix.",
            values,
        )
    if target[-1] > before[-1] + _TARGET_GAIN:
        return Notice(
            "The method's own domain classifier is fooled ({now:.0%}), the class loss stays low and target accuracy "
            "has risen. A fresh classifier on the Features screen shows whether the domains really mix.",
            values,
        )
    return Notice(
        "The domain classifier is hardly above chance ({now:.0%}), but target accuracy has not risen: the domains "
        "may overlap with the wrong classes on top of each other.",
        values,
    )


def _swings(recent: Sequence[float]) -> bool:
    """Tell whether four epochs went up and down by turns, and far."""
    ups = np.sign(np.diff(recent))
    return len(recent) == 4 and bool((np.diff(ups) != 0).all()) and float(np.std(recent)) > _SWING_DEVIATION
