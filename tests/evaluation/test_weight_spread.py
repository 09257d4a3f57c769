from __future__ import annotations

import numpy as np
import pytest

from da_core.evaluation.weight_spread import summarise_weights


@pytest.mark.parametrize(
    ("weights", "size", "share"),
    [([1, 1, 1, 1], 4, 0.25), ([0, 0, 5, 0], 1, 1), ([2, 2, 0, 0], 2, 0.5), ([3, 1], 16 / 10, 0.75)],
)
def test_known_answers_at_any_scale(weights, size, share):
    for scale in (1.0, 1e-3):
        w = scale * np.array(weights, dtype=float)
        summary = summarise_weights(w)
        assert summary["effective_sample_size"] == pytest.approx(size)
        assert summary["largest_share"] == pytest.approx(share)
