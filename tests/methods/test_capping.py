"""The weights' scale and cap, shared by all reweighting methods."""

from __future__ import annotations

from typing import Self

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from da_core.errors import UserError
from da_core.methods.base import Reweighting, capped


@given(
    st.lists(st.one_of(st.floats(-2000, 2000), st.just(-np.inf)), min_size=1, max_size=60).filter(
        lambda logs: max(logs) > -np.inf
    ),
    st.floats(1, 1e6),
)
def test_finite_mean_one_capped_and_in_order(logs, cap):
    logs = np.array(logs)
    weights = capped(logs, cap)
    assert np.isfinite(weights).all()
    assert (weights >= 0).all()
    assert weights.max() <= cap * (1 + 1e-9)
    assert weights.mean() == pytest.approx(1)
    assert (np.diff(weights[np.argsort(logs)]) >= -1e-9 * cap).all()


def test_below_the_cap_weights_keep_their_ratios():
    logs = np.array([0.0, 1.0, 2.0, 50.0])
    weights = capped(logs, 2.0)
    assert weights[3] == 2
    np.testing.assert_allclose(weights[:3], 2 * np.exp(logs[:3]) / np.exp(logs[:3]).sum())


def test_equal_weights_are_one():
    np.testing.assert_allclose(capped(np.full(20_000, -745.0), 1.0), 1)


def test_zero_stays_zero_unless_the_cap_leaves_weight_over():
    logs = np.array([0.0, 0.0, -np.inf, -np.inf])
    np.testing.assert_array_equal(capped(logs, 2.0), [2, 2, 0, 0])
    np.testing.assert_allclose(capped(logs, 1.5), [1.5, 1.5, 0.5, 0.5])
    # the same as for a weight that is next to nothing
    np.testing.assert_allclose(capped(np.array([0.0, 0.0, -900.0, -900.0]), 1.5), [1.5, 1.5, 0.5, 0.5])


def test_a_method_that_gives_every_sample_the_weight_zero_says_so():
    class Nothing(Reweighting):
        title, summary, paper = "Nothing", "Weighs nothing.", "Nobody 2000"

        def fit(self, Xs, Xt, ys=None, predictions=None) -> Self:
            return self

        def log_weights(self, X, y=None):
            return np.full(len(X), -np.inf)

    with pytest.raises(UserError, match="every weight is 0"):
        Nothing().weights(np.zeros((3, 1)), np.zeros((3, 1)))
