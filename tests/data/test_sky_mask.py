"""The guess of where the sky is, on scenes whose sky is known and on plain cases."""

from __future__ import annotations

import numpy as np

from da_core.data.scenes.street import day, draw
from da_core.data.synthesis.sky_mask import estimate_sky


def test_drawn_scenes_have_most_of_their_sky_found() -> None:
    scenes = draw(40, 64, seed=2)
    found = estimate_sky(day(scenes, np.random.default_rng(0))) > 0.5
    true = scenes.sky.sum(-1) > 0
    overlap = (found & true).sum((1, 2)) / (found | true).sum((1, 2))
    assert np.median(overlap) > 0.75
    assert (found & ~true).sum() < 0.1 * found.sum()


def test_a_wall_of_brick_and_a_lawn_are_no_sky() -> None:
    for colour in ((150, 70, 50), (80, 140, 50)):
        assert not estimate_sky(np.full((1, 32, 32, 3), colour, np.uint8)).any()


def test_blue_that_does_not_reach_the_top_is_no_sky() -> None:
    picture = np.full((1, 32, 32, 3), (90, 60, 40), np.uint8)
    picture[:, 8:20] = (120, 170, 230)
    assert estimate_sky(picture).max() == 0
    picture[:, :8] = (120, 170, 230)
    assert estimate_sky(picture)[0, :16].min() > 0.9


def test_pictures_need_not_be_square() -> None:
    assert estimate_sky(np.full((2, 24, 40, 3), 200, np.uint8)).shape == (2, 24, 40)
