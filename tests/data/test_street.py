"""Street scenes: what a user of the pair relies on, and how close its nights come to real ones."""

from __future__ import annotations

import numpy as np
import pytest

from da_core.data.night import linearise, luminance
from da_core.data.street import CLASSES, PRESETS, Difficulty, Time, draw, pictures


@pytest.mark.parametrize("time", ["day", "night"])
@pytest.mark.parametrize("size", [32, 50, 128])
def test_pictures_are_uint8_of_the_size_asked_for(time: Time, size: int) -> None:
    shots, labels = pictures(20, size, time, seed=0)
    assert shots.dtype == np.uint8
    assert shots.shape == (20, size, size, 3)
    assert labels.dtype == np.int64


def test_classes_are_balanced_in_every_stretch() -> None:
    _, labels = pictures(205, 32, "day", seed=0)
    counts = np.bincount(labels, minlength=len(CLASSES))
    assert counts.min() == 20
    assert counts.max() == 21
    assert sorted(labels[40:50].tolist()) == list(range(len(CLASSES)))


@pytest.mark.parametrize("time", ["day", "night"])
def test_the_seed_decides_everything(time: Time) -> None:
    first, again, other = (pictures(150, 32, time, seed)[0] for seed in (3, 3, 4))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_the_same_seed_draws_the_same_scenes_at_every_size() -> None:
    small, large = (draw(10, size, seed=5) for size in (32, 64))
    assert np.array_equal(small.labels, large.labels)
    halved = large.reflectance.reshape(10, 32, 2, 32, 2, 3).mean((2, 4))
    assert np.corrcoef(small.reflectance.ravel(), halved.ravel())[0, 1] > 0.98


def test_layers_come_apart() -> None:
    scenes = draw(40, 32, seed=6)
    all_sky = scenes.reflectance.sum(-1) == 0
    assert all_sky.any()
    assert np.all(scenes.sky[all_sky].sum(-1) > 0)
    assert np.all(scenes.emission[all_sky] == 0)
    assert np.all(scenes.sky[:, -1] == 0)
    assert 0 <= scenes.sun.min() < scenes.sun.max() == 1


def test_what_a_scene_shows_is_lit_by_night() -> None:
    scenes = draw(200, 32, seed=7)
    brightest = scenes.emission.max((1, 2, 3))
    assert np.all(brightest[scenes.labels == CLASSES.index("lamp post")] > 0.5)
    assert np.all(brightest[scenes.labels == CLASSES.index("traffic light")] > 0.2)


def statistics(shots: np.ndarray) -> dict[str, float]:
    light = linearise(shots)
    red, green, blue = shots.mean((0, 1, 2))
    return {
        "mean sRGB": float(shots.mean() / 255),
        "median luminance": float(np.median(luminance(light))),
        "red/green": float(red / green),
        "blue/green": float(blue / green),
    }


def test_nights_are_like_real_ones() -> None:
    """Means over real webcam nights; each within a quarter."""
    real = {"mean sRGB": 0.201, "median luminance": 0.019, "red/green": 1.35, "blue/green": 0.75}
    assert statistics(pictures(600, 32, "night", seed=1)[0]) == pytest.approx(real, rel=0.25)


def test_days_are_like_real_ones() -> None:
    real = {"mean sRGB": 0.494, "median luminance": 0.192, "red/green": 0.98, "blue/green": 1.01}
    assert statistics(pictures(600, 32, "day", seed=1)[0]) == pytest.approx(real, rel=0.25)


def test_easy_nights_are_brighter_than_hard_ones() -> None:
    easy, standard, hard = (pictures(200, 32, "night", 1, level)[0].mean() for level in levels())
    assert easy > standard > hard


def levels() -> tuple[Difficulty, ...]:
    assert tuple(PRESETS) == ("easy", "standard", "hard")
    return tuple(PRESETS)
