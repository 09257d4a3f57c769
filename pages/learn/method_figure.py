"""A lesson's computed picture: a toy problem before and after, in the app's colours.

Source is a blue circle and target an orange diamond, as everywhere; the class is the filling, and the shade behind the
points is the class that the classifier gives to that place.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from da_core import palette
from da_core.data.synthesis.colour import Pictures
from da_core.data.synthesis.night import night_pictures
from da_core.data.synthesis.night_conditions import NIGHTS, NightName
from da_core.errors import UserError
from da_core.teaching import showcase, toy_problems
from da_core.teaching.lesson_figure import COMMAND, SIDE, Panel, Picture, read
from pages.charts import plotly_figure
from pages.samples import gallery
from pages.session import keys
from pages.session.words import _, number, percent, word
from pages.shell import theme

TOYS = {
    "light": "Three classes. The target is the source seen in another light: shifted, stretched one way and squeezed "
    "the other.",
    "aside": "Three classes. The target lies beside the source and is otherwise the same.",
    "moons": "Two half moons that reach into one another. In the target both are turned.",
    "far moons": "Two half moons that reach into one another. In the target both are turned.",
    "elsewhere": "Two classes with the same curved boundary in both domains. The target lies at one end of what the "
    "source covers, and the classifier is a straight line.",
    "proportions": "Three classes that overlap and look the same in both domains. Only how often each occurs differs.",
}
VIEWS = {
    "moved": "The method moves the points; then a linear classifier learns from the moved source. Shades show what the "
    "classifier says where.",
    "weighted": "No point moves. Afterwards a source point is as large as its weight, and a linear classifier learns "
    "from the weighted source. Shades show what the classifier says where.",
    "trained": "The points stay; a small network is trained again with the method, without target labels. Shades show "
    "what the network says where: its boundary moves to suit the target.",
    "adapted": "The points stay; the small network that was trained on the source is changed by the method. Shades "
    "show what the network says where.",
    "floor": "One small network, trained on the source. Shades show what it says where: on the source it is right, and "
    "on the target its boundary cuts through the classes.",
    "ceiling": "A small network trained on the source, and the same one trained on the labelled target. Shades show "
    "what it says where.",
}
BETAS = (0.01, 0.1)
"""Bands that FDA is shown with: the published one, which swaps the mean colour of small pictures, and a wide one."""
SHOWN_NIGHTS: tuple[NightName, ...] = ("standard", "street lights", "hard")
_LETTERS = "ABC"
_FILLINGS = ("", "-open", "-open-dot")


def draw(method: str) -> None:
    """Draw the picture of a method's lesson, with a caption and target accuracy before and after."""
    if method in toy_problems.ON_PICTURES:
        _on_pictures(method)
        return
    try:
        picture = read(method)
    except OSError:
        st.info(_("The picture of this lesson is missing; make it with {command}.", command=f"`{COMMAND} {method}`"))
        return
    _legend(picture)
    before, after = st.columns(2, gap="medium")
    names = (_("On the source"), _("On the target")) if picture.view == "floor" else (_("Before"), _("After"))
    for place, name, panel in ((before, names[0], picture.before), (after, names[1], picture.after)):
        with place:
            if panel.domain == "source":
                right = _("{share} of the source right", share=percent(panel.accuracy))
            else:
                right = _("{share} of the target right", share=percent(panel.accuracy))
            st.markdown(f"**{name}** · {right}")
            weights = picture.weights if panel is picture.after else []
            plotly_figure.draw(
                figure(picture, panel, weights), key=keys.lesson_figure(method, name), alt=f"{name}: {right}"
            )
    if picture.proportions:
        st.markdown(proportions(picture))
    st.caption(" ".join([_(TOYS[picture.toy]), _(VIEWS[picture.view]), *_asides(method, picture)]))


def figure(picture: Picture, panel: Panel, weights: list[float]) -> go.Figure:
    """Draw one panel: regions, then points; without ``weights`` all points are of one size."""
    drawn = plotly_figure.base_figure(*_regions(panel), height=340, margin=dict.fromkeys("lrtb", 1))
    classes = sorted({*picture.source_label, *picture.target_label})
    sizes = 5.5 + 3.5 * (np.sqrt(np.array(weights)) - 1) if weights else np.full(len(picture.source_label), 7.0)
    for domain, labels, colour, symbol, places, size in (
        (_("source"), picture.source_label, palette.SOURCE, palette.SOURCE_SYMBOL, panel.source, sizes),
        (_("target"), picture.target_label, palette.TARGET, palette.TARGET_SYMBOL, panel.target, None),
    ):
        if not places:
            continue
        points = np.array(places).reshape(-1, 2)
        for label in classes:
            of_class = np.array(labels) == label
            drawn.add_scatter(
                x=points[of_class, 0],
                y=points[of_class, 1],
                mode="markers",
                marker={
                    "symbol": symbol + _FILLINGS[label],
                    "color": colour,
                    "size": np.clip(size[of_class], 2.5, 24) if size is not None else 7.5,
                    "opacity": 0.95,
                    "line": {"width": 1.5, "color": colour},
                },
                hovertemplate=f"{domain}, {_LETTERS[label]}<extra></extra>",
                showlegend=False,
            )
    if picture.few:
        few = np.array(panel.target).reshape(-1, 2)[picture.few]
        ring = {"symbol": "circle-open", "size": 15, "color": theme.ink(), "line": {"width": 1.8}}
        drawn.add_scatter(x=few[:, 0], y=few[:, 1], mode="markers", marker=ring, hoverinfo="skip", showlegend=False)
    frame = {"showline": True, "mirror": True, "linecolor": theme.faint(), "linewidth": 1}
    hidden = {"showticklabels": False, "showgrid": False, "zeroline": False, "ticks": "", "title": None}
    drawn.update_xaxes(range=[0, 1000], **hidden, **frame)
    drawn.update_yaxes(range=[0, 1000], **hidden, **frame)
    return drawn


