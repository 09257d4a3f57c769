"""The computed picture of each lesson: what a method does to a toy problem, as it is kept on disk.

    python -m da_core make lesson-figure            # of every method
    python -m da_core make lesson-figure coral tca  # of some

writes ``assets/lessons/pictures/<method>.json``, a few kilobytes each, so that a lesson opens at once.
`da_core.teaching.toy_adaptation` computes them.
"""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from da_core.params import Scalar

COMMAND = "python -m da_core make lesson-figure"
FOLDER = Path(__file__).parents[2] / "assets" / "lessons" / "pictures"
SHOWN = 80
"""Samples a domain that are drawn."""
SIDE = 60
"""Cells of the decision regions along one side."""


class Panel(BaseModel):
    """One half of the picture. Places are thousandths of the panel's width and height, x and y in turn."""

    model_config = ConfigDict(frozen=True)

    source: list[int]
    target: list[int]
    regions: list[int] = []
    """The class that the classifier predicts in each cell, row by row from below: a class, how many cells, the next …

    Empty where the panel is a projection, for which there is no such map.
    """
    dimensions: int = 2
    accuracy: float
    """Share of the domain's samples that the classifier gets right."""
    domain: Literal["source", "target"] = "target"
    """Whose samples are counted."""


class Picture(BaseModel):
    """Before and after, on the same samples."""

    model_config = ConfigDict(frozen=True)

    toy: str
    view: str
    """How to read it: “moved” points, “weighted” points, “trained” again, “adapted” model, “floor” or “ceiling”."""
    settings: dict[str, Scalar]
    """Hyperparameters other than the published ones."""
    source_label: list[int]
    target_label: list[int]
    before: Panel
    after: Panel
    weights: list[float] = []
    proportions: list[list[float]] = []
    """Class proportions of source, weighted source and target, where the shift is one of proportions."""
    few: list[int] = []
    """Which of the drawn target samples the method knew the labels of."""


def file_of(method: str) -> Path:
    """Name the file of a method's picture."""
    return FOLDER / f"{method}.json"


def read(method: str) -> Picture:
    """Read the picture of a method's lesson. Raises `OSError` if it has not been made."""
    return _read(file_of(method))


@functools.lru_cache(maxsize=128)
def _read(file: Path) -> Picture:
    return Picture.model_validate_json(file.read_bytes())


def write(picture: Picture, method: str) -> Path:
    """Write the picture of a method's lesson and return its file."""
    file = file_of(method)
    file.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(picture.model_dump(exclude_defaults=True), separators=(",", ":"), ensure_ascii=False)
    file.write_text(text + "\n", encoding="utf-8")
    return file
