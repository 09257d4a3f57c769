"""Judge which kind of shift numbers speak for, and say why: the rules behind the report on a pair's data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from da_core.evaluation.shift.class_shares import ClassShares
from da_core.evaluation.shift.shift_permutations import Distance, PermutationTest
from da_core.events import Notice
from da_core.methods.base import Family

Verdict = Literal["none", "label", "covariate", "concept", "appearance", "few"]

SIGNIFICANCE = 0.01
"""A shift is there if chance alone gives as large a distance less often than this."""
LEAST_OVERLAP = 0.05
"""Share of the source that must be left, as effective sample size, for weights to stand for the target."""
LABEL_SHIFT_EXPLAINS = 0.3
"""Other class proportions explain a shift if with them less than this share of the distance is left."""
WEIGHTS_EXPLAIN = 0.45
"""Weights explain a shift if with them less than this share of the distance is left."""
_CHANCE_DISTANCE = 0.1
"""A proxy A-distance that chance alone may give."""
_FAR_APART = 1.8
"""A proxy A-distance at which a domain classifier is hardly ever wrong: no weights make one domain of the other."""
_OUTSIDE_SUPPORT = 0.2
"""Share of the target outside the source's support from which on weights may fail: there is nothing there to weigh."""
_STEADY_REMAINDER = 0.1
"""Share of the distance that weights leave where they reach the whole target."""
_SHARES_DIFFER = 0.15
"""A change of class shares (total variation) that is worth a sentence."""
_SHARES_DIFFER_MUCH = 0.3
"""A change of them with which equal means put classes on one another."""
_CLEAR_LOSS = 0.1
"""A loss of accuracy that is more than noise."""
_CONCEPT_SHIFT_LOSS = 0.06
"""The same, of a classifier that learned from the target too."""

FAMILY: dict[Verdict, Family | None] = {
    "none": None,
    "label": "reweighting",
    "covariate": "reweighting",
    "concept": "adaptation",
    "appearance": "alignment",
    "few": None,
}


@dataclass(frozen=True)
class Remainder:
    """The part of a distance that remains after weighting."""

    name: Distance
    before: float
    after: float

    @property
    def share(self) -> float:
        """Return what is left as a share of what there was."""
        return self.after / max(self.before, np.finfo(np.float64).tiny)


@dataclass(frozen=True)
class ShiftEvidence:
    """The numbers that a verdict rests on.

    What is left of the distance with the source ``balanced`` to the target's estimated class proportions, and
    ``weighted`` by a domain classifier, of which ``share`` is the effective sample size. ``outside``: the share of the
    target outside the source's support. ``source_loss`` and ``concept_shift_loss``: the accuracy on the target that a
    classifier of the source, and one of both domains, loses against the target's own; None without its labels.
    """

    test: PermutationTest
    distance: float
    interval: tuple[float, float]
    balanced: Remainder
    weighted: Remainder
    share: float
    outside: float
    source_loss: float | None
    concept_shift_loss: float | None

    @property
    def has_left_support(self) -> bool:
        """Tell if too much of the target lies outside the source's support for weights to work."""
        return self.outside > _OUTSIDE_SUPPORT and self.weighted.share > _STEADY_REMAINDER


def judge(measured: ShiftEvidence) -> tuple[Verdict, tuple[Notice, ...]]:
    """Judge which kind of shift the numbers speak for; the sentences say why."""
    same = Notice(
        "If the samples are shuffled between the domains, the distance is as large in {share:.0%} of the cases "
        "(permutation test).",
        {"share": measured.test.p_value},
    )
    loses = Notice(
        "On the target, a simple classifier of the raw samples that learned from the source is right {points:.0f} "
        "points less often than one that learned from the target itself.",
        {"points": 100 * (measured.source_loss or 0)},
    )
    nobody = Notice(
        "The target has no labels, so it is unknown whether the same sample has the same class in both domains."
    )
    keeps = Notice(
        "On the target, a classifier that learned from the source is hardly worse than one that learned from the "
        "target."
    )
    loses_clearly = measured.source_loss is not None and measured.source_loss > _CLEAR_LOSS
    if measured.test.p_value > SIGNIFICANCE:
        if loses_clearly:
            return "concept", (same, loses)
        return "none", (same, nobody if measured.source_loss is None else keeps)
    overlap = measured.distance < _FAR_APART
    if overlap and measured.balanced.share < LABEL_SHIFT_EXPLAINS and not loses_clearly:
        explained = Notice(
            "Other class proportions explain the shift: with them the distance ({name}) falls from {before:.3f} to "
            "{after:.3f}.",
            _values(measured.balanced),
        )
        return "label", (explained, nobody if measured.source_loss is None else keeps)
    apart = _what_tells_them_apart(measured)
    concept_shifted = measured.concept_shift_loss is not None and measured.concept_shift_loss > _CONCEPT_SHIFT_LOSS
    weights_explain = measured.share >= LEAST_OVERLAP and measured.weighted.share < WEIGHTS_EXPLAIN
    if overlap and weights_explain and not concept_shifted and not measured.has_left_support:
        stands = Notice(
            "Weights can make the source match the target: {share:.0%} of its samples would still count, and the "
            "distance ({name}) falls from {before:.3f} to {after:.3f}.",
            {"share": measured.share, **_values(measured.weighted)},
        )
        alike = Notice(
            "On the target, one classifier for both domains does about as well as the target's own: the same sample "
            "seems to have the same class in both."
        )
        return "covariate", (apart, stands, nobody if measured.concept_shift_loss is None else alike)
    return "appearance", (apart, _why_weights_fail(measured, concept_shifted), *([loses] if loses_clearly else []))


