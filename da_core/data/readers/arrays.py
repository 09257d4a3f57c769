"""The user's own arrays: an npz with ``X`` and ``y``."""

from __future__ import annotations

import logging
import math
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from da_core.data.readers.archive import open_archive, short_name
from da_core.data.readers.raw_domain import ClassNames, check_memory
from da_core.errors import UserError

_KEYS = ((("X", "y"),), (("X_train", "y_train"), ("X_test", "y_test")))
_LABEL_BYTES = 64  # a class name takes about so many, and its place in a list

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Header:
    """What an array says of itself before it is read."""

    member: zipfile.ZipInfo
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def sample_bytes(self) -> int:
        """Estimate the memory of an array as samples: rows become float32, and grey pictures get three channels."""
        size = math.prod(self.shape)
        if len(self.shape) == 2:
            return size * max(self.dtype.itemsize, 4)
        return size * max(self.dtype.itemsize, 3 if _is_grey(self.shape) else 1)

    @property
    def label_bytes(self) -> int:
        """Estimate the memory of an array as a list of class names."""
        return math.prod(self.shape) * max(self.dtype.itemsize, _LABEL_BYTES)


def read_arrays(place: Path, *, labelled: bool = True) -> tuple[NDArray[Any], ClassNames]:
    """Read samples and the class name of each from ``X`` and ``y``, or ``X_train`` … ``y_test`` joined.

    Unless it must be ``labelled``, ``y`` may be left out, and an empty text or a NaN in it is no label. Samples are
    pictures (n, h, w, 3) uint8, grey ones widened to three channels, or rows (n, d) float32. Labels may be whole
    numbers or texts. Raises `UserError` for all that cannot be used or would take too much memory, which the headers
    say before anything is read; Python objects (pickles) are never loaded.
    """
    with open_archive(place) as archive:
        members = {member.filename.removesuffix(".npy"): member for member in archive.infolist()}
        needed = 2 if labelled else 1
        pairs = next((pairs for pairs in _KEYS if all(key in members for pair in pairs for key in pair[:needed])), None)
        if pairs is None:
            raise UserError(
                "“{place}” needs arrays called X and y, one label for each sample; it has {names}.",
                place=short_name(place),
                names=", ".join(sorted(members)[:8]) or "none",
            )
        headers = {key: _read_header(archive, members[key], place) for pair in pairs for key in pair if key in members}
        size = sum(headers[samples].sample_bytes for samples, _ in pairs)
        size += sum(headers[labels].label_bytes for _, labels in pairs if labels in headers)
        check_memory(size, short_name(place))
        parts: list[tuple[NDArray[Any], ClassNames]] = []
        for samples, labels in pairs:
            X = _samples(_load(archive, headers[samples], place), samples, place)
            if labels not in headers:
                parts.append((X, [None] * len(X)))
                continue
            y = _labels(_load(archive, headers[labels], place), labels, place, labelled)
            if len(X) != len(y):
                raise UserError(
                    "“{place}” has {samples} samples in {X} but {labels} labels in {y}; give one label a sample.",
                    place=short_name(place),
                    samples=len(X),
                    labels=len(y),
                    X=samples,
                    y=labels,
                )
            parts.append((X, y))
    shapes = {X.shape[1:] for X, _ in parts}
    if len(shapes) > 1:
        raise UserError(
            "The samples of X_train and X_test in “{place}” have different shapes; make them alike.",
            place=short_name(place),
        )
    X = parts[0][0] if len(parts) == 1 else np.concatenate([X for X, _ in parts])
    if X.size == 0:
        raise UserError("X in “{place}” is empty; give it samples.", place=short_name(place))
    return X, [name for _, names in parts for name in names]


