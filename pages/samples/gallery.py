"""Draw a few samples of every class of both domains, and how many there are."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Literal

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from numpy.typing import NDArray
from PIL import Image
from streamlit.delta_generator import DeltaGenerator

from da_core import palette
from da_core.data.pair import UNKNOWN, Domain, DomainPair
from da_core.teaching.picture_atlas import thumbnail
from pages.charts import plotly_figure
from pages.session import keys
from pages.session.words import _, number, safe, word

_SIDE = 96  # pixels of a picture in a strip
_A_CLASS = 7
"""Pictures of a class that the gallery shows of each domain."""
_CLASSES_A_PAGE = 10
_COLUMNS = 40
"""Features of a row that the gallery shows."""
_ROW = 26  # pixels a class in the chart of counts


@dataclass(frozen=True)
class Cell:
    """A gallery's cell: samples of one class of one domain; ``class_name`` is in the reader's language."""

    place: DeltaGenerator
    domain: Domain
    role: Literal["source", "target"]
    label: int
    class_name: str
    lines: int = 1

    def rows(self, a_line: int) -> NDArray[np.int64]:
        """Choose samples of the class for the cell's lines, spread evenly over all: their indices."""
        rows = np.flatnonzero(self.domain.y == self.label)
        most = min(self.lines * a_line, len(rows))
        return rows[np.arange(most) * len(rows) // most]


def by_class(pair: DomainPair, draw: Callable[[Cell], None] | None = None) -> None:
    """Draw one row a class: its name, samples of the source, samples of the target; ``draw`` fills a cell."""
    pages = -(-len(pair.classes) // _CLASSES_A_PAGE)
    page = st.pagination(pages, key=keys.GALLERY_PAGE) if pages > 1 else 1
    first = (page - 1) * _CLASSES_A_PAGE
    labels = list(range(first, min(first + _CLASSES_A_PAGE, len(pair.classes))))

    def cell(place: DeltaGenerator, role: Literal["source", "target"], label: int, lines: int = 1) -> None:
        domain = pair.source if role == "source" else pair.target
        if (domain.y == label).any():
            within = place.container(key=keys.sheet(f"{role}-{label}"))
            (draw or _pictures)(Cell(within, domain, role, label, _class_name(pair, label), lines))

    if not pair.target_labelled:
        left, right = st.columns([6.4, 5], gap="small")
        left.html(heading(pair.source.name, ""))
        right.html(heading(pair.target.name, "target"))
        for label in labels:
            name, place = left.columns([1.4, 5], vertical_alignment="center", gap="small")
            name.markdown(f"**{safe(_class_name(pair, label))}**")
            cell(place, "source", label)
        cell(right, "target", UNKNOWN, len(labels))
        return
    _empty, source, target = _row()
    source.html(heading(pair.source.name, ""))
    target.html(heading(pair.target.name, "target"))
    for label in [*labels, UNKNOWN] if (pair.target.y == UNKNOWN).any() else labels:
        name, *places = _row()
        name.markdown(f"**{safe(_class_name(pair, label))}**")
        cell(places[0], "source", label)
        cell(places[1], "target", label)


def _pictures(cell: Cell) -> None:
    chosen = cell.domain.X[cell.rows(_A_CLASS)]
    cell.place.image(
        _strip(chosen.tobytes(), chosen.shape, _A_CLASS),
        width="stretch",
        alt=_("Pictures of {name} in {domain}", name=cell.class_name, domain=word(cell.domain.name)),
    )


def _class_name(pair: DomainPair, label: int) -> str:
    return _("unknown") if label == UNKNOWN else word(pair.classes[label])


def table(pair: DomainPair, domain: Domain, count: int = 9) -> None:
    """Draw a few feature vectors of every class of a domain as a table, its numbers as exact as they differ."""
    labels = np.unique(domain.y)
    each = max(1, count // len(labels))
    rows = np.concatenate([np.flatnonzero(domain.y == label)[:each] for label in labels])[: 2 * count]
    columns: dict[str, list[object]] = {}
    if domain.captions is not None:
        columns[_("sample")] = domain.captions[rows].tolist()
    columns[_("class")] = [_class_name(pair, label) for label in domain.y[rows]]
    names = pair.columns or [f"x{column + 1}" for column in range(domain.X.shape[1])]
    for column, name in enumerate(names[:_COLUMNS]):
        values = domain.X[:, column]
        columns[word(name)] = np.round(values[rows].astype(np.float64), decimals(values)).tolist()
    st.dataframe(columns, hide_index=True, alt=_("Samples of {domain}", domain=word(domain.name)))


def decimals(values: NDArray[np.floating[Any]]) -> int:
    """Count the decimals that tell ``values`` (n,) apart: none for hundreds of metres, three for hundredths."""
    spread = float(np.std(values))
    return 0 if spread == 0 else int(np.clip(1 - np.floor(np.log10(spread)), 0, 6))


def counts(pair: DomainPair) -> go.Figure:
    """Draw how many samples of each class there are: source a blue circle, target an orange diamond."""
    names = [word(name) for name in pair.classes]
    # the target's mark fits into the source's, so that both are seen where they are as many
    looks = ((palette.SOURCE, palette.SOURCE_SYMBOL, 16), (palette.TARGET, palette.TARGET_SYMBOL, 9))
    traces = [
        go.Scatter(
            x=domain.class_counts(len(names)),
            y=names,
            name=word(domain.name),
            mode="markers",
            marker={"color": colour, "symbol": symbol, "size": size},
            hovertemplate="%{y}: %{x}<extra>" + word(domain.name) + "</extra>",
        )
        for domain, (colour, symbol, size) in zip((pair.source, pair.target), looks, strict=True)
        if domain is pair.source or pair.target_labelled
    ]
    figure = plotly_figure.class_rows(*traces, height=_ROW * len(names) + 90)
    figure.update_xaxes(rangemode="tozero")
    return figure


def counts_alt(pair: DomainPair) -> str:
    """Describe the chart of counts in one sentence."""
    return _(
        "Samples by class: {source} in {classes} classes of the source, {target} of the target.",
        source=number(len(pair.source)),
        target=number(len(pair.target)),
        classes=number(len(pair.classes)),
    )


def strip(samples: NDArray[np.uint8], columns: int) -> bytes:
    """Put pictures (n, h, w, 3) uint8 side by side, ``columns`` a row, as a PNG on a clear ground."""
    side, gap = _SIDE, _SIDE // 12
    rows = max(1, -(-len(samples) // columns))
    whole = Image.new("RGBA", (columns * (side + gap) - gap, rows * (side + gap) - gap), (0, 0, 0, 0))
    for place, sample in enumerate(samples):
        row, column = divmod(place, columns)
        square = Image.fromarray(thumbnail(sample, max(sample.shape[:2])))
        how = Image.Resampling.NEAREST if square.width <= side else Image.Resampling.BOX
        whole.paste(square.resize((side, side), how), (column * (side + gap), row * (side + gap)))
    file = io.BytesIO()
    whole.save(file, "PNG", compress_level=4)
    return file.getvalue()


@st.cache_data(max_entries=200, show_spinner=False)
def _strip(content: bytes, shape: tuple[int, ...], columns: int) -> bytes:
    # by content in full: Streamlit would hash a large array by a sample of it
    return strip(np.frombuffer(content, np.uint8).reshape(shape), columns)


def _row() -> Sequence[DeltaGenerator]:
    return st.columns([1.4, 5, 5], vertical_alignment="center", gap="small")


def heading(name: str, kind: str) -> str:
    """Write a domain's name with its mark, as HTML; ``kind`` is “target” or nothing."""
    return f'<div class="lab-domain {kind}">{escape(word(name))}</div>'
