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


@pytest.mark.parametrize(
    ("before", "after", "values"),
    [
        (EVEN, np.full(400, 2), {"name": "car"}),
        (np.arange(50) % 2, np.ones(50, int), {"name": "dog"}),  # one of two classes is a collapse as well
        (EVEN, np.r_[np.zeros(395, int), 1, 2, 3, 1, 2], {"now": 1, "was": 4, "count": 4}),
    ],
)
def test_a_collapse_is_found_with_its_numbers(before: np.ndarray, after: np.ndarray, values: dict) -> None:
    finding = collapse(before, after, CLASSES)
    assert finding is not None
    assert finding.values == values


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


GOOD = np.eye(4, dtype=int) * 25


@pytest.mark.parametrize(
    ("after", "pairs", "named"),
    [
        ([[5, 20, 0, 0], [18, 7, 0, 0], [0, 0, 25, 0], [0, 0, 3, 22]], [(0, 1)], "cat ↔ dog"),
        ([[0, 9, 0, 0], [9, 0, 0, 0], [0, 0, 0, 9], [0, 0, 9, 0]], [(0, 1), (2, 3)], "cat ↔ dog; car ↔ bus"),
    ],
)
def test_swapped_classes_are_named(after: list[list[int]], pairs: list[tuple[int, int]], named: str) -> None:
    assert swapped(GOOD, after) == pairs
    finding = swaps(GOOD, after, CLASSES)
    assert finding is not None
    assert finding.values["pairs"] == named


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (GOOD, [[0, 25, 0, 0], [0, 25, 0, 0], [0, 0, 25, 0], [0, 0, 0, 25]]),  # one way only
        (GOOD[[1, 0, 2, 3]], GOOD[[1, 0, 2, 3]]),  # so before
        (GOOD, [[0, 0, 0, 0], [25, 0, 0, 0], [0, 0, 25, 0], [0, 0, 0, 25]]),  # a class without samples
        (GOOD, GOOD),
    ],
)
def test_no_swap(before: np.ndarray, after: np.ndarray) -> None:
    assert swapped(before, after) == []
    assert swaps(before, after, CLASSES) is None