def _regions(panel: Panel) -> list[go.Heatmap]:
    if not panel.regions:
        return []
    classes = np.repeat(panel.regions[::2], panel.regions[1::2]).reshape(SIDE, SIDE)
    middles = (np.arange(SIDE) + 0.5) * 1000 / SIDE
    shades = [theme.tint(label) for label in range(len(_LETTERS))]
    scale = [(at / len(shades), shade) for label, shade in enumerate(shades) for at in (label, label + 1)]
    return [
        go.Heatmap(
            z=classes, x=middles, y=middles, zmin=-0.5, zmax=2.5, colorscale=scale, showscale=False, hoverinfo="skip"
        )
    ]


def _on_pictures(method: str) -> None:
    """Draw what a method makes of street pictures: a picture of each class, by day, by night, and changed."""
    try:
        day, night, *changed = _strips(showcase.FOLDER, method)
    except (UserError, OSError):
        st.info(_("The example run is missing; make it with {command}.", command=f"`{showcase.COMMAND}`"))
        return
    if method == "fda":
        seen = _("Target: the nights whose low frequencies are taken")
        names = [_("Source, restyled with β = {beta}", beta=beta) for beta in BETAS]
        caption = _(
            "The method takes the light and colour of a night and keeps the shapes of the day; the classifier then "
            "learns from the restyled pictures with the day's labels. A larger β prints more of the night onto it."
        )
    else:
        seen = _("Target: nights that are never seen in training")
        names = [_("Source, by night: {night}", night=word(name)) for name in SHOWN_NIGHTS]
        caption = _(
            "The sky is guessed and put out, lamps are hung at random, and a camera takes the picture; the classifier "
            "then learns from both with the day's labels. Lit windows and headlights are missing: no day picture "
            "says which are on."
        )
    rows = [(_("Source: streets by day"), "", day), (seen, "target", night)]
    rows += [(name, "", row) for name, row in zip(names, changed, strict=True)]
    with st.container(key=keys.sheet("lesson"), gap="small"):
        for title, kind, row in rows:
            st.html(f'<div class="lab-domain {kind}">{title}</div>')
            st.image(row, width="stretch", alt=title)
    st.caption(caption)


@st.cache_data(max_entries=4, show_spinner=False)
def _strips(folder: Path, method: str) -> list[bytes]:
    """Draw day, night, and the day changed by the method: a picture of each class side by side, as PNG files."""
    day, night = showcase.read(folder).one_of_each_class()
    changed = _by_restyling(day, night) if method == "fda" else _by_night(day)
    return [gallery.strip(pictures, len(pictures)) for pictures in (day, night, *changed)]


def _by_restyling(day: Pictures, night: Pictures) -> list[Pictures]:
    """Restyle day pictures by FDA, with each of `BETAS`."""
    import torch

    from da_core.methods.adaptation.fda import restyled

    Xs, Xt = (torch.tensor(pictures).permute(0, 3, 1, 2) for pictures in (day, night))
    return [restyled(Xs, Xt, beta).permute(0, 2, 3, 1).numpy() for beta in BETAS]


def _by_night(day: Pictures) -> list[Pictures]:
    """Turn day pictures into each of `SHOWN_NIGHTS`."""
    from da_core.data.synthesis.sky_mask import estimate_sky

    return [night_pictures(day, np.random.default_rng(0), NIGHTS[name], estimate_sky(day)) for name in SHOWN_NIGHTS]


def _legend(picture: Picture) -> None:
    """Draw what the marks mean: domains by colour and shape, classes by filling and shade."""
    domains = f'<span class="lab-domain">{_("source")}</span><span class="lab-domain target">{_("target")}</span>'
    fillings = (_("filled"), _("open"), _("dotted"))
    classes = "".join(
        f'<span class="lab-class"><i style="background:{theme.tint(label)}"></i>'
        f"{_('class {letter}: {filling}', letter=_LETTERS[label], filling=fillings[label])}</span>"
        for label in sorted({*picture.source_label, *picture.target_label})
    )
    ring = f'<span class="lab-class"><i class="ring"></i>{_("label known")}</span>' if picture.few else ""
    st.html(f'<div class="lab-legend">{domains}{classes}{ring}</div>')


def proportions(picture: Picture) -> str:
    """Say how often each class occurs: in the source, in the weighted source, in the target."""
    return " · ".join(
        _(
            "class {letter}: {source} of the source, weighted {weighted}, in the target {target}",
            letter=f"**{_LETTERS[label]}**",
            source=percent(source, 0),
            weighted=percent(weighted, 0),
            target=percent(target, 0),
        )
        for label, (source, weighted, target) in enumerate(zip(*picture.proportions, strict=True))
    )


def _asides(method: str, picture: Picture) -> list[str]:
    from da_core.methods import methods

    asides = []
    if picture.after.dimensions == 1:
        asides.append(_("Afterwards one dimension is left, from left to right; the height is drawn by chance."))
    if picture.after.dimensions > 2:
        count = number(picture.after.dimensions)
        asides.append(_("Afterwards there are {count} dimensions; drawn are the two of most spread.", count=count))
    if picture.settings:
        fields = methods()[method].Params.model_fields
        settings = ", ".join(f"{_(fields[name].title or name)} = {value}" for name, value in picture.settings.items())
        asides.append(_("Made with {settings} instead of the published values.", settings=settings))
    return asides
