"""A form made from a `Params` class: one widget a field, with its symbol, unit, bounds and help.

The experiment stays the truth: each widget is set from it before it is drawn, and tells a callback when it changes.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any, Literal, get_args, get_origin

import streamlit as st
from pydantic.fields import FieldInfo

from da_core.errors import UserError
from da_core.params import Params, Scalar, validated
from pages.session import keys, state
from pages.session.words import _, word

Values = dict[str, Scalar]
_SLIDER_STEPS = 120
"""A range of more steps than this is typed, not slid: a slider would not stop where one wants."""

_SEGMENTS = 6
"""More choices than this do not fit on one line."""


def form(
    kind: type[Params],
    values: Values,
    of: str,
    on_change: Callable[[Values], None],
    *,
    fields: tuple[str, ...] = (),
    columns: int = 2,
) -> None:
    """Draw ``kind`` with ``values`` set; ``on_change`` gets the new values, less those that are the defaults.

    ``of`` names whose settings these are, in messages and widget keys; ``fields`` chooses some of them. A value that
    `Params` refuses changes nothing and is told by the frame.
    """
    shown = fields or tuple(kind.model_fields)
    now = validated(kind, values, of)

    def write(name: str, key: str) -> None:
        try:
            new = validated(kind, {**values, name: st.session_state[key]}, of)
        except UserError as error:
            state.report(error)
        else:
            on_change(new.overrides())

    for first in range(0, len(shown), columns):  # row by row, so that a phone shows them in their order too
        row = st.columns(columns, gap="medium")
        for place, name in zip(row, shown[first : first + columns], strict=False):
            key = keys.setting(of, name)
            st.session_state[key] = getattr(now, name)
            with place:
                _field(kind.model_fields[name], key, functools.partial(write, name, key))


def _field(info: FieldInfo, key: str, on_change: Callable[[], None]) -> None:
    extra: dict[str, Any] = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
    label = " ".join(filter(None, (_(info.title or ""), extra.get("symbol"), _unit(extra.get("unit")))))
    same: dict[str, Any] = {
        "key": key,
        "on_change": on_change,
        "help": _(info.description) if info.description else None,
    }
    low, high = bounds(info)
    chosen = st.session_state[key]
    if info.annotation is bool:
        st.toggle(label, **same)
    elif get_origin(info.annotation) is Literal:
        options = get_args(info.annotation)
        control = st.segmented_control if len(options) <= _SEGMENTS else st.pills  # which take more than one line
        control(label, options, format_func=functools.partial(choice, info.title or ""), required=True, **same)
    elif extra.get("log"):
        span = isinstance(chosen, tuple)
        steps = powers(low, high, *(info.default if span else [info.default]), *(chosen if span else [chosen]))
        ends: dict[str, Any] = {"value": (steps[0], steps[-1])} if span else {}  # or it would read back one end
        st.select_slider(label, steps, format_func=plain, **ends, **same)
    elif isinstance(chosen, tuple):
        _span(label, low, high, extra.get("step"), type(chosen[0]), same)
    elif info.annotation is int:
        _number(label, low, high, extra.get("step") or 1, int, same)
    else:
        _number(label, low, high, extra.get("step"), float, same)


def _span(
    label: str,
    low: float | None,
    high: float | None,
    step: float | None,
    kind: Callable[[float], int | float],
    same: dict[str, Any],
) -> None:
    """Both ends of a range, which has bounds."""
    assert low is not None
    assert high is not None
    step = step or (high - low) / 100
    digits = max(0, -math.floor(math.log10(step)))
    st.slider(label, kind(low), kind(high), step=kind(step), format=f"%.{digits}f", **same)


def _number(
    label: str,
    low: float | None,
    high: float | None,
    step: float | None,
    kind: Callable[[float], int | float],
    same: dict[str, Any],
) -> None:
    if low is not None and high is not None and (high - low) / (step or (high - low) / 100) <= _SLIDER_STEPS:
        st.slider(label, kind(low), kind(high), step=kind(step or (high - low) / 100), **same)
    else:
        bounds: dict[str, Any] = {
            "min_value": None if low is None else kind(low),
            "max_value": None if high is None else kind(high),
            "step": kind(step) if step else None,
        }
        st.number_input(label, **bounds, **same)


def powers(low: float | None, high: float | None, default: float, *known: float) -> list[float]:
    """Values 1, 2, 5, 10 … within the bounds for a slider in powers of ten, with ``default`` and ``known`` among them.

    Where a bound is 0 or missing, three powers of ten around the default are offered.
    """
    low = low if low else default / 1000
    high = high if high is not None else default * 1000
    whole = isinstance(default, int)
    steps = [
        float(f"{digit}e{power}")
        for power in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        for digit in (1, 2, 5)
    ]
    within = {step for step in steps if low <= step <= high} | {float(value) for value in (default, *known)}
    return sorted(int(value) if whole else value for value in within)


def bounds(info: FieldInfo) -> tuple[float | None, float | None]:
    """The least and the greatest value; a bound that is itself excluded counts as it is and is refused on writing.

    Those of a range are those of its ends.
    """
    parts = info.metadata
    if get_origin(info.annotation) is tuple:
        _kind, end = get_args(get_args(info.annotation)[0])
        parts = end.metadata
    found = {name: getattr(part, name) for part in parts for name in ("ge", "gt", "le", "lt") if hasattr(part, name)}
    return found.get("ge", found.get("gt")), found.get("le", found.get("lt"))


def choice(title: str, name: str) -> str:
    """The name of a choice; a word that means different things in different fields has a translation by field."""
    asked = f"{title}: {name}"
    found = word(asked)
    return word(name) if found == asked else found


def _unit(unit: str | None) -> str:
    return f"({word(unit)})" if unit else ""


def plain(value: float) -> str:
    """A number without needless zeros."""
    return f"{value:g}"
