"""Define films: a header, and frames of everything that can be seen while a run on points goes."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, field_serializer

from da_core.events import Phase
from da_core.methods.base import Part
from da_core.packed_arrays import Packed

SIDE = 64
"""Cells of the classifier's field over the plane as given, along one side."""
SMALL_SIDE = 32
"""Of the domain classifier's field, of the field in feature space, and of the density ratio."""
MOST_FRAMES = 120
CONFIDENCES = 15
"""Steps of a field's confidence, from a guess (one of c classes) to certainty."""
THREADS = 3
"""Threads of a transport plan that are kept of each source sample: where most of its mass goes."""

Box = tuple[float, float, float, float]
"""Left, below, right and above of a part of the plane."""
Bytes = Annotated[NDArray[np.uint8], Packed("u1")]
Integers = NDArray[np.integer[Any]]
Reals = NDArray[np.floating[Any]]


class Header(BaseModel):
    """The constant part of a film: the experiment, and the samples as they are given, source first."""

    model_config = ConfigDict(frozen=True)

    key: str
    experiment: dict[str, str] = Field(description="as `Experiment.to_flat` writes it")
    direction: str = Field("", description="what a hand did while it trained; see `da_core.teaching.films.direction`")
    method: str
    kind: str
    classes: tuple[str, ...]
    source_count: int
    box: Box
    given: Annotated[Reals, Packed("i2", (-1, 2), steps=4096)]
    """(n, 2) places."""
    label: Annotated[Integers, Packed("i1")]
    """(n,) class indices, −1 where a target sample has none."""
    forced: Annotated[Integers, Packed("i2")]
    """Rows whose forces are shown."""
    ratio: Annotated[Reals, Packed("i2", unit=1 / 2048)] | None = None
    """(`SMALL_SIDE` · `SMALL_SIDE`,) density ratio over ``box`` where it is known, row by row; at most 16."""


class FilmFrame(BaseModel):
    """One moment. ``moved`` are the parts that moved last; ``numbers`` are accuracies, losses and distances by name.

    Fields are bytes, class · 16 + confidence (`packed_field`), row by row from below: ``field`` over the plane as
    given, ``feature_field`` over ``feature_box`` of the plane in which the features are shown.
    ``places`` (n, 2) are the features there, ``predicted`` (n,) class indices. Where there are such: ``domain``, what
    the domain classifier says over the plane as given (255: source); ``weights`` (n_s,) of source samples; ``threads``
    (m, 2): source row, target row; ``masses`` (m,) of threads times the number of source samples; ``forces``
    (2, k, 2): how the class loss and the method's losses pull the features of the header's ``forced`` rows; ``lines``
    (2, 4): ends of the source's and the target's subspace in the plane as given.
    """

    phase: Phase
    step: int
    steps: int
    moved: tuple[Part | str, ...]
    numbers: dict[str, float]
    field: Bytes
    places: Annotated[Reals, Packed("i2", (-1, 2), steps=1024)]
    predicted: Bytes
    feature_field: Bytes
    feature_box: Box
    dimensions: int
    domain: Bytes | None = None
    weights: Annotated[Reals, Packed("i2", steps=32767)] | None = None
    threads: Annotated[Integers, Packed("i2", (-1, 2))] | None = None
    masses: Annotated[Reals, Packed("u1", unit=1 / 255)] | None = None
    forces: Annotated[Reals, Packed("i1", (2, -1, 2), steps=127)] | None = None
    lines: Annotated[Reals, Packed("f4", (2, 4))] | None = None

    @field_serializer("numbers", when_used="json")
    def _rounded(self, numbers: dict[str, float]) -> dict[str, float]:
        return {name: round(number, 5) for name, number in numbers.items() if math.isfinite(number)}

    @field_serializer("feature_box", when_used="json")
    def _short(self, box: Box) -> list[float]:
        return [float(f"{edge:.5g}") for edge in box]


@dataclass(frozen=True, eq=False)
class Film:
    """A whole film, as it is read back."""

    header: Header
    frames: list[FilmFrame] = field(default_factory=list)


def packed_field(probabilities: NDArray[np.floating]) -> Bytes:
    """Pack class probabilities (n, c) of cells into bytes (n,): class · 16 + confidence in `CONFIDENCES` steps."""
    best, guess = probabilities.max(axis=1), 1 / probabilities.shape[1]
    sure = np.clip((best - guess) / (1 - guess), 0, 1)
    packed: Bytes = (probabilities.argmax(axis=1) * 16 + np.round(sure * CONFIDENCES)).astype(np.uint8)
    return packed


def cells(box: Box, side: int) -> NDArray[np.float64]:
    """Compute the middles (side², 2) of the cells of a box, row by row from below."""
    left, below, right, above = box
    across, up = (np.linspace(low, high, 2 * side + 1)[1::2] for low, high in ((left, right), (below, above)))
    return np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)


def box_around(X: NDArray[np.floating], margin: float = 0.08) -> Box:
    """Enclose points (n, 2) in a square with a margin, a share of its side."""
    low, high = X.min(axis=0), X.max(axis=0)
    middle, half = (low + high) / 2, max(float((high - low).max()) / 2 * (1 + 2 * margin), 1e-6)
    return (
        float(middle[0] - half),
        float(middle[1] - half),
        float(middle[0] + half),
        float(middle[1] + half),
    )
