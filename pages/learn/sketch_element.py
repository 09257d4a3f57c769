"""The element in which a line is drawn by hand (``assets/sketch``): a curve, or a boundary between points."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from da_core.teaching.course.guess import BoundaryGuess, CurveGuess, Ends, Line, Points, knots
from pages.charts import chart_table
from pages.session.words import _, language, number
from pages.shell import theme
from pages.shell.scripts import element, read_asset


def draw(
    guess: CurveGuess | BoundaryGuess,
    *,
    key: str,
    points: Points = (),
    answer: Line | None = None,
    outcome: Line | None = None,
    on_commit: Callable[[Any], None] | None = None,
) -> None:
    """Draw the element; with ``on_commit`` a line can be drawn, and it is called with what the browser sends."""
    code = language().code
    across, up, unit = "x₁", "x₂", ""
    if isinstance(guess, CurveGuess):
        across, up, unit = guess.across.text(code), guess.up.text(code), guess.unit
    payload = element_data(guess.question.text(code), (across, up), guess.x, guess.y, unit=unit, points=points)

    def committed() -> None:
        if on_commit is not None:
            on_commit(st.session_state[key].get("committed"))

    data = {**payload, "given": answer, "outcome": outcome, "editable": on_commit is not None}
    element("sketch")(data=data, key=key, on_committed_change=committed)
    if outcome is not None:
        lines = {_("Your guess"): answer, _("Result"): outcome}
        rows = [
            (write_height(round(x, 2)), name, write_height(round(float(y), 1)) + unit)
            for name, line in lines.items()
            for x, y in zip(knots(guess.x), line or (), strict=False)
        ]
        chart_table.draw(chart_table.pivot(rows, across), key)


def element_data(
    what: str, titles: tuple[str, str], x: Ends, y: Ends, *, unit: str = "", points: Points = ()
) -> dict[str, Any]:
    """Write what the element's script is given of a line that is asked for, before one is drawn."""
    across, up = titles
    return {
        "x": x,
        "y": y,
        "numbers": {
            "left": write_height(x[0]),
            "right": write_height(x[1]),
            "bottom": write_height(y[0]) + unit,
            "top": write_height(y[1]) + unit,
        },
        "knots": knots(x),
        "points": points,
        "unit": unit,
        "colours": {"classes": [theme.class_colour(index) for index in range(2)]},
        "texts": {
            "what": what,
            "across": across,
            "up": up,
            "hint": _("Draw with the pointer, or choose a handle with ← → and move it with ↑ ↓."),
            "touch": _("Draw the line with a finger."),
            "commit": _("This is my guess"),
            "knot": _("At {x}: {y}"),
            "yours": _("Your guess"),
            "outcome": _("Result"),
            "others": _("The room's lines"),
            "middle": _("Median line"),
        },
    }


def write_height(value: float) -> str:
    """Write an end of an axis, or a height."""
    return number(value, 0 if float(value).is_integer() else 1)


def markup() -> str:
    """Write the element's markup and style, for a page that is no screen of the app."""
    return f"<style>{read_asset('sketch/sketch.css')}</style>{read_asset('sketch/sketch.html')}"
