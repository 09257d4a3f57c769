"""What every method on fixed features asks of its input."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from da_core.errors import UserError


def feature_pair(Xs: ArrayLike, Xt: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Source (n_s, d) and target (n_t, d) as float64.

    Raises `UserError` where they are not tables of the same width, hold no rows, or hold values that are not finite.
    """
    source, target = rows(Xs, "source"), rows(Xt, "target")
    if source.shape[1] != target.shape[1]:
        raise UserError(
            "The source has {source} features a sample and the target {target}; make them alike.",
            source=source.shape[1],
            target=target.shape[1],
        )
    return source, target


def rows(X: ArrayLike, domain: str) -> NDArray[np.float64]:
    """One domain's features (n, d) as float64, with the same errors as `feature_pair`."""
    table = np.asarray(X, dtype=np.float64)
    if table.ndim != 2 or len(table) == 0:
        raise UserError(
            "The {domain} features have shape {shape}; give a table with one row a sample.",
            domain=domain,
            shape=table.shape,
        )
    if not np.isfinite(table).all():
        raise UserError(
            "The {domain} features hold values that are not finite; remove or fill those samples.", domain=domain
        )
    return table
