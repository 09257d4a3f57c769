"""Turn day into night physically: simulate what a camera would record of the same scene after dark.

Each step is a function below, in the order in which light meets them:

    linearise → illuminate → glow, shine → weather → exposure_gain → add_noise → develop

Pictures are batches (n, height, width, 3) in linear light (see `colour`). Lengths are fractions of the picture's side,
the origin is the top left corner.

Sources: noise, Brooks et al. 2019 "Unprocessing Images for Learned Raw Denoising", eq. 10–11 and table of priors; row
noise, Wei et al. 2020 "A Physics-based Noise Formation Model for Extreme Low-light Raw Denoising" (ELD).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from da_core.data.synthesis.colour import Array, Pictures, linearise, planck_colour, quantise, to_srgb
from da_core.data.synthesis.night_conditions import Night
from da_core.data.synthesis.weather import afterglow, rain, reflection, wet


@dataclass(frozen=True)
class Lamps:
    """Lamps of n pictures, up to k each (absent ones have no power). All arrays (n, k), ``colour`` (n, k, 3)."""

    x: Array
    y: Array
    radius: Array
    power: Array
    colour: Array


def _uniform(rng: np.random.Generator, bounds: tuple[float, float], shape: tuple[int, ...]) -> Array:
    return rng.uniform(*bounds, shape).astype(np.float32)


def _log_uniform(rng: np.random.Generator, bounds: tuple[float, float], shape: tuple[int, ...]) -> Array:
    return np.exp(rng.uniform(math.log(bounds[0]), math.log(bounds[1]), shape)).astype(np.float32)


def hang_lamps(count: int, rng: np.random.Generator, night: Night) -> Lamps:
    """Hang lamps at random places in ``count`` pictures."""
    shape = (count, night.lamps[1])
    present = np.arange(shape[1]) < rng.integers(*night.lamps, count, endpoint=True)[:, None]
    return Lamps(
        x=_uniform(rng, (0.0, 1.0), shape),
        y=_uniform(rng, night.lamp_height, shape),
        radius=_uniform(rng, night.lamp_radius, shape),
        power=_log_uniform(rng, night.lamp_power, shape) * present,
        colour=planck_colour(_uniform(rng, night.lamp_kelvin, shape)),
    )


def squared_distance(height: int, width: int, x: Array, y: Array) -> Array:
    """Compute the squared distance (n, height, width) of each pixel's centre to the points (x, y) (n,), in sides."""
    side = max(height, width)
    dx = (np.arange(width, dtype=np.float32) + 0.5) / side - x[:, None]
    dy = (np.arange(height, dtype=np.float32) + 0.5) / side - y[:, None]
    return np.asarray(dy[:, :, None] ** 2 + dx[:, None, :] ** 2, np.float32)


def falloff(d2: Array, radius: Array | float) -> Array:
    """Compute (1 + d²/r²)^−1.5: light on the ground at distance d from the foot of a lamp that hangs at height r."""
    spread = 1 + d2 / np.float32(radius) ** 2
    falloff: Array = 1 / (spread * np.sqrt(spread))
    return falloff


def _per_picture(values: Array) -> Array:
    """Reshape (n,) to (n, 1, 1), to go with (n, height, width)."""
    return values[:, None, None]


def illuminate(height: int, width: int, lamps: Lamps, rng: np.random.Generator, night: Night) -> Array:
    """Compute the light E = a·c_ambient + Σ g·c·falloff that falls on each pixel by night, (n, height, width, 3)."""
    count = len(lamps.x)
    ambient = _log_uniform(rng, night.ambient, (count, 1))
    ambient = ambient * planck_colour(_uniform(rng, night.ambient_kelvin, (count,)))
    light = np.broadcast_to(ambient[:, None, None], (count, height, width, 3)).copy()
    for k in range(lamps.x.shape[1]):
        d2 = squared_distance(height, width, lamps.x[:, k], lamps.y[:, k])
        reach = falloff(d2, _per_picture(lamps.radius[:, k]))
        light += reach[..., None] * (lamps.power[:, k, None] * lamps.colour[:, k])[:, None, None]
    return light


