"""Read rows in svmlight's form, which libsvm has as well: a label and the features that are not 0, “1 3:0.5 7:1.2”."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from da_core.data.readers.archive import readable, short_name
from da_core.data.readers.csv_dialect import is_text
from da_core.data.readers.raw_domain import ClassNames, check_memory
from da_core.errors import UserError

_ROW = re.compile(rb"\s*[+-]?[\d.]+(e[+-]?\d+)?(\s+qid:\d+)?(\s+\d+:[+-]?[\d.]+(e[+-]?\d+)?)+\s*(#.*)?", re.IGNORECASE)
_HEAD = 2**16

NOT_SVMLIGHT = "“{place}” has lines that do not follow svmlight's format (a label, then index:value); correct them."


def is_svmlight(place: Path) -> bool:
    """Tell whether the first line of a file that says something is a row in svmlight's form."""
    if not is_text(place):
        return False
    with place.open("rb") as stream:
        lines = (line.strip() for line in stream.read(_HEAD).splitlines())
    first = next((line for line in lines if line and not line.startswith(b"#")), b"")
    return _ROW.fullmatch(first) is not None


def read_svmlight(place: Path) -> tuple[NDArray[np.float32], ClassNames]:
    """Read rows (n, d) and the class name of each. Raises `UserError` for what is no such file or too large."""
    from sklearn.datasets import load_svmlight_file

    with readable(place, NOT_SVMLIGHT):
        X, y = load_svmlight_file(str(place), dtype=np.float32)
    check_memory(4 * X.shape[0] * X.shape[1], short_name(place))
    rows: NDArray[np.float32] = X.toarray()
    if not np.isfinite(rows).all() or not np.isfinite(y).all():
        raise UserError(
            "“{place}” has values that are not finite numbers (NaN or infinity); replace or remove them.",
            place=short_name(place),
        )
    return rows, [f"{label:.12g}" for label in y]


def to_same_width(*parts: Any) -> None:
    """Give the domains ``parts`` as many features: the last ones may all be 0 in one, and then it leaves them out."""
    width = max(part.X.shape[1] for part in parts)
    for part in parts:
        part.X = np.pad(part.X, ((0, 0), (0, width - part.X.shape[1])))
