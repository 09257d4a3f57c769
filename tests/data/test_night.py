"""The night model against formulas, and against what a camera cannot do."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from da_core.data.synthesis.colour import linearise, luminance, planck_colour, quantise, to_linear, to_srgb
from da_core.data.synthesis.night import (
    Lamps,
    add_noise,
    develop,
    exposure_gain,
    glow,
    illuminate,
    night_pictures,
    night_scenes,
    noise_variances,
    shine,
    steps,
)
from da_core.data.synthesis.night_conditions import Night


def one_lamp(x: float = 0.5, y: float = 0.5, radius: float = 0.2, power: float = 0.8) -> Lamps:
    x_, y_, radius_, power_ = (np.array([[value]], np.float32) for value in (x, y, radius, power))
    return Lamps(x_, y_, radius_, power_, np.ones((1, 1, 3), np.float32))


def test_every_8_bit_value_survives_the_round_trip_through_linear_light() -> None:
    levels = np.arange(256, dtype=np.uint8)
    assert np.array_equal(quantise(to_srgb(linearise(levels))), levels)


def test_srgb_curve_has_its_published_values() -> None:
    assert to_linear(np.array([0.5])) == pytest.approx(0.21404, abs=1e-5)
    assert to_linear(np.array([0.02])) == pytest.approx(0.02 / 12.92, abs=1e-7)
    assert to_srgb(np.array([4.0])) == pytest.approx(1.0)


def test_one_lamp_over_the_ambient_light() -> None:
    night = Night(ambient=(0.05, 0.05), ambient_kelvin=(6500, 6500))
    light = illuminate(51, 51, one_lamp(), np.random.default_rng(0), night)
    distance = 20 / 51
    ambient = 0.05 * planck_colour(6500)
    assert light[0, 25, 25] == pytest.approx(ambient + 0.8, rel=1e-4)
    assert light[0, 25, 45] == pytest.approx(ambient + 0.8 * (1 + (distance / 0.2) ** 2) ** -1.5, rel=1e-4)


def test_glow_is_the_formula_where_pixels_are_small() -> None:
    night = Night(glow_share=1, glow_strength=(2, 2), glow_width=(0.02, 0.02), halo=(0.05, 0.05))
    light = glow(501, 501, one_lamp(power=0.5), np.random.default_rng(0), night)
    d2 = (30 / 501) ** 2
    expected = 2 * 0.5 * (np.exp(-d2 / (2 * 0.02**2)) + 0.05 / (1 + d2 / 0.08**2) ** 1.2)
    assert light[0, 250, 280] == pytest.approx(np.full(3, expected), rel=0.01)


def test_a_lamp_smaller_than_a_pixel_gives_the_same_light_at_every_resolution() -> None:
    night = Night(glow_share=1, glow_width=(0.01, 0.01), halo=(0, 0), glow_strength=(1, 1))
    coarse, fine = (glow(side, side, one_lamp(), np.random.default_rng(0), night).sum() / side**2 for side in (33, 201))
    assert coarse == pytest.approx(fine, rel=0.1)


def test_lamp_colours_go_from_warm_to_cool_at_equal_luminance() -> None:
    colours = planck_colour(np.array([1800, 2700, 6500, 9000]))
    assert luminance(colours) == pytest.approx(np.ones(4), rel=1e-5)
    assert np.all(np.diff(colours[:, 0] / colours[:, 1]) < 0)
    assert np.all(np.diff(colours[:, 2] / colours[:, 1]) > 0)
    assert colours[2] == pytest.approx(np.ones(3), abs=0.1)


def test_own_lights_shine_around_themselves_and_not_across_the_edge() -> None:
    emission = np.zeros((1, 32, 32, 3), np.float32)
    emission[0, 16, 0] = 1.0
    cast, bloom = shine(emission)
    for light in (cast, bloom):
        row = light[0, 16, :, 0]
        assert np.all(np.diff(row) <= 1e-7)
        assert row[-1] < 0.02 * row[0]
    assert cast[0, 16, 0, 0] == pytest.approx(1 / 32**2 / (np.pi * 0.09**2), rel=1e-3)


def test_exposure_reaches_its_target_unless_the_gain_is_at_its_limit() -> None:
    light = np.full((2, 16, 16, 3), 0.02, np.float32)
    light[1] = 1e-4
    gain = exposure_gain(light, np.array([0.2, 0.2], np.float32), 30.0)
    assert to_srgb(light[0] * gain[0]).mean() == pytest.approx(0.2, abs=0.002)
    assert gain[1] == pytest.approx(30.0)
    assert gain.max() <= 30.0


def test_noise_on_a_flat_patch_has_variance_ax_plus_b() -> None:
    rng, a, b = np.random.default_rng(0), np.array([0.01], np.float32), np.array([1e-3], np.float32)
    for level in (0.1, 0.5):
        patch = np.full((1, 400, 400, 3), level, np.float32)
        noisy = add_noise(patch, a, b, np.zeros(1, np.float32), rng)
        assert noisy.var() == pytest.approx(0.01 * level + 1e-3, rel=0.01)
        assert noisy.mean() == pytest.approx(level, abs=1e-3)


def test_row_noise_moves_whole_rows() -> None:
    rng, dark = np.random.default_rng(0), np.zeros((1, 2000, 40, 3), np.float32)
    b = np.array([1e-3], np.float32)
    rows = add_noise(dark, 0 * b, b, np.array([0.3], np.float32), rng).mean((2, 3))
    assert rows.var() == pytest.approx(1e-3 * (0.3**2 + 1 / 120), rel=0.1)


def test_read_noise_follows_shot_noise_as_measured_by_brooks() -> None:
    a, b = noise_variances(20_000, np.random.default_rng(0), Night())
    rest = np.log(b) - 2.18 * np.log(a) - 1.20
    assert rest.mean() == pytest.approx(0, abs=0.01)
    assert rest.std() == pytest.approx(0.26, abs=0.01)


def test_white_balance_goes_part_of_the_way() -> None:
    warm = np.broadcast_to(np.array([0.4, 0.2, 0.1], np.float32), (1, 8, 8, 3))
    none, full = develop(warm, np.zeros(1, np.float32)), develop(warm, np.ones(1, np.float32))
    assert len(set(full[0, 0, 0].tolist())) == 1
    half = develop(warm, np.full(1, 0.5, np.float32))
    assert none[0, 0, 0, 0] > half[0, 0, 0, 0] > full[0, 0, 0, 0]


def test_plain_pictures_get_dark_and_warm_and_the_seed_decides() -> None:
    grey = np.full((64, 28, 28, 3), 128, np.uint8)
    by_night = night_pictures(grey, np.random.default_rng(1), Night())
    assert by_night.dtype == np.uint8
    assert by_night.shape == grey.shape
    assert by_night.mean() < 0.7 * grey.mean()
    assert by_night[..., 0].mean() > by_night[..., 2].mean()
    assert np.array_equal(by_night, night_pictures(grey, np.random.default_rng(1), Night()))
    assert not np.array_equal(by_night, night_pictures(grey, np.random.default_rng(2), Night()))


def test_pictures_need_not_be_square_and_come_back_in_order() -> None:
    """Many pictures are lit in batches: none may be lost or swapped on the way."""
    pictures = np.zeros((300, 24, 48, 3), np.uint8)
    pictures[::2] = 255
    quiet = Night(shot_noise=(1e-6, 1e-6), glow_share=0, exposure=(1, 1), max_gain=1)
    by_night = night_pictures(pictures, np.random.default_rng(0), quiet)
    assert by_night.shape == pictures.shape
    assert by_night[::2].mean((1, 2, 3)).min() > by_night[1::2].mean((1, 2, 3)).max()


def test_without_lamps_a_lit_window_is_what_remains() -> None:
    surfaces = np.full((1, 32, 32, 3), 0.3, np.float32)
    emission = np.zeros_like(surfaces)
    emission[:, 10:14, 10:14] = 0.5
    dark = Night(lamps=(0, 0), ambient=(1e-4, 1e-4), shot_noise=(1e-6, 1e-6))
    taken = night_scenes(surfaces, 0 * surfaces, emission, 0 * surfaces[..., 0], np.random.default_rng(0), dark)[
        0
    ].mean(-1)
    assert taken[10:14, 10:14].min() > 3 * taken[24:, 24:].max()


@pytest.mark.parametrize(
    "wrong", [{"sky": (0.5, 0.1)}, {"ambient": (0, 1)}, {"glow_share": 1.5}, {"lamps": (-1, 2)}, {"moon": 1}]
)
def test_impossible_nights_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Night(**wrong)  # type: ignore[arg-type]


def test_the_steps_are_those_of_the_picture() -> None:
    """Each follows from the one before it, and dry nights have no weather."""
    surfaces = np.full((3, 24, 24, 3), 0.4, np.float32)
    made = steps(surfaces, None, None, None, np.random.default_rng(4), Night(shot_noise=1e-6, white_balance=0))
    assert np.all(made.glowing >= made.relit)
    assert made.weather is made.glowing
    assert made.exposed == pytest.approx(np.minimum(made.glowing * made.gain[:, None, None, None], 1))
    assert made.noisy == pytest.approx(made.exposed, abs=0.02)
    assert made.developed.astype(int) == pytest.approx(quantise(to_srgb(made.noisy)).astype(int), abs=1)


def test_a_sky_is_put_out_where_it_is() -> None:
    """As a surface it would be lit like all else; as an emitter it is darker than a white wall beside it."""
    white = np.full((1, 32, 32, 3), 240, np.uint8)
    left = np.zeros((1, 32, 32), np.float32)
    left[:, :, :16] = 1
    night = Night(sky=1e-3, ambient=0.1, lamps=0, shot_noise=1e-6)
    taken = night_pictures(white, np.random.default_rng(0), night, left)[0].mean((0, 2))
    assert taken[:14].max() < 0.3 * taken[18:].min()
