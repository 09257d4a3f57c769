"""The element in which a line is drawn by hand (``assets/sketch``): a curve, or a boundary between points."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from da_core.teaching.guess import BoundaryGuess, CurveGuess, Line, knots
from pages.charts import chart_table
from pages.session.words import _, language, number
from pages.shell import theme

_ASSETS = Path(__file__).parents[2] / "assets" / "sketch"
_HTML = """<div class="sketch"><svg viewBox="0 0 600 360" role="group"></svg>
<div class="foot"><span class="yours"><i></i><span></span></span><span class="came"><i></i><span></span></span></div>
<p class="hint"></p><button type="button"></button></div>"""

Points = Sequence[tuple[float, float, int]]
"""Points in the plane with their classes, 0 or 1."""


def draw(
    guess: CurveGuess | BoundaryGuess,
    *,
    key: str,
    points: Points = (),
    given: Line | None = None,
    outcome: Line | None = None,
    on_commit: Callable[[Any], None] | None = None,
) -> None:
    """Draw the element; with ``on_commit`` a line can be drawn, and it is called with what the browser sends."""
    code = language().code
    across, up, unit = "x₁", "x₂", ""
    if isinstance(guess, CurveGuess):
        across, up, unit = guess.across.text(code), guess.up.text(code), guess.unit

    def written(value: float) -> str:
        return number(value, 0 if float(value).is_integer() else 1)

    data = {
        "x": guess.x,
        "y": guess.y,
        "numbers": {
            "left": written(guess.x[0]),
            "right": written(guess.x[1]),
            "bottom": written(guess.y[0]) + unit,
            "top": written(guess.y[1]) + unit,
        },
        "knots": knots(guess.x),
        "given": given,
        "outcome": outcome,
        "points": points,
        "editable": on_commit is not None,
        "unit": unit,
        "colours": {"classes": [theme.class_colour(index) for index in range(2)]},
        "texts": {
            "what": guess.question.text(code),
            "across": across,
            "up": up,
            "hint": _("Draw with the pointer, or choose a handle with ← → and move it with ↑ ↓."),
            "touch": _("Draw the line with a finger."),
            "commit": _("This is my guess"),
            "knot": _("At {x}: {y}"),
            "yours": _("Your guess"),
            "outcome": _("What came out"),
        },
    }

    def committed() -> None:
        if on_commit is not None:
            on_commit(st.session_state[key].get("committed"))

    _element()(data=data, key=key, on_committed_change=committed)
    if outcome is not None:
        lines = {_("Your guess"): given, _("What came out"): outcome}
        rows = [
            (written(round(x, 2)), name, written(round(float(y), 1)) + unit)
            for name, line in lines.items()
            for x, y in zip(knots(guess.x), line or (), strict=False)
        ]
        chart_table.draw(chart_table.pivot(rows, across), key)


def _element() -> Any:
    return st.components.v2.component("da_lab_sketch", html=_HTML, css=_asset("sketch.css"), js=_asset("sketch.js"))


@functools.cache
def _asset(name: str) -> str:
    return (_ASSETS / name).read_text(encoding="utf-8")
