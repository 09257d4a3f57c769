"""The user's own pictures or arrays: folders, zips and npz files, read with distrust and understood with good will."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np

from da_core.data.arrays import Array, Labels, read_arrays, resized
from da_core.data.base import UNKNOWN, DataSource, Domain, DomainPair, Provenance
from da_core.data.day_sky import sky_of
from da_core.data.layout import NO_CLASS, classes_of, two_domains
from da_core.data.listing import TOO_LARGE, File, Listing, UnusableError, listed, opened, shown
from da_core.data.night import NIGHTS, NightName, night_pictures
from da_core.data.pictures import decode
from da_core.errors import UserError
from da_core.events import Notice
from da_core.params import Params, hyper
from da_core.settings import settings

_MOST_CLASSES = 1000
_LONGEST_NAME = 80
_SIDES_KEPT = range(8, 129)

BY_NIGHT = (
    "Every second picture was turned to night by the model. Its sky was guessed: what is bright, blue or grey, smooth "
    "and connected to the upper edge."
)
TOO_MANY = "{count} files in “{place}” were left out, because {most} pictures of a class are enough."


class FilesParams(Params):
    """How pictures are brought to one shape."""

    size: int = hyper(
        32,
        ge=16,
        le=128,
        step=16,
        unit="px",
        title="Side",
        help="Width and height that pictures are brought to. At 32, arrays of square pictures that already have one "
        "size in both domains (8 to 128 px) stay as they are.",
    )
    max_per_class: int = hyper(
        2000, ge=2, le=50_000, log=True, title="Pictures a class", help="Most picture files of one class that are read."
    )
    night: Literal["none", NightName] = hyper(
        "none",
        title="Night by the model",
        help="Without a target, every second picture of a class becomes one: the same model as for the street scenes "
        "turns it into such a night.",
    )


@dataclass
class _Samples:
    """One domain as it was read: samples, each one's class if it is known, and what there is to say about it."""

    name: str
    X: Array
    labels: Labels
    captions: list[str] | None = None
    notices: list[Notice] = field(default_factory=list)

    def labelled(self, classes: list[str]) -> Domain:
        number: dict[str | None, int] = {name: index for index, name in enumerate(classes)}
        number[None] = UNKNOWN
        y = np.array([number[label] for label in self.labels], np.int64)
        return Domain(self.name, self.X, y, None if self.captions is None else np.array(self.captions))


class Files(DataSource):
    """Pictures in class folders (a folder or a zip), or arrays in an npz; see `load_places`."""

    name = "files"
    kind = None
    title = "Your own files"
    summary = "Pictures in one folder a class, as a zip or a folder, or arrays in an npz file."
    Params = FilesParams

    def load(self, params: FilesParams, seed: int) -> DomainPair:
        raise UserError("Your own files need a source: choose a folder, a zip or an npz file.")

    def load_places(self, source: Path, target: Path | None, params: FilesParams) -> DomainPair:
        """Read both domains; without a target, or with the same place twice, both are looked for in the source.

        The target may lack labels: pictures that lie in no class folders, or an npz without ``y``. Pictures become (n,
        size, size, 3) uint8. The pair's ``notices`` say what was left out. Raises `UserError`.
        """
        alone = target is None or target == source
        by_night = NIGHTS[params.night] if alone and params.night != "none" else None
        if by_night is not None:
            domains = _halves(_read(source, "day", params), source)
        elif target is None or target == source:
            domains = _read_both(source, params)
        else:
            first = _read(source, "source", params)
            domains = first, _read(target, "target", params, set(first.labels))
        classes = _common_classes(*domains)
        _to_one_size(*domains, params.size)
        if by_night is not None:
            X = domains[1].X
            domains[1].X = night_pictures(X, np.random.default_rng(0), by_night, sky_of(X))
            domains[1].notices = [Notice(BY_NIGHT, {})]
        return DomainPair(
            source=domains[0].labelled(classes),
            target=domains[1].labelled(classes),
            classes=tuple(classes),
            provenance=Provenance(
                title=self.title,
                origin="Files that you brought.",
                licence="Theirs; this server shows them to nobody else.",
                shift="unknown" if by_night is None else "appearance",
            ),
            notices=tuple(notice for domain in domains for notice in domain.notices),
        )


