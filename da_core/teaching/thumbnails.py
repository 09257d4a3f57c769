"""Small pictures for the cards of the catalogue: a few samples of the source, then of the target.

    python -m da_core make thumbnails [DATA …]

draws those of the pairs whose samples are pictures or points. The page only reads the files.
"""

from __future__ import annotations

import base64
import functools

import numpy as np
from PIL import Image

from da_core import palette
from da_core.data.pair import Domain, DomainPair
from da_core.system.app_files import ASSETS

COMMAND = "python -m da_core make thumbnails"
FOLDER = ASSETS / "data" / "thumbnails"
_TYPES = {".webp": "image/webp", ".svg": "image/svg+xml"}
_SIDE, _GAP, _MIDDLE, _EACH = 32, 2, 10, 4
_WIDTH, _HEIGHT, _POINTS = 220, 84, 70


@functools.cache
def uri(name: str) -> str | None:
    """Read the picture of a pair as a data URI; None where there is none."""
    for suffix, kind in _TYPES.items():
        file = FOLDER / f"{name}{suffix}"
        if file.exists():
            return f"data:{kind};base64,{base64.b64encode(file.read_bytes()).decode('ascii')}"
    return None


def draw(name: str, pair: DomainPair) -> None:
    """Write the picture of a pair; nothing where its samples are neither pictures nor points."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    if pair.kind == "pictures":
        strip(pair).save(FOLDER / f"{name}.webp", quality=82, method=6)
    elif pair.sample_shape == (2,):
        (FOLDER / f"{name}.svg").write_text(points(pair), encoding="utf-8")


def strip(pair: DomainPair) -> Image.Image:
    """Set four pictures of the source and four of the target in one row, of the same classes."""
    side = _EACH * (_SIDE + _GAP) - _GAP
    whole = Image.new("RGBA", (2 * side + _MIDDLE, _SIDE), (0, 0, 0, 0))
    for first, domain in ((0, pair.source), (side + _MIDDLE, pair.target)):
        for place, row in enumerate(_a_few(domain, len(pair.classes))):
            small = Image.fromarray(domain.X[row]).resize((_SIDE, _SIDE), Image.Resampling.BOX)
            whole.paste(small, (first + place * (_SIDE + _GAP), 0))
    return whole


def points(pair: DomainPair) -> str:
    """Draw a scatter as SVG on a clear ground: the source's circles, and the target's diamonds over them."""
    everything = np.concatenate([domain.X[:_POINTS] for domain in (pair.source, pair.target)])
    low, high = everything.min(axis=0), everything.max(axis=0)
    scale = min((_WIDTH - 12) / (high[0] - low[0]), (_HEIGHT - 12) / (high[1] - low[1]))
    middle = (low + high) / 2
    groups = []
    for domain, colour in ((pair.source, palette.SOURCE), (pair.target, palette.TARGET)):
        places = [_WIDTH / 2, _HEIGHT / 2] + scale * (domain.X[:_POINTS] - middle) * [1, -1]
        for filled in (True, False):
            chosen = places[(domain.y[:_POINTS] == 0) == filled]
            if domain is pair.source:
                marks = "".join(f'<circle cx="{x:.0f}" cy="{y:.0f}" r="2.2"/>' for x, y in chosen)
            else:
                marks = "".join(f'<path d="M{x:.0f} {y - 3:.0f}l3 3-3 3-3-3z"/>' for x, y in chosen)
            fill = colour if filled else "none"
            groups.append(f'<g fill="{fill}" stroke="{colour}" stroke-width="1.2">{marks}</g>')
    size = f'width="{_WIDTH}" height="{_HEIGHT}" viewBox="0 0 {_WIDTH} {_HEIGHT}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{"".join(groups)}</svg>'


def _a_few(domain: Domain, classes: int) -> list[int]:
    """Choose one row each of a few classes, spread evenly over them."""
    labels = np.linspace(0, classes - 1, min(_EACH, classes)).round().astype(int)
    return [int(np.flatnonzero(domain.y == label)[0]) for label in labels]
