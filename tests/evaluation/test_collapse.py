"""Predictions that fall to few classes, and classes that change places, in numbers."""

from __future__ import annotations

import numpy as np
import pytest

from da_core.evaluation.collapse import predicted_classes, swapped

GOOD = np.eye(4, dtype=int) * 25


def test_equally_frequent_classes_count_whole_and_strays_little() -> None:
    assert predicted_classes(np.arange(400) % 4) == pytest.approx(4)
    assert predicted_classes(np.zeros(10, int)) == pytest.approx(1)
    assert 1 < predicted_classes(np.r_[np.zeros(399, int), 3]) < 1.05


@pytest.mark.parametrize(
    ("before", "after", "pairs"),
    [
        (GOOD, [[5, 20, 0, 0], [18, 7, 0, 0], [0, 0, 25, 0], [0, 0, 3, 22]], [(0, 1)]),
        (GOOD, [[0, 9, 0, 0], [9, 0, 0, 0], [0, 0, 0, 9], [0, 0, 9, 0]], [(0, 1), (2, 3)]),
        (GOOD, [[0, 25, 0, 0], [0, 25, 0, 0], [0, 0, 25, 0], [0, 0, 0, 25]], []),  # one way only
        (GOOD[[1, 0, 2, 3]], GOOD[[1, 0, 2, 3]], []),  # so before
        (GOOD, [[0, 0, 0, 0], [25, 0, 0, 0], [0, 0, 25, 0], [0, 0, 0, 25]], []),  # a class without samples
        (GOOD, GOOD, []),
    ],
)
def test_swapped_classes_are_found_in_pairs(before, after, pairs: list[tuple[int, int]]) -> None:
    assert swapped(before, after) == pairs