def glow(height: int, width: int, lamps: Lamps, rng: np.random.Generator, night: Night) -> Array:
    """Draw the lamps as they are seen: a core and a halo, A·g·c·[exp(−d²/2s²) + h/(1 + d²/(4s)²)^1.2] in each pixel."""
    count, most = lamps.x.shape
    width_s2 = _uniform(rng, night.glow_width, (count, most)) ** 2
    halo = _uniform(rng, night.halo, (count, most))
    strength = _uniform(rng, night.glow_strength, (count, most)) * (rng.random((count, most)) < night.glow_share)
    # A pixel is as wide as a core: its own extent (variance 1/12 of its area) widens the core and dims it.
    pixel_s2 = 1 / (12 * max(height, width) ** 2)
    light = np.zeros((count, height, width, 3), np.float32)
    for k in range(most):
        d2 = squared_distance(height, width, lamps.x[:, k], lamps.y[:, k])
        s2 = _per_picture(width_s2[:, k])
        core = s2 / (s2 + pixel_s2) * np.exp(-d2 / (2 * (s2 + pixel_s2)))
        shape = core + _per_picture(halo[:, k]) / (1 + d2 / (16 * s2)) ** 1.2
        light += shape[..., None] * ((strength * lamps.power)[:, k, None] * lamps.colour[:, k])[:, None, None]
    return light


def _distance_on_torus(height: int, width: int) -> Array:
    """Compute squared distances to the first element on a torus, twice as wide so that no light wraps around."""
    dy, dx = (np.fft.fftfreq(2 * length) * 2 * length / max(height, width) for length in (height, width))
    return (dy[:, None] ** 2 + dx**2).astype(np.float32)


def shine(emission: Array) -> tuple[Array, Array]:
    """Spread a scene's own lights: (light that they cast on what is near, halo around them), both like ``emission``.

    A source of radiance L and area A at height r over the ground gives L·A/(πr²) right below it; its halo is that
    of ``glow`` with values in the middle of the ranges. Both are convolutions, done by Fourier transform.
    """
    height, width = emission.shape[1:3]
    d2, pixel_area = _distance_on_torus(height, width), 1 / max(height, width) ** 2
    reach, core, halo = 0.09, 0.012, 0.03
    cast = falloff(d2, reach) * pixel_area / (np.pi * reach**2)
    bloom = halo / (1 + d2 / (4 * core) ** 2) ** 1.2 * pixel_area / (2 * np.pi * core**2)
    padded, axes = (2 * height, 2 * width), (1, 2)
    spectrum = np.fft.rfft2(emission, padded, axes)

    def spread(kernel: Array) -> Array:
        spread = np.fft.irfft2(spectrum * np.fft.rfft2(kernel)[None, :, :, None], padded, axes)
        return np.maximum(spread[:, :height, :width], 0).astype(np.float32)

    return spread(cast), spread(bloom)


