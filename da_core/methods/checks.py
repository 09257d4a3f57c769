"""Checks of what methods on fixed features are given."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from da_core.errors import UserError

if TYPE_CHECKING:
    from da_core.methods.base import Labels, Predictions


def feature_pair(Xs: ArrayLike, Xt: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Check source (n_s, d) and target (n_t, d); return them as float64.

    Raises `UserError` where they are not tables of the same width, hold no rows, or hold values that are not finite.

    >>> [X.shape for X in feature_pair([[1, 2]], [[3, 4], [5, 6]])]
    [(1, 2), (2, 2)]
    """
    source, target = rows(Xs, "source"), rows(Xt, "target")
    if source.shape[1] != target.shape[1]:
        raise UserError(
            "Source samples have {source} features, target samples {target}; give both the same features.",
            source=source.shape[1],
            target=target.shape[1],
        )
    return source, target


def rows(X: ArrayLike, domain: str) -> NDArray[np.float64]:
    """Check one domain's features (n, d); return them as float64, with the same errors as `feature_pair`.

    >>> rows([[1, 2]], "source")
    array([[1., 2.]])
    """
    table = np.asarray(X, dtype=np.float64)
    if table.ndim != 2 or len(table) == 0:
        raise UserError(
            "The {domain} features have shape {shape}; give a table with one row per sample.",
            domain=domain,
            shape=table.shape,
        )
    if not np.isfinite(table).all():
        raise UserError(
            "The {domain} features contain values that are not finite; remove or fill those samples.", domain=domain
        )
    return table


def finite_predictions(predictions: Predictions | None, of: str) -> Predictions:
    """Check predictions; return them as float64.

    Raises `UserError`, naming the method ``of``, where there are none or not finite ones.
    """
    if predictions is None:
        raise UserError("{of} needs source labels and the model's predictions on both domains.", of=of)
    Ps, Pt = (np.asarray(P, dtype=np.float64) for P in (predictions.Ps, predictions.Pt))
    if not (np.isfinite(Ps).all() and np.isfinite(Pt).all()):
        raise UserError(
            "The model's predictions are not finite; train it again with a smaller “{setting}” on the screen "
            "“{screen}”.",
            setting="Learning rate",
            screen="Network",
        )
    return dataclasses.replace(predictions, Ps=Ps, Pt=Pt)


def labels(ys: Labels | None, of: str) -> Labels:
    """Check class indices of the source samples. Raises `UserError`, naming the method ``of``, where there are none.

    >>> labels(np.array([0, 1]), of="JDA")
    array([0, 1])
    """
    if ys is None:
        raise UserError("{of} needs source labels.", of=of)
    return np.asarray(ys, dtype=np.int64)
