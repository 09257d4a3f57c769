"""Day → night, physically: what a camera would record of the same scene after dark.

A night picture is not a dark day picture. The sun gives way to a weak ambient light and a few warm lamps, the sky
stops being the brightest thing in view, lamps saturate and glow, and the camera lifts what is left, noise included.
Each step is a function below, in the order in which light meets them:

    linearise → illuminate → glow, shine → weather → exposure_gain → add_noise → develop

Pictures are batches (n, height, width, 3). "Linear light" is proportional to radiance, 1 being a white surface in
daylight. Lengths are fractions of the picture's side, the origin is the top left corner.

Sources: noise, Brooks et al. 2019 "Unprocessing Images for Learned Raw Denoising", eq. 10–11 and table of priors;
row noise, Wei et al. 2020 "A Physics-based Noise Formation Model for Extreme Low-light Raw Denoising" (ELD);
lamp colours, Planck's law with the colour matching functions of Wyman, Sloan and Shirley 2013 (JCGT 2(2)).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from da_core.data.synthesis.weather import afterglow, rain, reflection, wet
from da_core.params import Params, Range, hyper

Array = NDArray[np.float32]
Pictures = NDArray[np.uint8]

_Share = Annotated[float, Field(ge=0, le=1)]
_Light = Annotated[float, Field(ge=1e-4, le=2)]
_Noise = Annotated[float, Field(ge=1e-6, le=0.1)]
_Kelvin = Annotated[float, Field(ge=1500, le=15000)]
_Reach = Annotated[float, Field(ge=0.02, le=1)]
_Width = Annotated[float, Field(ge=0.002, le=0.1)]
_Multiple = Annotated[float, Field(ge=0, le=20)]
_Count = Annotated[int, Field(ge=0, le=16)]


class Night(Params):
    """What may differ from one night picture to the next; every picture draws its own value from each range.

    The defaults are the standard night of the street scenes; `NIGHTS` has others.
    """

    sky: Range[_Light] = hyper(
        (0.015, 0.06), log=True, title="Night sky", help="What is left of the day sky's radiance, as a share of it."
    )
    afterglow: Range[_Multiple] = hyper(
        (0.0, 0.0),
        step=0.5,
        title="Afterglow",
        help="Warm light above the horizon after sunset, as a multiple of the night sky. 0: none.",
    )
    ambient: Range[_Light] = hyper(
        (0.02, 0.1), log=True, title="Ambient light", help="Light from all around, as a share of daylight."
    )
    ambient_kelvin: Range[_Kelvin] = hyper(
        (3500, 9000),
        step=100,
        unit="K",
        title="Colour of the ambient light",
        help="Colour temperature; 6500 K is white, less is warmer.",
    )
    lamps: Range[_Count] = hyper((2, 8), step=1, title="Lamps", help="How many lamps light a picture.")
    lamp_power: Range[_Light] = hyper(
        (0.05, 0.6), log=True, title="Power of the lamps", help="Light right below a lamp, as a share of daylight."
    )
    lamp_kelvin: Range[_Kelvin] = hyper(
        (1800, 5000),
        step=100,
        unit="K",
        title="Colour of the lamps",
        help="Colour temperature: 2000 K is a sodium lamp, 4000 K a white LED.",
    )
    lamp_radius: Range[_Reach] = hyper(
        (0.06, 0.35), step=0.01, title="Reach of the lamps", help="How far a lamp's light reaches, in sides."
    )
    lamp_height: Range[_Share] = hyper(
        (0.3, 1.0), step=0.05, title="Place of the lamps", help="From the top of the picture (0) to the bottom (1)."
    )
    glow_share: float = hyper(
        0.7, ge=0, le=1, step=0.05, title="Lamps in view", help="Share of the lamps that are themselves seen, glowing."
    )
    glow_strength: Range[_Multiple] = hyper(
        (1.0, 6.0), step=0.5, title="Glow", help="Brightness of a lamp that is seen, as a multiple of its power."
    )
    glow_width: Range[_Width] = hyper(
        (0.006, 0.02), step=0.002, title="Width of the glow", help="Width of a glowing lamp's core, in sides."
    )
    halo: Range[_Share] = hyper(
        (0.01, 0.06), step=0.01, title="Halo", help="Strength of the halo around a lamp's core."
    )
    wetness: Range[_Share] = hyper(
        (0.0, 0.0), step=0.05, title="Wet road", help="0: dry. 1: a film of water, which darkens the road and mirrors."
    )
    rain: Range[_Share] = hyper((0.0, 0.0), step=0.05, title="Rain", help="0: none. 1: a downpour, streaks and a veil.")
    exposure: Range[_Share] = hyper(
        (0.11, 0.25), step=0.01, title="Exposure", help="Mean brightness that the camera aims at; 1 is white."
    )
    max_gain: float = hyper(
        30.0, ge=1, le=200, step=1, title="Largest gain", help="A scene that needs more than this stays darker."
    )
    shot_noise: Range[_Noise] = hyper(
        (1e-4, 1e-3), log=True, symbol="a", title="Noise", help="Of the variance a·x + b at brightness x; b follows a."
    )
    row_noise: Range[_Share] = hyper(
        (0.1, 0.3), step=0.05, title="Row noise", help="Noise of whole rows, as a share of the read noise √b."
    )
    white_balance: Range[_Share] = hyper(
        (0.0, 0.6), step=0.05, symbol="ω", title="White balance", help="How far the cast is corrected. 1: fully."
    )


NightName = Literal["easy", "standard", "hard", "dusk", "street lights", "moonless", "rain", "darkened"]
NIGHTS: dict[NightName, Night] = {
    "easy": Night(
        sky=(0.005, 0.06), ambient=(0.05, 0.15), lamp_power=(0.05, 0.5), exposure=(0.18, 0.32), shot_noise=(1e-4, 5e-4)
    ),
    "standard": Night(),
    # the whole width of the model: as dark, warm and noisy as real webcams by night are
    "hard": Night(
        sky=(0.005, 0.06),
        ambient=(0.004, 0.06),
        lamp_power=(0.05, 1.0),
        exposure=(0.05, 0.28),
        shot_noise=(1e-4, 0.012),
    ),
    "dusk": Night(
        sky=(0.06, 0.2),
        afterglow=(3.0, 10.0),
        ambient=(0.06, 0.15),
        ambient_kelvin=(7500, 12000),
        lamps=(1, 5),
        lamp_power=(0.03, 0.2),
        lamp_height=(0.3, 0.6),
        exposure=(0.2, 0.32),
        shot_noise=(1e-4, 5e-4),
        white_balance=(0.0, 0.3),
    ),
    "street lights": Night(
        sky=(0.01, 0.03),
        ambient=(0.008, 0.03),
        lamps=(4, 9),
        lamp_power=(0.15, 0.8),
        lamp_kelvin=(1900, 3000),
        lamp_radius=(0.15, 0.45),
        lamp_height=(0.25, 0.6),
        glow_share=0.9,
        exposure=(0.14, 0.28),
        white_balance=(0.0, 0.4),
    ),
    "moonless": Night(
        sky=(0.002, 0.01),
        ambient=(0.003, 0.012),
        lamps=(0, 2),
        lamp_power=(0.02, 0.2),
        exposure=(0.05, 0.13),
        shot_noise=(5e-4, 6e-3),
    ),
    "rain": Night(
        sky=(0.01, 0.04),
        ambient=(0.01, 0.05),
        lamps=(3, 8),
        lamp_height=(0.25, 0.6),
        halo=(0.04, 0.12),
        wetness=(0.6, 1.0),
        rain=(0.3, 1.0),
    ),
    # less light and nothing else: what a day picture needs least to be learned from
    "darkened": Night(
        sky=0.05, ambient=0.05, ambient_kelvin=6500, lamps=0, exposure=(0.05, 0.28), shot_noise=1e-6, white_balance=0
    ),
}


@dataclass(frozen=True)
class Lamps:
    """Lamps of n pictures, up to k each (absent ones have no power). All arrays (n, k), ``colour`` (n, k, 3)."""

    x: Array
    y: Array
    radius: Array
    power: Array
    colour: Array


# Colour


def to_linear(srgb: NDArray[np.floating]) -> Array:
    """Inverse sRGB curve (IEC 61966-2-1): display values in [0, 1] → linear light in [0, 1], float32."""
    srgb = np.asarray(srgb, np.float32)
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4).astype(np.float32)


def to_srgb(linear: NDArray[np.floating]) -> Array:
    """sRGB curve: linear light → display values in [0, 1]; what is brighter than white is clipped. float32."""
    linear = np.clip(np.asarray(linear, np.float32), 0.0, 1.0)
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055).astype(np.float32)


_LINEAR = to_linear(np.arange(256) / 255)  # the curve at each 8-bit value: a lookup is 20 times faster than a power


def linearise(pictures: Pictures) -> Array:
    """8-bit sRGB pictures → linear light, float32 of the same shape."""
    linear: Array = _LINEAR[pictures]
    return linear


def quantise(srgb: Array) -> Pictures:
    """Display values in [0, 1] → uint8, to the nearest level."""
    return (srgb * 255 + 0.5).astype(np.uint8)


def luminance(linear: Array) -> Array:
    """Luminance (…,) of linear sRGB light (…, 3), ITU-R BT.709."""
    return linear @ np.array([0.2126, 0.7152, 0.0722], np.float32)


def planck_colour(kelvin: Array | float) -> Array:
    """Linear sRGB colour (…, 3) of a black body at ``kelvin`` (…,), of luminance 1; 6500 K is close to white.

    Planck's law times the CIE 1931 matching functions (the multi-lobe fit of Wyman et al. 2013), summed over the
    visible range, then the XYZ → sRGB matrix. What falls outside of sRGB (blue below about 1900 K) is set to 0.
    """
    nm = np.linspace(390, 730, 69)

    def lobe(mean: float, left: float, right: float) -> Array:
        return np.exp(-0.5 * ((nm - mean) * np.where(nm < mean, left, right)) ** 2)

    x = 0.362 * lobe(442.0, 0.0624, 0.0374) + 1.056 * lobe(599.8, 0.0264, 0.0323) - 0.065 * lobe(501.1, 0.0490, 0.0382)
    y = 0.821 * lobe(568.8, 0.0213, 0.0247) + 0.286 * lobe(530.9, 0.0613, 0.0322)
    z = 1.217 * lobe(437.0, 0.0845, 0.0278) + 0.681 * lobe(459.0, 0.0385, 0.0725)
    radiance = nm**-5 / np.expm1(1.4388e7 / (nm * np.asarray(kelvin, float)[..., None]))
    xyz_to_rgb = np.array([[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]])
    colour = np.maximum(radiance @ np.stack([x, y, z], -1) @ xyz_to_rgb.T, 0.0).astype(np.float32)
    unit: Array = colour / luminance(colour)[..., None]
    return unit


# Drawing from ranges


def _uniform(rng: np.random.Generator, bounds: tuple[float, float], shape: tuple[int, ...]) -> Array:
    return rng.uniform(*bounds, shape).astype(np.float32)


def _log_uniform(rng: np.random.Generator, bounds: tuple[float, float], shape: tuple[int, ...]) -> Array:
    return np.exp(rng.uniform(math.log(bounds[0]), math.log(bounds[1]), shape)).astype(np.float32)


def hang_lamps(count: int, rng: np.random.Generator, night: Night) -> Lamps:
    """Lamps for ``count`` pictures, at random places."""
    shape = (count, night.lamps[1])
    present = np.arange(shape[1]) < rng.integers(*night.lamps, count, endpoint=True)[:, None]
    return Lamps(
        x=_uniform(rng, (0.0, 1.0), shape),
        y=_uniform(rng, night.lamp_height, shape),
        radius=_uniform(rng, night.lamp_radius, shape),
        power=_log_uniform(rng, night.lamp_power, shape) * present,
        colour=planck_colour(_uniform(rng, night.lamp_kelvin, shape)),
    )


# The steps


def squared_distance(height: int, width: int, x: Array, y: Array) -> Array:
    """Squared distance (n, height, width) of each pixel's centre to the points (x, y) (n,), in sides."""
    side = max(height, width)
    dx = (np.arange(width, dtype=np.float32) + 0.5) / side - x[:, None]
    dy = (np.arange(height, dtype=np.float32) + 0.5) / side - y[:, None]
    return np.asarray(dy[:, :, None] ** 2 + dx[:, None, :] ** 2, np.float32)


