"""Read a user's arrays by what they are called: the samples of one domain, or of both, and the class of each."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from da_core.data.layout import Layout
from da_core.data.readers.archive import SingleDomainError, short_name
from da_core.data.readers.domain_choice import choose_domains, target_name
from da_core.data.readers.raw_domain import ClassNames, RawDomain, check_memory
from da_core.data.readers.stored_arrays import Arrays, Stored, is_mat, open_arrays
from da_core.errors import UserError
from da_core.own_names import OwnName

_Keys = tuple[tuple[str, str], ...]

_SAMPLES = ("X", "x", "fts", "feas", "features")
_LABELS = ("y", "Y", "labels", "label", "gnd")
_SINGLE: tuple[_Keys, ...] = (
    *(((X, y),) for X in _SAMPLES for y in _LABELS),
    (("X_train", "y_train"), ("X_test", "y_test")),
)
"""Names of samples and labels of one domain, in one part or in two."""
_BOTH: tuple[_Keys, ...] = (
    (("Xs", "ys"), ("Xt", "yt")),
    (("Xs", "Ys"), ("Xt", "Yt")),
    (("X_s", "y_s"), ("X_t", "y_t")),
    (("X_src", "Y_src"), ("X_tar", "Y_tar")),
    (("X_source", "y_source"), ("X_target", "y_target")),
)
"""Those of source and target."""
_DOMAIN = "domain"
"""What says of each sample which domain it is of."""
_LABEL_BYTES = 64  # a class name takes about so many, and its place in a list


def read_arrays(place: Path, *, labelled: bool) -> tuple[NDArray[Any], ClassNames]:
    """Read samples and the class name of each from ``X`` and ``y``, or ``X_train`` … ``y_test`` joined.

    Unless it must be ``labelled``, ``y`` may be left out, and an empty text or a NaN in it is no label. Samples are
    pictures (n, h, w, 3) uint8, grey ones widened to three channels, or rows (n, d) float32. Labels may be whole
    numbers or texts. Raises `UserError` for all that cannot be used or would take too much memory, which the headers
    say before anything is read; Python objects (pickles) are never loaded.
    """
    with open_arrays(place) as file:
        needed = 2 if labelled else 1
        keys = _find_keys(file, _SINGLE, needed) or _find_keys(file, _SINGLE, 1)
        if keys is None:
            raise UserError(
                "“{place}” needs arrays called X and y, one label for each sample; it has {names}.",
                place=short_name(place),
                names=", ".join(sorted(file)[:8]) or "none",
            )
        if labelled and not all(y in file for _, y in keys):
            raise _no_labels(file, place)
        return _read_parts(file, keys, place, labelled)


def read_both_domains(place: Path, source: str, target: str, layout: Layout) -> tuple[RawDomain, RawDomain]:
    """Read source and target from one file: ``Xs, ys, Xt, yt``, or ``X, y`` and the ``domain`` of each sample.

    ``source`` and ``target`` are the domains wanted, as `choose_domains` takes them; ``layout`` gets all there are. The
    target's labels may be missing. Raises `UserError`; see `read_arrays`.
    """
    with open_arrays(place) as file:
        if _find_keys(file, _BOTH, 1):
            keys = next((keys for keys in _BOTH if {*keys[0], keys[1][0]} <= file.keys()), None)
            if keys is None:
                raise _no_labels(file, place)
            first = RawDomain("source", *_read_parts(file, keys[:1], place, labelled=True))
            return first, RawDomain("target", *_read_parts(file, keys[1:], place, labelled=False))
        keys = _find_keys(file, _SINGLE, 2)
        if keys is None or _DOMAIN not in file:
            raise SingleDomainError(
                "“{place}” holds one domain: bring another as the target, or both in one file, as Xs, ys, Xt and yt or "
                "as X, y and domain.",
                place=short_name(place),
            )
        stored = file[_DOMAIN]()
        check_memory(_label_bytes(stored), short_name(place))
        names = [str(name) for name in _labels(stored.read(), _DOMAIN, place, labelled=True)]
        layout.domains = tuple(dict.fromkeys(names))
        X, labels = _read_parts(file, keys, place, labelled=False)
    if len(names) != len(X):
        raise _unlike(_DOMAIN, len(names), keys[0][0], len(X), place)
    source_name, target_names = choose_domains(layout.domains, source, target, short_name(place))
    rows = ([row for row, name in enumerate(names) if name in chosen] for chosen in ([source_name], target_names))
    both = RawDomain("", X, labels)
    first, second = (both.subset(some) for some in rows)
    first.name, second.name = OwnName(source_name), target_name(target_names)
    first.reading = {"domain": _DOMAIN, "source": source_name, "target": ", ".join(target_names)}
    return first, second


def _find_keys(file: Arrays, known: tuple[_Keys, ...], needed: int) -> _Keys | None:
    """Find the first names of which the file has, in every part, the samples (and the labels, if 2 are needed)."""
    return next((keys for keys in known if all(key in file for pair in keys for key in pair[:needed])), None)


def _read_parts(file: Arrays, keys: _Keys, place: Path, labelled: bool) -> tuple[NDArray[Any], ClassNames]:
    """Read the samples and labels of some parts of one domain, joined."""
    stored = {key: file[key]() for pair in keys for key in pair if key in file}
    size = sum(_sample_bytes(stored[samples]) for samples, _ in keys)
    size += sum(_label_bytes(stored[labels]) for _, labels in keys if labels in stored)
    check_memory(size, short_name(place))
    parts: list[tuple[NDArray[Any], ClassNames]] = []
    for samples, labels in keys:
        X = stored[samples].read()
        y = stored[labels].read() if labels in stored else None
        if is_mat(place):
            X, y = _as_rows(X, y)
        X = _samples(X, samples, place)
        names: ClassNames = [None] * len(X) if y is None else _labels(y, labels, place, labelled)
        if len(X) != len(names):
            raise _unlike(labels, len(names), samples, len(X), place)
        parts.append((X, names))
    if len({X.shape[1:] for X, _ in parts}) > 1:
        raise UserError(
            "The samples of X_train and X_test in “{place}” have different shapes; give both the same shape.",
            place=short_name(place),
        )
    X = parts[0][0] if len(parts) == 1 else np.concatenate([X for X, _ in parts])
    if X.size == 0:
        raise UserError("X in “{place}” is empty; add samples.", place=short_name(place))
    return X, [name for _, names in parts for name in names]


def _as_rows(X: NDArray[Any], y: NDArray[Any] | None) -> tuple[NDArray[Any], NDArray[Any] | None]:
    """Turn MATLAB's matrices into labels as one list, and samples as rows where they are columns."""
    if y is None:
        return X, None
    y = y.ravel() if y.ndim == 2 and 1 in y.shape else y
    return (X.T if X.ndim == 2 and X.shape[0] != len(y) == X.shape[1] else X), y


