"""How near weights come to a density ratio that is known."""

from __future__ import annotations

import numpy as np
import pytest

from da_core.evaluation.density_ratio import rank_correlation


def test_rank_correlation_sees_order_alone() -> None:
    weights = np.array([0, 1e-9, 0.5, 1, 2, 40], np.float32)
    assert rank_correlation(weights, weights.astype(float)) == pytest.approx(1)
    assert rank_correlation(weights, -(weights.astype(float) ** 3)) == pytest.approx(-1)
    assert rank_correlation(np.ones(6, np.float32), weights.astype(float)) == 0
