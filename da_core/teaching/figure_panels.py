"""One panel of a lesson's picture: points and decision regions, laid out in a square of thousandths."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from da_core.teaching.lesson_figure import SHOWN, SIDE, Panel
from da_core.teaching.toy_problems import Labels, Points

Classify = Callable[[Points], Labels]
"""The classes (n,) that a classifier predicts for points (n, d)."""
Box = NDArray[np.float64]
"""[[left, below], [right, above]]: what a panel covers of the plane."""


def panel(Xs: Points, Xt: Points, yt: Labels, classify: Classify, box: Box | None = None) -> Panel:
    """Lay out source Xs (n, d) and target Xt (m, d) with the classifier's regions and its accuracy on the target.

    Without a ``box`` the points fill the panel. Points of other than two dimensions are projected, without regions.
    """
    Ps, Pt = _plane(Xs, Xt)
    if box is None:
        box = bounding_box(Ps, Pt, square=False)
    regions: list[int] = []
    if Xs.shape[1] == 2:
        across, up = (np.linspace(low, high, 2 * SIDE + 1)[1::2] for low, high in box.T)
        cells = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
        regions = _run_lengths(classify(cells))
    return Panel(
        source=_thousandths(Ps, box),
        target=_thousandths(Pt, box),
        regions=regions,
        dimensions=Xs.shape[1],
        accuracy=accuracy(classify, Xt, yt),
    )


def bounding_box(*clouds: Points, square: bool = True) -> Box:
    """Enclose points with a margin of 4 %."""
    everything = np.concatenate(clouds)
    low, high = everything.min(axis=0), everything.max(axis=0)
    half = (high - low) / 2 * 1.08
    if square:
        half = np.full(2, half.max())
    return np.stack([(low + high) / 2 - half, (low + high) / 2 + half])


def accuracy(classify: Classify, X: Points, y: Labels) -> float:
    """Score a classifier, to four decimals."""
    return round(float((classify(X) == y).mean()), 4)


def _run_lengths(values: Labels) -> list[int]:
    """Equal neighbours as pairs of value and count."""
    starts = np.flatnonzero(np.diff(values, prepend=-1))
    return [int(x) for pair in zip(values[starts], np.diff(starts, append=len(values)), strict=True) for x in pair]


def _plane(Xs: Points, Xt: Points) -> tuple[Points, Points]:
    """Both domains in one plane: as they are, or on their first two principal components, or a line spread out."""
    both = np.concatenate([Xs, Xt])
    if both.shape[1] == 1:
        both = np.c_[both, np.std(both) * np.random.default_rng(0).uniform(-1, 1, len(both))]
    elif both.shape[1] > 2:
        centred = both - both.mean(axis=0)
        axes = np.linalg.svd(centred, full_matrices=False)[2][:2]
        axes *= np.sign(axes[np.arange(2), np.abs(axes).argmax(axis=1)])[:, None]  # else the sign is left to chance
        both = centred @ axes.T
    return both[: len(Xs)], both[len(Xs) :]


def _thousandths(P: Points, box: Box) -> list[int]:
    """The points that are drawn, x and y in turn."""
    places: NDArray[np.float64] = 1000 * (P[:SHOWN] - box[0]) / (box[1] - box[0])
    return [int(place) for place in places.round().ravel()]