def _sample_bytes(stored: Stored) -> int:
    """Estimate the memory of an array as samples: rows become float32, and grey pictures get three channels."""
    size = math.prod(stored.shape)
    if len(stored.shape) == 2:
        return size * max(stored.itemsize, 4)
    return size * max(stored.itemsize, 3 if _is_grey(stored.shape) else 1)


def _label_bytes(stored: Stored) -> int:
    """Estimate the memory of an array as a list of class names."""
    return math.prod(stored.shape) * max(stored.itemsize, _LABEL_BYTES)


def _no_labels(file: Arrays, place: Path) -> UserError:
    return UserError(
        "“{place}” has samples without labels, and a source needs them: add an array y beside {names}, one label for "
        "each sample (of an npz: numpy.savez(new, **numpy.load(old), y=labels)).",
        place=short_name(place),
        names=", ".join(sorted(file)[:8]),
    )


def _unlike(labels: str, count: int, samples: str, rows: int, place: Path) -> UserError:
    return UserError(
        "“{place}” has {samples} samples in {X} but {labels} labels in {y}; give one label per sample.",
        place=short_name(place),
        samples=rows,
        labels=count,
        X=samples,
        y=labels,
    )


def _is_grey(shape: tuple[int, ...]) -> bool:
    """Check that it is the shape of pictures (n, h, w) or (n, h, w, 1)."""
    return len(shape) == 3 or (len(shape) == 4 and shape[3] == 1)


def _samples(X: NDArray[Any], name: str, place: Path) -> NDArray[Any]:
    if X.dtype.kind not in "biuf":
        raise UserError(
            "{name} in “{place}” contains no numbers; use numbers only.", name=name, place=short_name(place)
        )
    if X.ndim == 2:
        with np.errstate(over="ignore"):
            rows = X.astype(np.float32)
        if not np.isfinite(rows).all():
            raise UserError(
                "{name} in “{place}” has values that are not finite numbers (NaN or infinity); replace or remove them.",
                name=name,
                place=short_name(place),
            )
        return rows
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
