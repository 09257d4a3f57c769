"""Street scenes: what a user of the pair relies on, and how close its nights come to real ones."""

from __future__ import annotations

import numpy as np
import pytest

from da_core.data.scenes.street import CLASSES, Time, draw, draw_single, pictures
from da_core.data.sources.street_scenes import StreetParams, StreetScenes
from da_core.data.synthesis.colour import linearise, luminance
from da_core.data.synthesis.night_conditions import NIGHTS, NightName
from da_core.errors import UserError
from tests.support.pairs import load


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
        "dark": float((shots < 10).mean()),
    }


REAL = {"mean sRGB": 0.201, "median luminance": 0.019, "red/green": 1.35, "blue/green": 0.75, "dark": 0.17}
"""Means over real webcam nights; “dark” is the share of values below 10 of 255."""


@pytest.mark.slow
def test_nights_of_the_whole_model_are_like_real_ones() -> None:
    """Each within a quarter."""
    assert statistics(pictures(600, 32, "night", seed=1, difficulty="hard")[0]) == pytest.approx(REAL, rel=0.25)


@pytest.mark.slow
def test_standard_nights_are_like_real_ones_but_for_deep_shadows() -> None:
    """They are kept out of the standard pair: where nothing is seen, nothing is left to adapt to."""
    found = statistics(pictures(600, 32, "night", seed=1)[0])
    assert found.pop("dark") < 0.1
    assert found == pytest.approx({name: value for name, value in REAL.items() if name != "dark"}, rel=0.25)


def test_days_are_like_real_ones() -> None:
    real = {"mean sRGB": 0.494, "median luminance": 0.192, "red/green": 0.98, "blue/green": 1.01}
    found = statistics(pictures(600, 32, "day", seed=1)[0])
    assert {name: found[name] for name in real} == pytest.approx(real, rel=0.25)


def taken(difficulty: NightName, seed: int = 1) -> np.ndarray:
    return pictures(100, 32, "night", seed, difficulty)[0].astype(float)


@pytest.mark.slow
def test_nights_differ_as_their_names_say() -> None:
    brightness = {name: taken(name).mean() for name in NIGHTS}
    assert brightness["dusk"] > brightness["standard"] > brightness["hard"] > brightness["moonless"]
    assert brightness["easy"] > brightness["standard"]
    red, _green, blue = taken("street lights").mean((0, 1, 2))
    assert red > 1.5 * blue


def test_ground_lies_below_the_sky_and_under_the_things() -> None:
    scenes = draw(40, 32, seed=6)
    assert np.all(scenes.ground * (scenes.sky.sum(-1) > 0) < 1)
    assert scenes.ground[:, :8].max() == 0
    assert np.all(scenes.ground[:, -1].mean(1) > 0.2)
    assert np.all(scenes.ground.mean((1, 2)) < 0.6)


@pytest.mark.parametrize("label", range(len(CLASSES)))
def test_one_scene_is_of_the_class_asked_for(label: int) -> None:
    assert draw_single(label, 32, seed=3).labels.tolist() == [label]


def test_a_difficulty_sets_what_is_not_given() -> None:
    params = StreetParams(difficulty="rain", exposure="0.2..0.3")
    assert params.exposure == (0.2, 0.3)
    assert params.rain == NIGHTS["rain"].rain
    assert params.overrides() == {"difficulty": "rain", "exposure": "0.2..0.3"}
    assert StreetParams(**params.overrides()) == params
    assert StreetParams().overrides() == {}
    assert StreetParams(exposure=0.2).exposure == (0.2, 0.2)


@pytest.mark.parametrize(
    "wrong", [{"exposure": "0.4..0.1"}, {"exposure": "bright"}, {"exposure": "0.1..3"}, {"lamps": "1..99"}]
)
def test_a_range_that_cannot_be_is_refused_by_name(wrong: dict[str, str]) -> None:
    with pytest.raises(UserError, match=next(iter(wrong))):
        load(StreetScenes, {**wrong})


def test_the_pair_has_different_scenes_which_may_be_mirrored() -> None:
    pair = load(StreetScenes, {"count": 100, "size": 48}, 5)
    assert (pair.source.name, pair.target.name, pair.flips, pair.sample_shape) == ("day", "night", True, (48, 48, 3))
    assert pair.source.y.tolist() != pair.target.y.tolist()  # another order: other scenes


def test_what_is_set_is_what_is_drawn() -> None:
    dark, bright = (
        load(StreetScenes, {"count": 100, "exposure": exposure, "max_gain": 200}).target.X.mean()
        for exposure in ("0.06..0.06", "0.3..0.3")
    )
    assert dark < 0.09 * 255 < 0.25 * 255 < bright
