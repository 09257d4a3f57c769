"""The quiz plants what it says, gives nothing away, and the report finds it."""

from __future__ import annotations

import numpy as np
import pytest

from da_core.data.sources.drawn_points import DrawnPoints
from da_core.evaluation.shift.shift_report import data_report
from da_core.teaching.course.shift_quiz import COUNT, KINDS, PlantedShift, plant


def pair_of(planted: PlantedShift):
    return DrawnPoints(**planted.data.params).load(0)


def test_the_same_seed_plants_the_same_pair() -> None:
    assert plant(7) == plant(7)
    assert plant(7) != plant(8)


def test_every_kind_of_shift_comes_up() -> None:
    assert {plant(seed).kind for seed in range(40)} == set(KINDS)


@pytest.mark.parametrize("seed", range(5))
def test_the_pair_tells_nothing_of_how_it_was_made(seed: int) -> None:
    planted = plant(seed)
    assert set(planted.data.params) == {"shape", "turn", "points"}
    assert planted.data.params["shape"] == "none"
    pair = pair_of(planted)
    assert (len(pair.source), len(pair.target)) == (COUNT, COUNT)


def test_classes_keep_their_proportions_except_under_label_shift_and_selection() -> None:
    for seed in range(30):
        planted, pair = plant(seed), pair_of(plant(seed))
        source, target = (domain.class_counts(len(pair.classes)) / COUNT for domain in (pair.source, pair.target))
        if planted.kind == "label":
            assert np.abs(source - target).max() > 0.15
        elif planted.kind in ("none", "appearance"):
            np.testing.assert_allclose(source, target, atol=0.01)


@pytest.mark.slow
def test_the_report_finds_what_was_planted() -> None:
    verdicts = [(plant(seed).kind, data_report(pair_of(plant(seed))).verdict) for seed in range(30)]
    right = sum(planted == found for planted, found in verdicts)
    assert right >= 0.95 * len(verdicts), "196 of the first 200 are right"
    assert all(any(planted == found == kind for planted, found in verdicts) for kind in KINDS)
