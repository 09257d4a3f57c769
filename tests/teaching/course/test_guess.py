"""A guess is held against what came out."""

from __future__ import annotations

import pytest

from da_core.teaching.course.guess import KNOTS, at_knots, distance, knots, read_line, separate


def test_a_bar_is_off_by_the_difference() -> None:
    assert distance(60.0, 51.7) == pytest.approx(8.3)


def test_what_is_picked_is_right_or_not() -> None:
    assert (distance("worse", "worse"), distance("worse", "better")) == (0, 1)


def test_a_curve_is_off_by_its_mean_difference() -> None:
    came = at_knots((0, 10), [0, 10], [0, 100])
    assert len(came) == KNOTS
    assert distance(tuple(height + 5 for height in came), came) == pytest.approx(5)


def test_a_boundary_has_that_class_above_with_which_it_parts_more_of_the_source() -> None:
    places = [(-1.0, 1.0), (1.0, 2.0), (-1.0, -1.0), (1.0, -2.0)]

    def points(*classes: int) -> list[tuple[float, float, int]]:
        return [(x, up, label) for (x, up), label in zip(places, classes, strict=True)]

    flat = tuple(0.0 for _ in knots((-3, 3)))
    assert separate(flat, (-3, 3), points(0, 0, 1, 1), points(0, 1, 1, 1)) == (1, 0.75)
    assert separate(flat, (-3, 3), points(1, 1, 0, 0), points(0, 1, 1, 1)) == (1, 0.25)


@pytest.mark.parametrize(
    "sent",
    [None, "012345678", [1.0] * 8, [1.0] * 10, [*[1.0] * 8, "x"], [*[1.0] * 8, float("nan")], [1e9] * 9, [[1]] * 9],
)
def test_what_is_no_line_of_nine_heights_is_none(sent: object) -> None:
    assert read_line(sent) is None
    assert read_line([1, 2.5, *[0] * 7]) == (1.0, 2.5, *[0.0] * 7)