def _read(place: Path, role: str, params: FilesParams, known: Collection[str | None] = ()) -> _Samples:
    """One domain. With the classes ``known`` from the source, it is the target, whose labels may be missing."""
    name = _domain_name(place, role)
    if _holds_arrays(place):
        return _Samples(name, *read_arrays(place, labelled=not known))
    with listed(place) as listing:
        return _read_pictures(name, listing, params, known)


def _read_both(place: Path, params: FilesParams) -> tuple[_Samples, _Samples]:
    if _holds_arrays(place):
        raise UserError("An npz file holds one domain, “{place}”; bring another as the target.", place=shown(place))
    with listed(place) as listing:
        (source, day), (target, night) = two_domains(listing)
        first = _read_pictures(source, day, params)
        return first, _read_pictures(target, night, params, set(first.labels))


def _halves(samples: _Samples, place: Path) -> tuple[_Samples, _Samples]:
    """Every second sample of each class, and the others, so that no picture is in both domains."""
    if samples.X.ndim != 4:
        raise UserError("“{place}” holds no pictures; only pictures can be turned to night.", place=shown(place))
    seen: dict[object, int] = {}
    rows: tuple[list[int], list[int]] = ([], [])
    for row, label in enumerate(samples.labels):
        seen[label] = seen.get(label, -1) + 1
        rows[seen[label] % 2].append(row)
    if lonely := [str(label) for label, last in seen.items() if last == 0]:
        raise UserError(
            "Class “{name}” in “{place}” has one picture; half of each class becomes night, so give it two.",
            name=lonely[0],
            place=shown(place),
        )
    day, night = (replace(samples, X=samples.X[part], labels=[samples.labels[i] for i in part]) for part in rows)
    return day, replace(night, name="night", notices=[])


def _holds_arrays(place: Path) -> bool:
    if place.is_dir():
        return False
    with opened(place) as archive:
        members = archive.namelist()
    return place.suffix.lower() == ".npz" or (bool(members) and all(name.endswith(".npy") for name in members))


def _domain_name(place: Path, role: str) -> str:
    """What to call the domain: its file's name, unless that is an upload's digest."""
    name = place.name if place.is_dir() else place.stem
    return name if 0 < len(name) <= 40 else role


def _common_classes(source: _Samples, target: _Samples) -> list[str]:
    """The classes' names in order. Raises `UserError` where the domains differ, as far as the target's are known."""
    ours, theirs = ({label for label in domain.labels if label is not None} for domain in (source, target))
    if None in target.labels and theirs <= ours:
        theirs = ours
    if ours - theirs and theirs - ours:
        raise UserError(
            "The classes differ: only the source has {source}, only the target has {target}; give both the same.",
            source=_some(sorted(ours - theirs)),
            target=_some(sorted(theirs - ours)),
        )
    if ours - theirs:
        raise UserError(
            "The classes differ: only the source has {names}; give both the same.", names=_some(sorted(ours - theirs))
        )
    if theirs - ours:
        raise UserError(
            "The classes differ: only the target has {names}; give both the same.", names=_some(sorted(theirs - ours))
        )
    if len(ours) > _MOST_CLASSES:
        raise UserError(
            "There are {count} classes; at most {most} can be told apart here. Are these labels of classes?",
            count=len(ours),
            most=_MOST_CLASSES,
        )
    for name in ours:
        if len(name) > _LONGEST_NAME or not name.isprintable() or not name.strip():
            raise UserError(
                "A class has the name {name}; give it one of 1 to {most} letters, digits and signs.",
                name=ascii(name[:_LONGEST_NAME]),
                most=_LONGEST_NAME,
            )
    try:
        return sorted(ours, key=int)
    except ValueError:
        return sorted(ours)