def too_few(count: int, verdict: Verdict) -> Notice:
    """Say that so few samples do not show which kind of shift this is."""
    if verdict == "none":
        return Notice("The smaller domain has {count} samples: a shift could be there and not show.", {"count": count})
    return Notice(
        "The smaller domain has {count} samples: the domains differ, but without some of the samples it looks like "
        "another kind of shift.",
        {"count": count},
    )


def outlook_of_scaling(shares: ClassShares, classes: Sequence[str], columns_moved: bool) -> Iterator[Notice]:
    """Say whether class shares seem to differ beside the features, and what scaling each domain by itself would do."""
    most = int(np.abs(shares.rescaled - shares.source).argmax())
    values = {"name": classes[most], "before": shares.source[most], "after": shares.rescaled[most]}
    outside = not shares.low[most] <= shares.source[most] <= shares.high[most]
    if shares.disagreement > _SHARES_DIFFER:
        yield Notice(
            "Class shares may differ as well: two estimates disagree. A change of shares and a change of scale look "
            "alike here."
        )
    elif outside and shares.change > _SHARES_DIFFER:
        yield Notice(
            "Class shares seem to differ as well: “{name}” has {before:.0%} of the source and about {after:.0%} of the "
            "target ({low:.0%} to {high:.0%}).",
            {**values, "low": shares.low[most], "high": shares.high[most]},
        )
        if shares.change > _SHARES_DIFFER_MUCH:
            yield Notice(
                "Scaling each domain by itself may hurt: with other class shares the domains should not have equal "
                "means."
            )
    elif columns_moved:
        yield Notice(
            "Scaling each domain by itself should help: the means of columns have moved, and class shares seem alike."
        )


DISTANCE_NAMES: dict[Distance, str] = {"mmd": "MMD²", "coral": "CORAL distance", "classwise": "Class-wise distance"}
"""What the distances are called, as messages."""


def _values(rest: Remainder) -> dict[str, Any]:
    return {"name": DISTANCE_NAMES[rest.name], "before": rest.before, "after": max(rest.after, 0.0)}


def _what_tells_them_apart(measured: ShiftEvidence) -> Notice:
    """Say if a linear classifier separates the domains and, if not, which distance is more than chance."""
    values: dict[str, Any] = {
        "distance": measured.distance,
        "low": measured.interval[0],
        "high": measured.interval[1],
    }
    if measured.interval[0] > _CHANCE_DISTANCE:
        return Notice(
            "A linear domain classifier separates them: proxy A-distance {distance:.2f}, from {low:.2f} to {high:.2f}.",
            values,
        )
    if measured.test.clearest == "coral":
        return Notice(
            "A linear domain classifier does not separate them (proxy A-distance {distance:.2f}, from {low:.2f} to "
            "{high:.2f}), but they vary in other directions (CORAL distance).",
            values,
        )
    if measured.test.clearest == "classwise":
        return Notice(
            "A linear domain classifier does not separate them (proxy A-distance {distance:.2f}, from {low:.2f} to "
            "{high:.2f}), but samples predicted as the same class differ (class-wise distance).",
            values,
        )
    return Notice(
        "A linear domain classifier does not separate them (proxy A-distance {distance:.2f}, from {low:.2f} to "
        "{high:.2f}), but the kernel distance (MMD) does.",
        values,
    )


def _why_weights_fail(measured: ShiftEvidence, concept_shifted: bool) -> Notice:
    """Say why weights alone will not do."""
    if measured.share < LEAST_OVERLAP:
        return Notice(
            "The domains hardly overlap: weighted to match the target, only {share:.1%} of the source would count.",
            {"share": measured.share},
        )
    if measured.distance >= _FAR_APART:
        return Notice("The domains hardly overlap, so no weights can make the source match the target.")
    if concept_shifted:
        return Notice(
            "On the target, one classifier for both domains is right {points:.0f} points less often than the "
            "target's own: where the domains overlap, samples that look the same have different classes.",
            {"points": 100 * (measured.concept_shift_loss or 0)},
        )
    if measured.has_left_support:
        return Notice(
            "{outside:.0%} of the target lies where the source has no samples, so weights cannot cover it: "
            "{rest:.0%} of the distance ({name}) remains.",
            {
                "outside": measured.outside,
                "rest": measured.weighted.share,
                "name": DISTANCE_NAMES[measured.weighted.name],
            },
        )
    return Notice(
        "Weights do not explain the shift: with the source weighted to match the target, {rest:.0%} of the distance "
        "({name}) remains.",
        {"rest": measured.weighted.share, "name": DISTANCE_NAMES[measured.weighted.name]},
    )