def exposure_gain(light: Array, target: Array, max_gain: float) -> Array:
    """Find the gain (n,) ≤ ``max_gain`` that brings the mean sRGB value of each picture closest to ``target`` (n,)."""
    step = max(1, min(light.shape[1:3]) // 16)  # a light meter does not need every pixel
    seen = light[:, ::step, ::step].reshape(len(light), -1)
    low, high = np.full(len(light), 1e-3, np.float32), np.full(len(light), max_gain, np.float32)
    for _ in range(14):  # bisection of the logarithm: the mean grows with the gain
        middle = np.sqrt(low * high)
        too_dark = to_srgb(seen * middle[:, None]).mean(1) < target
        low, high = np.where(too_dark, middle, low), np.where(too_dark, high, middle)
    return high


def noise_variances(count: int, rng: np.random.Generator, night: Night) -> tuple[Array, Array]:
    """Draw shot and read noise (a, b), each (count,), of variance a·x + b: log b = 2.18 log a + 1.20 + N(0, .26)."""
    a = _log_uniform(rng, night.shot_noise, (count,))
    b = np.exp(2.18 * np.log(a) + 1.20 + rng.normal(0.0, 0.26, count)).astype(np.float32)
    return a, b


def add_noise(light: Array, a: Array, b: Array, row_share: Array, rng: np.random.Generator) -> Array:
    """Add sensor noise to an exposed picture: N(0, a·x + b) a pixel and channel, N(0, row_share²·b) a row.

    a and b (n,) are those of the exposed signal, so the gain's part in the noise is in them, as in Brooks et al.
    """
    a, b = a[:, None, None, None], b[:, None, None, None]
    pixel = rng.standard_normal(light.shape, np.float32) * np.sqrt(a * light + b)
    row = rng.standard_normal((*light.shape[:2], 1, 1), np.float32) * np.sqrt(b) * row_share[:, None, None, None]
    noisy: Array = light + pixel + row
    return noisy


def develop(signal: Array, balance: Array) -> Pictures:
    """Develop a sensor's signal to uint8 sRGB: 12-bit quantisation, part of the white balance, tone curve.

    The gain of channel c is (mean_G / mean_c)^ω with ω = ``balance`` (n,): at ω < 1 a part of the cast stays.
    """
    raw = np.round(np.clip(signal, 0, 1) * 4095) / 4095
    means = raw.mean((1, 2)) + 1e-6
    gains = (means[:, 1:2] / means) ** balance[:, None]
    return quantise(to_srgb(raw * gains[:, None, None].astype(np.float32)))


def _batches(count: int, height: int, width: int) -> Iterator[slice]:
    """Yield slices of about 2^17 pixels: small enough for the cache, large enough for NumPy."""
    step = max(1, 2**17 // (height * width))
    return (slice(start, start + step) for start in range(0, count, step))


@dataclass(frozen=True)
class Steps:
    """Pictures on their way to night, in linear light (n, height, width, 3) until they are developed.

    ``relit`` is what surfaces send, ``glowing`` has the lamps, the sky and the scene's own lights as well, ``weather``
    the rain; ``exposed`` is multiplied by ``gain`` (n,) and ``noisy`` what the sensor reads.
    """

    relit: Array
    glowing: Array
    weather: Array
    exposed: Array
    noisy: Array
    developed: Pictures
    gain: Array


def steps(
    reflectance: Array,
    sky: Array | None,
    emission: Array | None,
    ground: Array | None,
    rng: np.random.Generator,
    night: Night,
) -> Steps:
    """Turn a batch to night as `night_scenes` does, and return every step on the way; None is a layer that is empty."""
    count, height, width = reflectance.shape[:3]
    lamps = hang_lamps(count, rng, night)
    falling = illuminate(height, width, lamps, rng, night)
    seen = glow(height, width, lamps, rng, night)
    if emission is not None:
        cast, bloom = shine(emission)
        falling += cast
        seen += emission + bloom
    if sky is not None:
        left = sky * _log_uniform(rng, night.sky, (count, 1, 1, 1))
        # what is off draws nothing, so that a night without it stays the same to the last bit
        seen += afterglow(left, _uniform(rng, night.afterglow, (count,))) if night.afterglow[1] else left
    wetness = _uniform(rng, night.wetness, (count,)) if ground is not None and night.wetness[1] else None
    surfaces = reflectance if wetness is None or ground is None else wet(reflectance, ground, wetness)
    relit = surfaces * falling
    light = glowing = relit + seen
    if wetness is not None and ground is not None:
        light = light + reflection(light, ground, wetness, rng)
    if night.rain[1]:
        light = rain(light, falling, _uniform(rng, night.rain, (count,)), rng)
    gain = exposure_gain(light, _uniform(rng, night.exposure, (count,)), night.max_gain)
    exposed = np.minimum(light * gain[:, None, None, None], 1.0)  # full wells: lamps saturate before noise is added
    noisy = add_noise(exposed, *noise_variances(count, rng, night), _uniform(rng, night.row_noise, (count,)), rng)
    developed = develop(noisy, _uniform(rng, night.white_balance, (count,)))
    return Steps(relit, glowing, light, exposed, noisy, developed, gain)


def night_scenes(
    reflectance: Array, sky: Array, emission: Array, ground: Array, rng: np.random.Generator, night: Night
) -> Pictures:
    """Turn scenes to night, uint8 (n, height, width, 3), from their layers in linear light, each of the same shape.

    ``reflectance`` of surfaces (0 where the sky is), ``sky`` its daylight radiance (0 where surfaces are),
    ``emission`` of the lights that belong to the scene, and ``ground`` (n, height, width), the share of each pixel
    that rain makes wet.
    """
    nights = [
        steps(reflectance[part], sky[part], emission[part], ground[part], rng, night).developed
        for part in _batches(*reflectance.shape[:3])
    ]
    return np.concatenate(nights)


def night_pictures(
    pictures: Pictures, rng: np.random.Generator, night: Night, open_sky: Array | None = None
) -> Pictures:
    """Turn plain day pictures to night, uint8 (n, height, width, 3) → the same.

    ``open_sky`` (n, height, width) is the share of sky in each pixel, as `da_core.data.synthesis.sky_mask` guesses it.
    All else, or everything without it, is taken for a surface in even light, and the ground is never wet: nobody
    knows where it is.
    """
    nights = []
    for part in _batches(*pictures.shape[:3]):
        light, sky = linearise(pictures[part]), None
        if open_sky is not None:
            sky = light * open_sky[part, ..., None]
            light -= sky
        nights.append(steps(light, sky, None, None, rng, night).developed)
    return np.concatenate(nights)
