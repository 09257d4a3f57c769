"""The colours that mean something. Source: a blue circle, target: an orange diamond, on screens and in print."""

from __future__ import annotations

SOURCE = "#0072B2"
TARGET = "#E69F00"
SOURCE_SYMBOL = "circle"
TARGET_SYMBOL = "diamond"
ACCENT = "#7A6AE0"
"""The one accent, legible on both themes; buttons take theme's own shade of it from ``.streamlit/config.toml``."""
RIGHT = "#009E73"
WRONG = "#D55E00"
UNKNOWN = "#A9AFB9"
"""Of what has no label."""
SCALE = ("#B0457B", "#8A919C", "#3FB8A6")
"""From little to much, on either theme and for colour-blind eyes."""

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
    "#8A919C",
    "#5FB36B",
    "#C98BC9",
    "#A06A42",
    "#4FA3A5",
)
"""A hue a class, in order, none of them source blue or target orange (after Paul Tol's *muted*); then they repeat."""
