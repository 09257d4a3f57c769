"""Every colour of the project, for screens and print; source is a blue circle, target an orange diamond.

`.streamlit/config.toml` cannot import, so it repeats what belongs to the two themes; a test holds it to this file.
"""

from __future__ import annotations

from dataclasses import dataclass

SOURCE = "#0072B2"
TARGET = "#E69F00"
SOURCE_SYMBOL = "circle"
TARGET_SYMBOL = "diamond"
ACCENT = "#7A6AE0"
"""The accent for marks that must be legible on both themes at once; text and buttons take a theme's own shade."""
GREY = "#8A919C"
"""Of models and marks that are no contestants, on both themes."""
RIGHT = "#009E73"
WRONG = "#D55E00"
UNKNOWN = "#A9AFB9"
"""Of what has no label."""
SCALE = ("#B0457B", GREY, "#3FB8A6")
"""From little to much, on either theme and for colour-blind eyes."""
PRINTED_AXIS = "#B9BDC4"
CLEAR = "rgba(0,0,0,0)"

SERIES = ("#44AA99", "#AA4499", "#999933", "#A06A42", "#117733", "#A8325E")
"""Hues of a chart's lines, in order, after the accent."""
CLASSES = (
    "#CC6677",
    "#44AA99",
    "#7A6FD0",
    "#999933",
    "#88CCEE",
    "#AA4499",
    "#117733",
    "#B8A642",
    "#A8325E",
    GREY,
    "#5FB36B",
    "#C98BC9",
    "#A06A42",
    "#4FA3A5",
)
"""A hue a class, in order, none of them source blue or target orange (after Paul Tol's *muted*); then they repeat."""


@dataclass(frozen=True)
class Theme:
    """The colours that depend on whether the screen is light or dark; print takes the light ones."""

    ink: str
    """Text."""
    soft: str
    """Text of less weight."""
    line: str
    """Borders, and grid lines in print."""
    paper: str
    """The page."""
    card: str
    """Surfaces that lie on the page."""
    field: str
    """Input fields and code."""
    sidebar: str
    sidebar_field: str
    accent: str
    """Buttons and what is chosen."""
    accent_soft: str
    """A surface tinted with the accent."""
    link: str
    gained: str
    lost: str
    """Numbers that went up, and down."""
    heat: tuple[str, str]
    """The ends of a heat map: nothing, and all; white text reads on the latter."""
    grid: float
    """How opaque a grid line in the colour of ink is."""
    tint: float
    """How opaque the shade of a class's hue behind points is."""


LIGHT = Theme(
    ink="#23272E",
    soft="#5F6570",
    line="#E4E3DF",
    paper="#FFFFFF",
    card="#FAF9F7",
    field="#F6F6F4",
    sidebar="#F7F6F3",
    sidebar_field="#ECEAE5",
    accent="#5B4BC4",
    accent_soft="#EFEDFA",
    link="#5B4BC4",
    gained="#00734F",
    lost="#B04A00",
    heat=("#FFFFFF", "#5B4BC4"),
    grid=0.12,
    tint=0.22,
)
DARK = Theme(
    ink="#E8E6E1",
    soft="#A3A8B2",
    line="#2C3038",
    paper="#14161B",
    card="#1A1D23",
    field="#1D2027",
    sidebar="#101216",
    sidebar_field="#1B1E24",
    accent="#9A8CF5",
    accent_soft="#26233D",
    link="#B0A5FA",
    gained="#3FC79A",
    lost="#FF9A55",
    heat=("#171A20", "#6355CE"),
    grid=0.14,
    tint=0.17,
)


def translucent(hue: str, opacity: float) -> str:
    """Write a hue of six hexadecimal digits with an opacity from 0 to 1, for CSS and Plotly."""
    red, green, blue = _channels(hue)
    return f"rgba({red},{green},{blue},{opacity})"


def mixed(low: str, high: str, share: float) -> str:
    """Mix two hues of six hexadecimal digits; ``share`` is that of ``high``, from 0 to 1."""
    return "#" + "".join(
        f"{round((1 - share) * a + share * b):02X}" for a, b in zip(_channels(low), _channels(high), strict=True)
    )


def _luminance(hue: str) -> float:
    """Compute the relative luminance of a hue of six hexadecimal digits, from 0 (black) to 1 (WCAG 2.2)."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (n / 255 for n in _channels(hue))]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: str, b: str) -> float:
    """Compute the contrast of two hues, from 1 to 21 (WCAG 2.2); text needs 4.5."""
    low, high = sorted((_luminance(a), _luminance(b)))
    return (high + 0.05) / (low + 0.05)


def readable_on(hue: str) -> str:
    """Choose black or white for text on a hue, whichever is read better: always at 4.5 or more."""
    return max(("#000000", "#FFFFFF"), key=lambda text: contrast(text, hue))


def _channels(hue: str) -> tuple[int, ...]:
    return tuple(int(hue[place : place + 2], 16) for place in (1, 3, 5))


def style_properties() -> str:
    """Write the colours as CSS custom properties, in pairs that follow the page's light or dark ``color-scheme``."""
    paired = ("ink", "soft", "line", "paper", "card", "accent", "accent_soft", "gained", "lost")
    both = {name: f"light-dark({getattr(LIGHT, name)}, {getattr(DARK, name)})" for name in paired}
    both |= {"source": SOURCE, "target": TARGET, "mark": ACCENT, "grey": GREY}
    return " ".join(f"--{name.replace('_', '-')}: {colour};" for name, colour in both.items())
