"""A form made from a `Params` class: one widget a field, with its symbol, unit, bounds and help.

The experiment stays the truth: each widget is set from it before it is drawn, and calls back when it changes.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import streamlit as st

from da_core.experiment import DataSpec, HeadSpec, MethodSpec, NetworkSpec
from da_core.params import Hyper, Params, Scalar, describe, validated
from da_core.settings import settings
from pages.session import keys, state
from pages.session.words import _, choice, word

Values = dict[str, Scalar]
_SLIDER_STEPS = 120
"""A range of more steps than this gets a box to type in: a slider would not stop where one wants."""

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

    ``of`` names whose settings these are, in messages and widget keys; ``fields`` chooses some of them. Free
    texts are left out: whoever makes them, such as the playground, has a way of their own. A value that `Params`
    refuses, such as a bound that is itself excluded, changes nothing and the frame says why.
    """
    known = {hyper.name: hyper for hyper in describe(kind)}
    names = [name for name in fields or known if not known[name].is_text]
    now = validated(kind, values, of)

    def write(name: str, key: str) -> None:
        with state.reporting():
            on_change(validated(kind, {**values, name: st.session_state[key]}, of).overrides())

    for first in range(0, len(names), columns):  # row by row, so that a phone shows them in their order too
        row = st.columns(columns, gap="medium")
        for place, name in zip(row, names[first : first + columns], strict=False):
            key = keys.setting(of, name)
            st.session_state[key] = getattr(now, name)
            with place:
                _field(_within_server(known[name], getattr(now, name)), key, functools.partial(write, name, key))


def form_of(part: str, known: Mapping[str, type[Any]], spec: DataSpec | NetworkSpec | HeadSpec | MethodSpec) -> None:
    """Draw the settings of a ``part`` of the experiment, such as its network, which is one of the ``known``."""
    if spec.name in known and known[spec.name].Params.model_fields:
        form(
            known[spec.name].Params,
            spec.params,
            spec.name,
            lambda values: state.change(**{part: spec.model_copy(update={"params": values})}),
        )


def _within_server(hyper: Hyper, now: Any) -> Hyper:
    """Lower a bound to what this server gives one run, but not below the value ``now``, which a link may bring."""
    most = {"epochs": settings().run_epochs, "count": settings().run_samples}.get(hyper.name)
    if most is None or hyper.is_range or hyper.high is None or hyper.high <= most:
        return hyper
    return replace(hyper, high=max(most, now, hyper.low or 0))


def _field(hyper: Hyper, key: str, on_change: Callable[[], None]) -> None:
    label = " ".join(filter(None, (_(hyper.title), hyper.symbol, hyper.unit and f"({word(hyper.unit)})")))
    same: dict[str, Any] = {"key": key, "on_change": on_change, "help": _(hyper.help) if hyper.help else None}
    chosen = st.session_state[key]
    if hyper.type == "boolean":
        st.toggle(label, **same)
    elif hyper.choices:
        control = st.segmented_control if len(hyper.choices) <= _SEGMENTS else st.pills  # which take more than one line
        control(label, hyper.choices, format_func=functools.partial(choice, hyper.title), required=True, **same)
    elif hyper.log:
        values = (*hyper.default, *chosen) if hyper.is_range else (hyper.default, chosen)
        steps = powers(hyper.low, hyper.high, *values)
        ends: dict[str, Any] = {"value": (steps[0], steps[-1])} if hyper.is_range else {}  # or it reads back one end
        st.select_slider(label, steps, format_func=plain, **ends, **same)
    else:
        _number(label, hyper, type(chosen[0]) if hyper.is_range else int if hyper.type == "integer" else float, same)


def _number(label: str, hyper: Hyper, kind: Callable[[float], int | float], same: dict[str, Any]) -> None:
    """Draw a slider, with both ends of a range, or a box to type in."""
    low, high = hyper.low, hyper.high
    step = hyper.step or (1 if hyper.type == "integer" else None)
    bounds: dict[str, Any] = {
        "min_value": None if low is None else kind(low),
        "max_value": None if high is None else kind(high),
    }
    fine = step or (0 if low is None or high is None else (high - low) / 100)
    steps = math.inf if low is None or high is None else (high - low) / fine
    if hyper.is_range:
        digits = max(0, -math.floor(math.log10(fine)))
        st.slider(label, **bounds, step=kind(fine), format=f"%.{digits}f", **same)
    elif steps <= _SLIDER_STEPS:
        st.slider(label, **bounds, step=kind(fine), **same)
    else:
        st.number_input(label, **bounds, step=kind(step) if step else None, **same)


def powers(low: float | None, high: float | None, default: float, *known: float) -> list[float]:
    """List 1, 2, 5, 10 … within the bounds, for a slider in powers of ten, with ``default`` and ``known`` among them.

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


def plain(value: float) -> str:
    """Write a number without needless zeros."""
    return f"{value:g}"
