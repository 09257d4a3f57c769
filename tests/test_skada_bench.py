"""SKADA-bench's simulated shifts, a part of `tests/bench/skada_bench.py`."""

from __future__ import annotations

import numpy as np
import pytest

from da_core.methods import methods
from tests.bench.skada_bench import accuracy, splits

SEEDS = range(3)


@pytest.mark.parametrize("name", ["bbse", "rlls", "em_prior", "target_shift", "energy_distance"])
def test_class_balance_methods_undo_a_label_shift(name):
    parts = [split for seed in SEEDS for split in splits("label", seed, 1)]
    before = np.mean([accuracy(None, split) for split in parts])
    assert np.mean([accuracy(methods()[name](), split) for split in parts]) > before + 0.04


def test_source_only_is_as_published():
    parts = [split for seed in range(5) for split in splits("covariate", seed, 5)]
    assert np.mean([accuracy(None, split) for split in parts]) == pytest.approx(0.881, abs=0.002)
