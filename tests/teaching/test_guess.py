"""A guess is held against what came out."""

from __future__ import annotations

import numpy as np
import pytest

from da_core.teaching.guess import KNOTS, Given, at_knots, distance, knots, parted


def test_a_bar_is_off_by_the_difference() -> None:
    assert distance(60.0, 51.7) == pytest.approx(8.3)


def test_what_is_picked_is_right_or_not() -> None:
    assert (distance("worse", "worse"), distance("worse", "better")) == (0, 1)


def test_a_curve_is_off_by_its_mean_difference() -> None:
    came = at_knots((0, 10), [0, 10], [0, 100])
    assert len(came) == KNOTS
    assert distance(tuple(height + 5 for height in came), came) == pytest.approx(5)


def test_a_boundary_has_class_0_above() -> None:
    X = np.array([[-1.0, 1.0], [1.0, 2.0], [-1.0, -1.0], [1.0, -2.0]])
    y = np.array([0, 0, 1, 1])
    flat = tuple(0.0 for _ in knots((-3, 3)))
    assert parted(flat, (-3, 3), X, y) == 1
    assert parted(flat, (-3, 3), X, 1 - y) == 0
    assert parted(flat, (-3, 3), X, np.array([0, 1, 1, 1])) == 0.75


def test_no_guess_is_none() -> None:
    assert Given().skipped
    assert not Given(0.0).skipped
