"""How training went, read from its events; and what a domain classifier's accuracy means while it goes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from da_core.events import Accuracies, Losses, Notice, Phase

History = Sequence[Losses | Accuracies]

CERTAIN, CHANCE = 0.95, 0.6
"""Accuracies of a domain classifier that has won, and of one that does hardly better than a coin."""
_EARLY = 0.5
"""Share of the training in which a domain classifier may be certain: the weight of its loss is still growing."""
_TELLS, _FALLEN = 0.85, 0.05
"""A domain classifier's accuracy that is high, and how far it must lie below its best to have become worse."""
_SWING = 0.15
"""Standard deviation over the last epochs of an accuracy that settles nowhere."""
_RISEN = 0.02
"""Of target accuracy over source only, to count."""


def losses(history: History, phase: Phase, term: str) -> list[float]:
    """One loss term of a phase, its last value in each epoch."""
    by_epoch = {
        math.ceil(event.epoch): event.terms[term]
        for event in history
        if isinstance(event, Losses) and event.phase == phase and term in event.terms
    }
    return list(by_epoch.values())


def accuracies(history: History, phase: Phase, name: str) -> list[float]:
    """``source``, ``target`` or ``domain`` at the end of each epoch of a phase."""
    of_phase = (event for event in history if isinstance(event, Accuracies) and event.phase == phase)
    return [event.values[name] for event in of_phase if name in event.values]


def reading(history: History, progress: float) -> Notice | None:
    """What the domain classifier's accuracy says just now; None without one. ``progress``: share of training done.

    A number alone says little: a coin's accuracy is what the game aims at, and also what a classifier shows that never
    learned. So this looks at where it comes from, at the class loss beside it, and, where the target has labels, at
    whether its accuracy has risen over source only's.
    """
    course = accuracies(history, "adapt", "domain")
    if not course:
        return None
    now, high = course[-1], max(course)
    values = {"now": now, "high": high}
    if _swings(course[-4:]):
        return Notice(
            "The domain classifier's accuracy swings: it and the features chase each other. If it goes on like this, "
            "take a smaller learning rate."
        )
    if (now >= CERTAIN and progress > _EARLY) or (now >= _TELLS and progress >= 1):
        return Notice(
            "The domain classifier is winning: it is still right in {now:.0%} of all cases, so the features have not "
            "learned to deceive it. Give the method more weight or more epochs.",
            values,
        )
    if now >= _TELLS:
        return Notice(
            "The domain classifier still tells source from target ({now:.0%}). That is how it begins; it should "
            "become harder as training goes on.",
            values,
        )
    if now > CHANCE and now > high - _FALLEN:
        return Notice(
            "The domain classifier tells source from target in {now:.0%} of all cases, as well as it ever did: the two "
            "do not mix so far.",
            values,
        )
    if now > CHANCE:
        return Notice(
            "The domain classifier finds it harder to tell source from target ({high:.0%} at best, now {now:.0%}): "
            "the two begin to mix.",
            values,
        )
    if now < 1 - CHANCE:
        return Notice(
            "The domain classifier is wrong more often than a coin ({now:.0%}): the features have just outrun it. A "
            "moment of this is normal; if it stays, take a smaller learning rate.",
            values,
        )
    if high <= CHANCE and len(course) >= 3:
        return Notice(
            "The domain classifier has been at a coin's accuracy from the start, never above {high:.0%}. Either the "
            "domains were alike, or it has died and its number says nothing: compare the proxy A-distance.",
            values,
        )
    return _at_a_coin(history, values)


def _at_a_coin(history: History, values: dict[str, float]) -> Notice:
    """It does hardly better than a coin: what the aim looks like, unless the classes have paid for it."""
    course = losses(history, "adapt", "class")
    if len(course) >= 3 and course[-1] > max(1.5 * min(course), min(course) + 0.2):
        return Notice(
            "The domain classifier does hardly better than a coin ({now:.0%}), but the class loss is rising: the "
            "features mix by losing what tells the classes apart. Give the method less weight.",
            values,
        )
    target, before = (accuracies(history, phase, "target") for phase in ("adapt", "source_only"))
    if not target or not before:
        return Notice(
            "The domain classifier does hardly better than a coin ({now:.0%}) and the class loss stays low: the "
            "domains mix, which is a good sign.",
            values,
        )
    if target[-1] > before[-1] + _RISEN:
        return Notice(
            "The domain classifier does hardly better than a coin ({now:.0%}), the class loss stays low and target "
            "accuracy has risen: the domains mix, as they should.",
            values,
        )
    return Notice(
        "The domain classifier does hardly better than a coin ({now:.0%}), yet target accuracy has not risen: the "
        "domains may mix with the wrong classes on top of one another.",
        values,
    )


def _swings(recent: Sequence[float]) -> bool:
    """Whether four epochs went up and down by turns, and far."""
    ups = np.sign(np.diff(recent))
    return len(recent) == 4 and bool((np.diff(ups) != 0).all()) and float(np.std(recent)) > _SWING
