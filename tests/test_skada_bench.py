"""SKADA-bench's simulated shifts, a part of `tests/bench/skada_bench.py`."""

from __future__ import annotations

import numpy as np
import pytest

from da_core.methods import methods
from tests.bench.skada_bench import ALIKE, PUBLISHED, SHIFTS, VARIANTS, accuracy, scored, splits

SEEDS = range(3)


@pytest.mark.parametrize("name", ["bbse", "rlls", "em_prior", "target_shift", "energy_distance"])
def test_class_balance_methods_undo_a_label_shift(name):
    parts = [split for seed in SEEDS for split in splits("label", seed, 1)]
    before = np.mean([accuracy(None, split) for split in parts])
    assert np.mean([accuracy(methods()[name](), split) for split in parts]) > before + 0.04


def test_source_only_is_as_published():
    parts = [split for seed in range(5) for split in splits("covariate", seed, 5)]
    assert np.mean([accuracy(None, split) for split in parts]) == pytest.approx(0.881, abs=0.002)


@pytest.mark.parametrize(
    ("row", "shift"),
    [
        ("jpca", "covariate"),
        ("jpca", "label"),
        ("ot_label_prop. cosine", "covariate"),
        ("ot_label_prop. cosine", "label"),
        ("ot_label_propagation", "concept"),
        ("dasvm", "covariate"),
        ("dasvm", "concept"),
        ("tsl", "concept"),
        ("tsl d=1 μ=100", "subspace"),
        ("jdot", "concept"),
        ("jdot α=30", "covariate"),
        ("mmd_ls", "concept"),
    ],
)
def test_shallow_methods_score_as_published(row, shift):
    published = PUBLISHED[VARIANTS.get(row, (row, {}))[0]][list(SHIFTS).index(shift)]
    parts = [split for seed in range(5) for split in splits(shift, seed, 1)]
    assert np.mean([scored(row, split) for split in parts]) == pytest.approx(published, abs=ALIKE)