def _read_header(archive: zipfile.ZipFile, member: zipfile.ZipInfo, place: Path) -> _Header:
    """The header of an array, checked: NumPy takes the memory that a header asks for before it reads."""
    try:
        with archive.open(member) as stream:
            version = npy.read_magic(stream)
            read_header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
            shape, _, dtype = read_header(stream)
            fits = math.prod(shape) * dtype.itemsize == member.file_size - stream.tell()
    except Exception as error:  # a damaged header makes NumPy and zipfile raise errors of many kinds
        _log.info("%s in %s: %r", member.filename, place, error)
        raise _damaged(member, place) from None
    if dtype.hasobject:
        raise UserError(
            "{name} in “{place}” holds Python objects, which could run code; save plain numbers or texts instead.",
            name=member.filename,
            place=short_name(place),
        )
    if not fits:
        raise _damaged(member, place)
    return _Header(member, shape, dtype)


def _load(archive: zipfile.ZipFile, header: _Header, place: Path) -> NDArray[Any]:
    try:
        with archive.open(header.member) as stream:
            return npy.read_array(stream, allow_pickle=False)
    except Exception as error:  # damaged data makes NumPy and zipfile raise errors of many kinds
        _log.info("%s in %s: %r", header.member.filename, place, error)
        raise _damaged(header.member, place) from None


def _damaged(member: zipfile.ZipInfo, place: Path) -> UserError:
    return UserError(
        "{name} in “{place}” is no NumPy array, or it is damaged; save the file anew with numpy.savez.",
        name=member.filename,
        place=short_name(place),
    )


def _is_grey(shape: tuple[int, ...]) -> bool:
    """Whether it is the shape of pictures (n, h, w) or (n, h, w, 1)."""
    return len(shape) == 3 or (len(shape) == 4 and shape[3] == 1)


def _samples(X: NDArray[Any], name: str, place: Path) -> NDArray[Any]:
    if X.dtype.kind not in "biuf":
        raise UserError(
            "{name} in “{place}” holds no numbers; give it numbers only.", name=name, place=short_name(place)
        )
    if X.ndim == 2:
        return _rows(X, name, place)
    grey = _is_grey(X.shape)
    if not grey and not (X.ndim == 4 and X.shape[3] == 3):
        raise UserError(
            "{name} in “{place}” has shape {shape}; it must be (samples, height, width, 3) or (samples, height, width) "
            "for pictures, or (samples, features).",
            name=name,
            place=short_name(place),
            shape=X.shape,
        )
    if X.dtype != np.uint8:
        whole = X.dtype.kind in "iu"
        if not whole or (X.size and not 0 <= X.min() <= X.max() <= 255):
            raise UserError(
                "The pictures {name} in “{place}” must be whole numbers from 0 to 255 (uint8); convert them.",
                name=name,
                place=short_name(place),
            )
        X = X.astype(np.uint8)
    return np.repeat(X.reshape(*X.shape[:3], 1), 3, axis=3) if grey else X


def _rows(X: NDArray[Any], name: str, place: Path) -> NDArray[Any]:
    with np.errstate(over="ignore"):
        rows = X.astype(np.float32)
    if not np.isfinite(rows).all():
        raise UserError(
            "{name} in “{place}” has values that are not finite numbers (NaN or infinity); replace or remove them.",
            name=name,
            place=short_name(place),
        )
    return rows


def _labels(y: NDArray[Any], name: str, place: Path, labelled: bool) -> ClassNames:
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if not labelled and y.ndim == 1 and y.dtype.kind in "fU":
        known = y != "" if y.dtype.kind == "U" else ~np.isnan(y)
        names = iter(_labels(y[known], name, place, labelled=True))
        return [next(names) if is_known else None for is_known in known]
    whole = y.dtype.kind in "biu" or (y.dtype.kind == "f" and bool(np.isfinite(y).all() and (y == np.round(y)).all()))
    if y.ndim != 1 or not (whole or y.dtype.kind == "U"):
        raise UserError(
            "{name} in “{place}” must be one list of labels, whole numbers or texts; it has shape {shape} and type "
            "{type}.",
            name=name,
            place=short_name(place),
            shape=y.shape,
            type=y.dtype,
        )
    return [str(int(label)) if whole else str(label) for label in y]
