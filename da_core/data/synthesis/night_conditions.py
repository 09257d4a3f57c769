"""Declare the night model's parameters, the ranges that they are drawn from, and eight named kinds of night."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from da_core.params import Params, Range, hyper

_Share = Annotated[float, Field(ge=0, le=1)]
_Light = Annotated[float, Field(ge=1e-4, le=2)]
_Noise = Annotated[float, Field(ge=1e-6, le=0.1)]
_Kelvin = Annotated[float, Field(ge=1500, le=15000)]
_Reach = Annotated[float, Field(ge=0.02, le=1)]
_Width = Annotated[float, Field(ge=0.002, le=0.1)]
_Multiple = Annotated[float, Field(ge=0, le=20)]
_Count = Annotated[int, Field(ge=0, le=16)]


class Night(Params):
    """Ranges from which every night picture draws its own values."""

    sky: Range[_Light] = hyper((0.015, 0.06), log=True, title="Night sky")
    """Remaining share of the day sky's radiance."""
    afterglow: Range[_Multiple] = hyper((0.0, 0.0), step=0.5, title="Afterglow")
    """Warm light above the horizon after sunset, as a multiple of the night sky. 0: none."""
    ambient: Range[_Light] = hyper((0.02, 0.1), log=True, title="Ambient light")
    """Light from all directions, as a share of daylight."""
    ambient_kelvin: Range[_Kelvin] = hyper((3500, 9000), step=100, unit="K", title="Colour of the ambient light")
    """Colour temperature; 6500 K is white, less is warmer."""
    lamps: Range[_Count] = hyper((2, 8), step=1, title="Lamps", help="Number of lamps that light a picture.")
    lamp_power: Range[_Light] = hyper((0.05, 0.6), log=True, title="Power of the lamps")
    """Light directly below a lamp, as a share of daylight."""
    lamp_kelvin: Range[_Kelvin] = hyper((1800, 5000), step=100, unit="K", title="Colour of the lamps")
    """Colour temperature: 2000 K is a sodium lamp, 4000 K a white LED."""
    lamp_radius: Range[_Reach] = hyper((0.06, 0.35), step=0.01, title="Reach of the lamps")
    """Distance that a lamp's light reaches, in picture sides."""
    lamp_height: Range[_Share] = hyper((0.3, 1.0), step=0.05, title="Place of the lamps")
    """From the top of the picture (0) to the bottom (1)."""
    glow_share: float = hyper(0.7, ge=0, le=1, step=0.05, title="Lamps in view")
    """Share of the lamps that are visible and glow."""
    glow_strength: Range[_Multiple] = hyper((1.0, 6.0), step=0.5, title="Glow")
    """Brightness of a visible lamp, as a multiple of its power."""
    glow_width: Range[_Width] = hyper((0.006, 0.02), step=0.002, title="Width of the glow")
    """Width of a glowing lamp's core, in picture sides."""
    halo: Range[_Share] = hyper((0.01, 0.06), step=0.01, title="Halo")
    """Strength of the halo around a lamp's core."""
    wetness: Range[_Share] = hyper((0.0, 0.0), step=0.05, title="Wet road")
    """0: dry. 1: a film of water, which darkens the road and reflects."""
    rain: Range[_Share] = hyper((0.0, 0.0), step=0.05, title="Rain")
    """0: none. 1: a downpour with streaks and a veil."""
    exposure: Range[_Share] = hyper((0.11, 0.25), step=0.01, title="Exposure")
    """Mean brightness that the camera aims for; 1 is white."""
    max_gain: float = hyper(30.0, ge=1, le=200, step=1, title="Maximum gain")
    """A scene that needs a larger gain stays darker."""
    shot_noise: Range[_Noise] = hyper((1e-4, 1e-3), log=True, symbol="a", title="Noise")
    """Factor a of the variance a·x + b at brightness x; b follows a. Larger values add noise."""
    row_noise: Range[_Share] = hyper((0.1, 0.3), step=0.05, title="Row noise")
    """Noise of whole rows, as a share of the read noise √b."""
    white_balance: Range[_Share] = hyper((0.0, 0.6), step=0.05, symbol="ω", title="White balance")
    """Strength of the colour correction; 1 is full."""


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
