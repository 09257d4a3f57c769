"""Rain, wet roads and dusk: against formulas and against what one sees."""

from __future__ import annotations

import numpy as np
import pytest

from da_core.data.synthesis.weather import afterglow, rain, reflection, wet

SIDE = 48


def layer(value: float = 0.0) -> np.ndarray:
    return np.full((1, SIDE, SIDE, 3), value, np.float32)


def road() -> np.ndarray:
    """Ground in the lower half."""
    ground = np.zeros((1, SIDE, SIDE), np.float32)
    ground[:, SIDE // 2 :] = 1
    return ground


def strength(value: float) -> np.ndarray:
    return np.array([value], np.float32)


def test_a_wet_road_is_darker_and_nothing_else_is() -> None:
    by_day = layer(0.3)
    ground = road()
    soaked = wet(by_day, ground, strength(1.0))
    assert soaked[0, :24] == pytest.approx(0.3)
    assert np.all((soaked[0, 24:] >= 0.4 * 0.3) & (soaked[0, 24:] <= 0.7 * 0.3))
    assert np.array_equal(wet(by_day, ground, strength(0.0)), by_day)


def test_a_light_is_mirrored_below_itself_in_its_own_colour() -> None:
    light = layer()
    light[0, 20, 10] = (5.0, 1.0, 0.2)
    mirrored = reflection(light, road(), strength(1.0), np.random.default_rng(0))[0]
    assert mirrored[:24].max() == 0
    assert np.flatnonzero(mirrored[24:].sum((0, 2))).tolist() == [10]
    assert mirrored[30, 10] / mirrored[30, 10, 0] == pytest.approx([1.0, 0.2, 0.04], rel=1e-4)
    assert mirrored[24:32, 10].sum() > 2 * mirrored[40:, 10].sum()


def test_a_mirror_gives_back_no_more_than_it_gets() -> None:
    light = np.random.default_rng(1).random((1, SIDE, SIDE, 3)).astype(np.float32)
    mirrored = reflection(light, road(), strength(1.0), np.random.default_rng(0))
    assert mirrored.sum() < light[:, :24].sum()
    assert not reflection(light, road(), strength(0.0), np.random.default_rng(0)).any()


def test_rain_takes_contrast_and_adds_streaks_where_light_falls() -> None:
    light, falling = layer(), layer(0.4)
    light[:, ::2] = 0.8
    falling[:, :, :24] = 0.01
    poured = rain(light, falling, strength(1.0), np.random.default_rng(0))
    assert poured[0, 0::2].mean() - poured[0, 1::2].mean() < 0.75 * 0.8
    dry_rows = poured[0, 1::2]  # black before: what is there now is veil and streaks
    assert dry_rows[:, 24:].std() > 5 * dry_rows[:, :24].std()
    assert rain(light, falling, strength(0.0), np.random.default_rng(0)) == pytest.approx(light)


def test_streaks_cover_the_same_share_at_every_resolution() -> None:
    coarse, fine = (
        rain(black, black + 1, np.ones(8, np.float32), np.random.default_rng(0)).mean()
        for black in (np.zeros((8, side, side, 3), np.float32) for side in (32, 128))
    )
    assert coarse == pytest.approx(fine, rel=0.25)


def test_dusk_is_warm_at_the_foot_of_the_sky() -> None:
    sky = layer()
    sky[:, :20] = 0.1
    glowing = afterglow(sky, strength(4.0))[0]
    red_to_blue = glowing[:20, 0, 0] / glowing[:20, 0, 2]
    assert np.all(np.diff(red_to_blue) > 0)
    assert not glowing[20:].any()
    assert np.array_equal(afterglow(sky, strength(0.0)), sky)
