"""Points drawn by hand: each setting does to the target what it says, and hostile links are refused."""

from __future__ import annotations

import base64

import numpy as np
import pytest

from da_core.data.sources.drawn_points import MOST_POINTS, DrawnPoints, decode_points, encode_points
from da_core.errors import UserError


def drawn(**values):
    settings = {"turn": 0.0, "count": 1000} | values
    return DrawnPoints(**settings).load(0)


@pytest.mark.parametrize("shape", ["moons", "blobs", "rings", "spirals", "xor", "line"])
def test_without_a_shift_both_domains_are_alike(shape: str) -> None:
    pair = drawn(shape=shape)
    np.testing.assert_allclose(pair.source.X.mean(axis=0), pair.target.X.mean(axis=0), atol=0.2)
    np.testing.assert_allclose(np.cov(pair.source.X.T), np.cov(pair.target.X.T), atol=0.4)


def test_the_target_is_turned_stretched_and_moved() -> None:
    plain = drawn().target.X
    moved = drawn(turn=90.0, stretch=2.0, right=1.0, up=-1.0).target.X
    np.testing.assert_allclose(moved, np.c_[-plain[:, 1] / 2 + 1, plain[:, 0] * 2 - 1], atol=1e-5)


def test_a_class_is_moved_alone() -> None:
    plain, moved = drawn(shape="blobs"), drawn(shape="blobs", class_moves="0,0;1,-2")
    expected = plain.target.X + np.array([[0, 0], [1, -2], [0, 0]])[plain.target.y]
    np.testing.assert_allclose(moved.target.X, expected, atol=1e-5)


def test_selection_has_the_ratio_that_it_says() -> None:
    points = DrawnPoints(shape="blobs", selection=0.5, turn=0.0, count=1000)
    pair = points.load(0)
    w = points.true_weights(pair.source.X, pair.source.y)
    assert pair.provenance.shift == "covariate"
    np.testing.assert_allclose(np.average(pair.source.X, axis=0, weights=w), pair.target.X.mean(axis=0), atol=0.25)


def test_class_proportions_are_those_asked_for() -> None:
    pair = drawn(shape="blobs", source_ratio=2.0, target_ratio=0.0)
    np.testing.assert_allclose(pair.source.class_counts(3), [500, 250, 250])
    np.testing.assert_allclose(pair.target.class_counts(3), [0, 500, 500])
    assert pair.provenance.shift == "label"


def test_a_turned_concept_leaves_the_points_and_changes_labels() -> None:
    plain, turned = drawn(shape="xor", noise=0.05), drawn(shape="xor", noise=0.05, concept=90.0)
    np.testing.assert_array_equal(plain.target.X, turned.target.X)
    assert (plain.target.y != turned.target.y).mean() > 0.95


def test_own_points_come_back_and_join_the_shape() -> None:
    rng = np.random.default_rng(0)
    source = (rng.uniform(-8, 8, (200, 2)), rng.integers(0, 3, 200))
    target = (rng.uniform(-8, 8, (50, 2)), rng.integers(0, 2, 50))
    text = encode_points(source, target)
    assert len(text) < 5 * 250, "about four letters a point"
    for (X, y), (Xr, yr) in zip((source, target), decode_points(text), strict=True):
        order = np.argsort(y, kind="stable")
        np.testing.assert_array_equal(yr, y[order])
        np.testing.assert_allclose(Xr, X[order], atol=0.002)
    pair = drawn(points=text, count=100)
    assert (len(pair.source), len(pair.target), len(pair.classes)) == (300, 150, 3)


NOT_POINTS = ["!", "AAA", "AAAA", "//8AAAAAAAAAAAAA", base64.urlsafe_b64encode(b"\xff" * 40).decode()]


def test_too_many_points_are_refused() -> None:
    many = (np.zeros((MOST_POINTS + 10, 2)), np.zeros(MOST_POINTS + 10, np.int64))
    with pytest.raises(UserError, match="more than"):
        drawn(points=encode_points(many, (np.zeros((0, 2)), np.zeros(0, np.int64))))


@pytest.mark.parametrize(
    "values",
    [
        *({"points": text} for text in NOT_POINTS),
        {"shape": "none"},
        *({"class_moves": moves} for moves in ("nan,0", "1e9,0", "1;2", "0,0;0,0;0,0;0,0")),
    ],
)
def test_what_makes_no_pair_is_refused(values: dict) -> None:
    with pytest.raises(UserError):
        drawn(**values)


def test_one_class_or_an_unknown_one_is_refused() -> None:
    none = (np.zeros((0, 2)), np.zeros(0, np.int64))
    one = (np.zeros((3, 2)), np.zeros(3, np.int64))
    with pytest.raises(UserError, match="one class only"):
        drawn(shape="none", points=encode_points(one, one))
    with pytest.raises(UserError, match="no points"):
        drawn(shape="none", points=encode_points(one, none))
    with pytest.raises(UserError, match="lacks"):
        drawn(points=encode_points(none, (np.ones((1, 2)), np.array([2]))))
