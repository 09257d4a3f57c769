"""The user's own arrays: an npz with ``X`` and ``y``."""

from __future__ import annotations

import logging
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray
from PIL import Image

from da_core.data.readers.archive import opened, shown
from da_core.data.readers.pictures import shrunk
from da_core.data.readers.raw_domain import Labels
from da_core.errors import UserError

Array = NDArray[Any]

_KEYS = ((("X", "y"),), (("X_train", "y_train"), ("X_test", "y_test")))

_log = logging.getLogger(__name__)


def read_arrays(place: Path, *, labelled: bool = True) -> tuple[Array, Labels]:
    """RawDomain and the class name of each, from ``X`` and ``y``, or ``X_train`` … ``y_test`` joined.

    Unless it must be ``labelled``, ``y`` may be left out, and an empty text or a NaN in it is no label. RawDomain are
    pictures (n, h, w, 3) uint8, grey ones widened to three channels, or rows (n, d) float32. Labels may be whole
    numbers or texts. Raises `UserError` for all that cannot be used; Python objects (pickles) are never loaded.
    """
    with opened(place) as archive:
        members = {member.filename.removesuffix(".npy"): member for member in archive.infolist()}
        needed = 2 if labelled else 1
        pairs = next((pairs for pairs in _KEYS if all(key in members for pair in pairs for key in pair[:needed])), None)
        if pairs is None:
            raise UserError(
                "“{place}” needs arrays called X and y, one label for each sample; it has {names}.",
                place=shown(place),
                names=", ".join(sorted(members)[:8]) or "none",
            )
        parts: list[tuple[Array, Labels]] = []
        for samples, labels in pairs:
            X = _samples(_load(archive, members[samples], place), samples, place)
            if labels not in members:
                parts.append((X, [None] * len(X)))
                continue
            y = _labels(_load(archive, members[labels], place), labels, place, labelled)
            if len(X) != len(y):
                raise UserError(
                    "“{place}” has {samples} samples in {X} but {labels} labels in {y}; give one label a sample.",
                    place=shown(place),
                    samples=len(X),
                    labels=len(y),
                    X=samples,
                    y=labels,
                )
            parts.append((X, y))
    shapes = {X.shape[1:] for X, _ in parts}
    if len(shapes) > 1:
        raise UserError(
            "The samples of X_train and X_test in “{place}” have different shapes; make them alike.", place=shown(place)
        )
    X = np.concatenate([X for X, _ in parts])
    if X.size == 0:
        raise UserError("X in “{place}” is empty; give it samples.", place=shown(place))
    return X, [name for _, names in parts for name in names]


def resized(X: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Pictures (n, h, w, 3) with their middle squares brought to (n, size, size, 3)."""
    if X.shape[1:3] == (size, size):
        return X
    small = np.empty((len(X), size, size, 3), np.uint8)
    for row, picture in enumerate(X):
        small[row] = np.asarray(shrunk(Image.fromarray(picture), size))
    return small


def _load(archive: zipfile.ZipFile, member: zipfile.ZipInfo, place: Path) -> Array:
    """One array. Its header is checked first: NumPy takes the memory that the header asks for before it reads."""
    try:
        with archive.open(member) as stream:
            version = npy.read_magic(stream)
            read_header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
            shape, _, dtype = read_header(stream)
            fits = int(np.prod(shape, dtype=object)) * dtype.itemsize == member.file_size - stream.tell()
        if not dtype.hasobject and fits:
            with archive.open(member) as stream:
                return npy.read_array(stream, allow_pickle=False)
    except Exception as error:  # a damaged header or damaged data makes NumPy and zipfile raise errors of many kinds
        _log.info("%s in %s: %r", member.filename, place, error)
        raise _damaged(member, place) from None
    if dtype.hasobject:
        raise UserError(
            "{name} in “{place}” holds Python objects, which could run code; save plain numbers or texts instead.",
            name=member.filename,
            place=shown(place),
        )
    raise _damaged(member, place)


def _damaged(member: zipfile.ZipInfo, place: Path) -> UserError:
    return UserError(
        "{name} in “{place}” is no NumPy array, or it is damaged; save the file anew with numpy.savez.",
        name=member.filename,
        place=shown(place),
    )


def _samples(X: Array, name: str, place: Path) -> Array:
    if X.dtype.kind not in "biuf":
        raise UserError("{name} in “{place}” holds no numbers; give it numbers only.", name=name, place=shown(place))
    if X.ndim == 2:
        return _rows(X, name, place)
    grey = X.ndim == 3 or (X.ndim == 4 and X.shape[3] == 1)
    if not grey and not (X.ndim == 4 and X.shape[3] == 3):
        raise UserError(
            "{name} in “{place}” has shape {shape}; it must be (samples, height, width, 3) or (samples, height, width) "
            "for pictures, or (samples, features).",
            name=name,
            place=shown(place),
            shape=X.shape,
        )
    if X.dtype != np.uint8:
        whole = X.dtype.kind in "iu"
        if not whole or (X.size and not 0 <= X.min() <= X.max() <= 255):
            raise UserError(
                "The pictures {name} in “{place}” must be whole numbers from 0 to 255 (uint8); convert them.",
                name=name,
                place=shown(place),
            )
        X = X.astype(np.uint8)
    return np.repeat(X.reshape(*X.shape[:3], 1), 3, axis=3) if grey else X


def _rows(X: Array, name: str, place: Path) -> Array:
    with np.errstate(over="ignore"):
        rows = X.astype(np.float32)
    if not np.isfinite(rows).all():
        raise UserError(
            "{name} in “{place}” has values that are not finite numbers (NaN or infinity); replace or remove them.",
            name=name,
            place=shown(place),
        )
    return rows


def _labels(y: Array, name: str, place: Path, labelled: bool) -> Labels:
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if not labelled and y.ndim == 1 and y.dtype.kind in "fU":
        known = y != "" if y.dtype.kind == "U" else ~np.isnan(y)
        found = iter(_labels(y[known], name, place, labelled=True))
        return [next(found) if one else None for one in known]
    whole = y.dtype.kind in "biu" or (y.dtype.kind == "f" and bool(np.isfinite(y).all() and (y == np.round(y)).all()))
    if y.ndim != 1 or not (whole or y.dtype.kind == "U"):
        raise UserError(
            "{name} in “{place}” must be one list of labels, whole numbers or texts; it has shape {shape} and type "
            "{type}.",
            name=name,
            place=shown(place),
            shape=y.shape,
            type=y.dtype,
        )
    return [str(int(label)) if whole else str(label) for label in y]
