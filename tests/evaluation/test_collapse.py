"""Planted collapses and swaps are told, and what only looks like one is not."""

from __future__ import annotations

import numpy as np
import pytest

from da_core.evaluation.collapse import collapse, predicted_classes, swapped, swaps

CLASSES = ("cat", "dog", "car", "bus")
EVEN = np.arange(400) % 4


def test_equally_frequent_classes_count_whole_and_strays_little() -> None:
    assert predicted_classes(EVEN) == pytest.approx(4)
    assert predicted_classes(np.zeros(10, int)) == pytest.approx(1)
    one_stray = np.r_[np.zeros(399, int), 3]
    assert 1 < predicted_classes(one_stray) < 1.05


def test_everything_one_class_is_told_by_its_name() -> None:
    finding = collapse(EVEN, np.full(400, 2), CLASSES)
    assert finding is not None
    assert "every target sample is predicted as “car”" in finding.evidence.format(**finding.values)


def test_one_of_two_classes_is_a_collapse_as_well() -> None:
    finding = collapse(np.arange(50) % 2, np.ones(50, int), ("a", "b"))
    assert finding is not None
    assert finding.values == {"name": "b"}


def test_hardly_any_predictions_outside_one_class_are_told() -> None:
    finding = collapse(EVEN, np.r_[np.zeros(395, int), 1, 2, 3, 1, 2], CLASSES)
    assert finding is not None
    assert finding.values == {"now": 1, "was": 4, "count": 4}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (EVEN, EVEN),
        (EVEN, np.arange(400) % 2),  # two of four: the target may be so
        (np.zeros(400, int), np.zeros(400, int)),  # no worse than before: not the method's doing
        (np.zeros(400, int), EVEN),
    ],
)
def test_no_false_alarm(before: np.ndarray, after: np.ndarray) -> None:
    assert collapse(before, after, CLASSES) is None


def confusion(*rows: list[int]) -> np.ndarray:
    return np.array(rows)


GOOD = np.eye(4, dtype=int) * 25


def test_swapped_classes_are_told_by_their_names() -> None:
    after = confusion([5, 20, 0, 0], [18, 7, 0, 0], [0, 0, 25, 0], [0, 0, 3, 22])
    assert swapped(GOOD, after) == [(0, 1)]
    finding = swaps(GOOD, after, CLASSES)
    assert finding is not None
    assert "cat ↔ dog" in finding.evidence.format(**finding.values)


def test_two_pairs_are_both_told() -> None:
    after = confusion([0, 9, 0, 0], [9, 0, 0, 0], [0, 0, 0, 9], [0, 0, 9, 0])
    finding = swaps(GOOD, after, CLASSES)
    assert finding is not None
    assert finding.values["pairs"] == "cat ↔ dog; car ↔ bus"


def test_one_way_confusion_and_a_swap_of_before_are_none_of_adaptings() -> None:
    one_way = confusion([0, 25, 0, 0], [0, 25, 0, 0], [0, 0, 25, 0], [0, 0, 0, 25])
    assert swapped(GOOD, one_way) == []
    both_ways = confusion([0, 25, 0, 0], [25, 0, 0, 0], [0, 0, 25, 0], [0, 0, 0, 25])
    assert swapped(both_ways, both_ways) == []
    assert swaps(GOOD, GOOD, CLASSES) is None


def test_a_class_without_samples_is_in_no_swap() -> None:
    after = confusion([0, 0, 0, 0], [25, 0, 0, 0], [0, 0, 25, 0], [0, 0, 0, 25])
    assert swapped(GOOD, after) == []
