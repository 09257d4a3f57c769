"""How training goes, as curves that grow in place: loss terms, accuracies, and the domain classifier's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import altair as alt
import pandas as pd
import streamlit as st

from da_core.events import Accuracies, Losses, Phase
from pages.parts import theme
from pages.parts.words import _, percent, word

History = Sequence[Losses | Accuracies]

_HEIGHT = 280
_TERMS = (theme.ACCENT, "#44AA99", "#AA4499", "#999933", "#A06A42")


def phases(history: History) -> list[Phase]:
    """The phases that have begun to train, in their order."""
    return list(dict.fromkeys(event.phase for event in history))


def latest(history: History, phase: Phase) -> dict[str, float]:
    """The accuracies at the end of the newest epoch of a phase; empty before the first."""
    found = [event.values for event in history if isinstance(event, Accuracies) and event.phase == phase]
    return found[-1] if found else {}


def draw(history: History, phase: Phase, epochs: int) -> None:
    """The curves of one phase, each beside what it says."""
    values = latest(history, phase)
    left, right = st.columns(2, gap="medium")
    with left:
        _title(_("Loss"))
        st.altair_chart(losses(history, phase, epochs), key=f"losses-{phase}", alt=_("Each loss term over the epochs"))
    with right:
        both = [f"{word(name)} {percent(values[name])}" for name in ("source", "target") if name in values]
        _title(_("Accuracy on held-out samples"), *both)
        alt_text = _("Accuracy on held-out source and target samples over the epochs")
        st.altair_chart(accuracies(history, phase, epochs), key=f"accuracies-{phase}", alt=alt_text)
    if "domain" in values:
        left, right = st.columns(2, gap="medium", vertical_alignment="center")
        with left:
            _title(_("Accuracy of the domain classifier"), percent(values["domain"]))
            alt_text = _("Accuracy of the domain classifier over the epochs; 50 % is a coin's")
            st.altair_chart(domain(history, phase, epochs), key=f"domain-{phase}", alt=alt_text)
        with right:
            st.markdown(reading(values, latest(history, "source_only")))


def _title(text: str, *numbers: str) -> None:
    st.markdown(" · ".join([f"**{text}**", *numbers]))


def losses(history: History, phase: Phase, epochs: int) -> alt.LayerChart:
    """Each loss term, a line of its own hue."""
    table = _table(history, Losses, phase)
    names = list(dict.fromkeys(table["what"]))
    # a line needs two values: until then a mark shows the first
    line = alt.Chart(table).mark_line(strokeWidth=2, point=len(table) <= len(names))
    coloured = line.encode(
        x=_epochs(epochs),
        y=alt.Y("value:Q", title=None, scale=alt.Scale(zero=True)),
        color=_hues(names, [_TERMS[i % len(_TERMS)] for i in range(len(names))]),
        tooltip=_tooltip(".3f"),
    )
    return alt.LayerChart(layer=[coloured], height=_HEIGHT)


def accuracies(history: History, phase: Phase, epochs: int) -> alt.LayerChart:
    """Source and target accuracy in their own colours and marks; a dashed line is what source only reached."""
    table = _table(history, Accuracies, phase, ("source", "target"))
    names, hues = [word("source"), word("target")], [theme.SOURCE, theme.TARGET]
    base = alt.Chart(table).encode(x=_epochs(epochs), y=_share(), color=_hues(names, hues))
    shape = alt.Shape("what:N", scale=alt.Scale(domain=names, range=["circle", "diamond"]), title=None)
    layers = [
        base.mark_line(strokeWidth=2),
        base.mark_point(filled=True, size=45, opacity=1).encode(shape=shape, tooltip=_tooltip(".1%")),
    ]
    yardstick = latest(history, "source_only").get("target")
    if phase != "source_only" and yardstick is not None:
        layers += _guide(yardstick, _("target, source only"))
    return alt.LayerChart(layer=layers, height=_HEIGHT)


def domain(history: History, phase: Phase, epochs: int) -> alt.LayerChart:
    """How often the domain classifier is right, with the coin's 50 % as a guide."""
    table = _table(history, Accuracies, phase, ("domain",))
    base = alt.Chart(table).encode(x=_epochs(epochs), y=_share())
    line = base.mark_line(strokeWidth=2, color=theme.ACCENT)
    points = base.mark_point(filled=True, size=40, opacity=1, shape="square", color=theme.ACCENT)
    layers = [line, points.encode(tooltip=_tooltip(".1%")), *_guide(0.5, _("a coin"))]
    return alt.LayerChart(layer=layers, height=_HEIGHT - 60)


def reading(values: dict[str, float], source_only: dict[str, float]) -> str:
    """What the domain classifier's accuracy means just now, in one sentence."""
    if values["domain"] >= 0.85:
        return _("The domain classifier still tells source from target: their features look different.")
    if values["domain"] > 0.6:
        return _("The domain classifier finds it harder to tell source from target: the two begin to mix.")
    if values["target"] > source_only.get("target", 0) + 0.02:
        return _(
            "The domain classifier does hardly better than a coin, and target accuracy has risen: the domains mix."
        )
    return _(
        "The domain classifier does hardly better than a coin, yet target accuracy has not risen: either it has "
        "stopped learning, or the domains mix with the wrong classes on top of one another."
    )


def _table(
    history: History, kind: type[Losses | Accuracies], phase: Phase, only: Iterable[str] | None = None
) -> pd.DataFrame:
    rows = [
        (event.epoch, word(name), value)
        for event in history
        if isinstance(event, kind) and event.phase == phase
        for name, value in (event.terms if isinstance(event, Losses) else event.values).items()
        if only is None or name in only
    ]
    return pd.DataFrame(rows, columns=["epoch", "what", "value"])


def _epochs(epochs: int) -> alt.X:
    return alt.X("epoch:Q", title=_("epoch"), scale=alt.Scale(domain=[0, epochs]), axis=alt.Axis(tickMinStep=1))


def _share() -> alt.Y:
    values = [0, 0.25, 0.5, 0.75, 1]
    return alt.Y("value:Q", title=None, scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format=".0%", values=values))


def _hues(names: Sequence[str], hues: Sequence[str]) -> alt.Color:
    legend = alt.Legend(orient="top", title=None, offset=4, symbolStrokeWidth=3)
    return alt.Color("what:N", scale=alt.Scale(domain=list(names), range=list(hues)), legend=legend, title=None)


def _tooltip(number: str) -> list[alt.Tooltip]:
    return [
        alt.Tooltip("what:N", title=" "),
        alt.Tooltip("epoch:Q", title=_("epoch"), format=".1f"),
        alt.Tooltip("value:Q", title=_("value"), format=number),
    ]


def _guide(height: float, label: str) -> list[alt.Chart]:
    base = alt.Chart(pd.DataFrame({"value": [height], "label": [label]})).encode(y="value:Q")
    text = base.mark_text(align="right", baseline="top", dx=-4, dy=4, color=theme.ink(), opacity=0.7)
    return [
        base.mark_rule(strokeDash=[5, 4], color=theme.ink(), opacity=0.5),
        text.encode(x=alt.value("width"), text="label:N"),
    ]