def _to_one_size(source: _Samples, target: _Samples, size: int) -> None:
    """Bring pictures to ``size``, but for ready-made arrays that nobody asked to change (see ``FilesParams.size``)."""
    if source.X.ndim != 4 or target.X.ndim != 4:
        return
    height, width = source.X.shape[1:3]
    ready = height == width and height in _SIDES_KEPT and target.X.shape[1:3] == (height, width)
    if not (ready and size == FilesParams().size):
        source.X, target.X = resized(source.X, size), resized(target.X, size)


# Pictures ----------------------------------------------------------------------------------------------------------


def _read_pictures(name: str, listing: Listing, params: FilesParams, known: Collection[str | None] = ()) -> _Samples:
    """Pictures by class folder; for ``known`` see `_read`."""
    folders, stray = classes_of(listing)
    classes: dict[str | None, list[File]] = dict(folders.items())
    if known and stray and not any(folders.values()):
        classes, stray = {None: stray}, []
    elif known and len(folders) == 1 and not folders.keys() & known:
        classes = {None: next(iter(folders.values()))}
    if not any(classes.values()):
        raise UserError(
            "“{place}” has no pictures in class folders; lay it out as class/picture.jpg.", place=listing.place
        )
    if empty := [label for label, files in folders.items() if not files]:
        raise UserError(
            "The class folder “{name}” in “{place}” is empty; put pictures into it or remove it.",
            name=empty[0],
            place=listing.place,
        )
    most = {label: params.max_per_class * (len(known) if label is None else 1) for label in classes}
    chosen = {label: _spread(files, most[label]) for label, files in classes.items()}
    X = np.empty((sum(map(len, chosen.values())), params.size, params.size, 3), np.uint8)
    labels: Labels = []
    captions: list[str] = []
    left_out: dict[str, list[File]] = {NO_CLASS: stray} if stray else {}
    for label, files in chosen.items():
        for file in files:
            try:
                X[len(labels)] = decode(file.read(), params.size)
            except UnusableError as error:
                left_out.setdefault(error.reason, []).append(file)
            else:
                labels.append(label)
                captions.append("/".join(file.parts))
        if labels[-1:] != [label]:
            raise _nothing_usable(label, listing.place, files, left_out.get(TOO_LARGE, []))
    notices = [
        Notice(
            reason, {"count": len(files), "place": listing.place, "names": _some(["/".join(f.parts) for f in files])}
        )
        for reason, files in left_out.items()
    ]
    spare = sum(map(len, classes.values())) - len(X)
    if spare:
        notices.append(Notice(TOO_MANY, {"count": spare, "place": listing.place, "most": params.max_per_class}))
    return _Samples(name, X[: len(labels)], labels, captions, notices)


def _nothing_usable(label: str | None, place: str, files: list[File], too_large: list[File]) -> UserError:
    if set(map(id, files)) <= set(map(id, too_large)):
        return UserError(
            "All pictures of class “{name}” in “{place}” are larger than {most} megapixels; make them smaller.",
            name=label,
            place=place,
            most=round(settings().picture_pixels / 1e6, 1),
        )
    if label is None:
        return UserError(
            "None of the {count} files in “{place}” is a picture that can be read; use JPEG or PNG.",
            count=len(files),
            place=place,
        )
    return UserError(
        "None of the {count} files of class “{name}” in “{place}” is a picture that can be read; use JPEG or PNG.",
        count=len(files),
        name=label,
        place=place,
    )


def _spread(files: list[File], most: int) -> list[File]:
    """At most so many files, evenly over all: a folder's first ones are often of one scene."""
    return [files[index * len(files) // most] for index in range(most)] if len(files) > most else files


def _some(names: list[str]) -> str:
    """The first few names."""
    return ", ".join(names[:5]) + (" …" if len(names) > 5 else "")