def falloff(d2: Array, radius: Array | float) -> Array:
    """(1 + d²/r²)^−1.5: light on the ground at distance d from the foot of a lamp that hangs at height r."""
    spread = 1 + d2 / np.float32(radius) ** 2
    falloff: Array = 1 / (spread * np.sqrt(spread))
    return falloff


def _per_picture(values: Array) -> Array:
    """(n,) → (n, 1, 1), to go with (n, height, width)."""
    return values[:, None, None]


def illuminate(height: int, width: int, lamps: Lamps, rng: np.random.Generator, night: Night) -> Array:
    """Night light E = a·c_ambient + Σ g·c·falloff that falls on each pixel, (n, height, width, 3)."""
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
    """Lamps seen directly: a core and a halo, A·g·c·[exp(−d²/2s²) + h/(1 + d²/(4s)²)^1.2], (n, height, width, 3)."""
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
    """Squared distance to the first element, on a torus of twice the picture: so wide that no light wraps around."""
    dy, dx = (np.fft.fftfreq(2 * length) * 2 * length / max(height, width) for length in (height, width))
    return (dy[:, None] ** 2 + dx**2).astype(np.float32)


def shine(emission: Array) -> tuple[Array, Array]:
    """What a scene's own lights do: (light that they cast on what is near, halo around them), both like ``emission``.

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
    """The gain (n,) ≤ ``max_gain`` that brings the mean sRGB value of each picture closest to ``target`` (n,)."""
    step = max(1, min(light.shape[1:3]) // 16)  # a light meter does not need every pixel
    seen = light[:, ::step, ::step].reshape(len(light), -1)
    low, high = np.full(len(light), 1e-3, np.float32), np.full(len(light), max_gain, np.float32)
    for _ in range(14):  # bisection of the logarithm: the mean grows with the gain
        middle = np.sqrt(low * high)
        too_dark = to_srgb(seen * middle[:, None]).mean(1) < target
        low, high = np.where(too_dark, middle, low), np.where(too_dark, high, middle)
    return high


def noise_variances(count: int, rng: np.random.Generator, night: Night) -> tuple[Array, Array]:
    """Shot and read noise (a, b), each (count,), of variance a·x + b: log b = 2.18 log a + 1.20 + N(0, .26)."""
    a = _log_uniform(rng, night.shot_noise, (count,))
    b = np.exp(2.18 * np.log(a) + 1.20 + rng.normal(0.0, 0.26, count)).astype(np.float32)
    return a, b


def add_noise(light: Array, a: Array, b: Array, row_share: Array, rng: np.random.Generator) -> Array:
    """Sensor noise on an exposed picture: N(0, a·x + b) a pixel and channel, N(0, row_share²·b) a row.

    a and b (n,) are those of the exposed signal, so the gain's part in the noise is in them, as in Brooks et al.
    """
    a, b = a[:, None, None, None], b[:, None, None, None]
    pixel = rng.standard_normal(light.shape, np.float32) * np.sqrt(a * light + b)
    row = rng.standard_normal((*light.shape[:2], 1, 1), np.float32) * np.sqrt(b) * row_share[:, None, None, None]
    noisy: Array = light + pixel + row
    return noisy


def develop(signal: Array, balance: Array) -> Pictures:
    """Sensor signal → uint8 sRGB: 12-bit quantisation, part of the white balance, tone curve.

    The gain of channel c is (mean_G / mean_c)^ω with ω = ``balance`` (n,): at ω < 1 a part of the cast stays.
    """
    raw = np.round(np.clip(signal, 0, 1) * 4095) / 4095
    means = raw.mean((1, 2)) + 1e-6
    gains = (means[:, 1:2] / means) ** balance[:, None]
    return quantise(to_srgb(raw * gains[:, None, None].astype(np.float32)))


# Whole pictures


def _batches(count: int, height: int, width: int) -> Iterator[slice]:
    """Slices of about 2^17 pixels: small enough for the cache, large enough for NumPy."""
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
    """Take the pictures of `night_scenes`, and keep what they look like on the way; None is a layer that is empty."""
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
    """Scenes by night, uint8 (n, height, width, 3), from their layers in linear light, each of the same shape.

    ``reflectance`` of surfaces (0 where the sky is), ``sky`` its daylight radiance (0 where surfaces are),
    ``emission`` of the lights that belong to the scene, and ``ground`` (n, height, width), the share of each pixel
    that rain makes wet.
    """
    taken = [
        steps(reflectance[part], sky[part], emission[part], ground[part], rng, night).developed
        for part in _batches(*reflectance.shape[:3])
    ]
    return np.concatenate(taken)


def night_pictures(
    pictures: Pictures, rng: np.random.Generator, night: Night, open_sky: Array | None = None
) -> Pictures:
    """Plain day pictures by night, uint8 (n, height, width, 3) → the same.

    ``open_sky`` (n, height, width) is the share of sky in each pixel, as `da_core.data.synthesis.sky_mask` guesses it.
    All else, or everything without it, is taken for a surface in even light, and the ground is never wet: nobody
    knows where it is.
    """
    taken = []
    for part in _batches(*pictures.shape[:3]):
        light, sky = linearise(pictures[part]), None
        if open_sky is not None:
            sky = light * open_sky[part, ..., None]
            light -= sky
        taken.append(steps(light, sky, None, None, rng, night).developed)
    return np.concatenate(taken)
