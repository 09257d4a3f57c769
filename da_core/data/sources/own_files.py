"""The user's own samples: folders, zips, arrays and tables, read with distrust and understood with good will."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from da_core.data.pair import SOUND_RATE, DomainPair, Provenance
from da_core.data.readers import tables
from da_core.data.readers.archive import TOO_LARGE, File, Listing, OneDomainError, UnusableError, listed, opened, shown
from da_core.data.readers.arrays import read_arrays, resized
from da_core.data.readers.folder_layout import NO_CLASS, SOURCE_WORDS, classes_of, two_domains
from da_core.data.readers.pictures import decode
from da_core.data.readers.raw_domain import Labels, RawDomain
from da_core.data.readers.sounds import of_one_length, read_wav
from da_core.data.source import DataSource
from da_core.data.synthesis.night import NIGHTS, NightName, night_pictures
from da_core.data.synthesis.noise import with_background
from da_core.data.synthesis.sky_mask import sky_of
from da_core.errors import UserError
from da_core.events import Notice
from da_core.params import Params, hyper
from da_core.settings import settings

_MOST_CLASSES = 1000
_LONGEST_NAME = 80
_SIDES_KEPT = range(8, 129)
_PEEKED = 12  # files of a place whose content says what it holds
_SPOKEN = re.compile(r"([^_]+)_[^_]+_\d+\.wav", re.IGNORECASE)

BY_NIGHT = (
    "Every second picture was turned to night by the model. Its sky was guessed: what is bright, blue or grey, smooth "
    "and connected to the upper edge."
)
WITH_NOISE = "Every second sound was given background noise, which is pink: as much of it in each octave."
TOO_MANY = "{count} files in “{place}” were left out, because {most} samples of a class are enough."


class FilesParams(Params):
    """How samples are brought to one shape, and which columns of a table are what."""

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
        2000, ge=2, le=50_000, log=True, title="Files a class", help="Most files of one class that are read."
    )
    night: Literal["none", NightName] = hyper(
        "none",
        title="Night by the model",
        help="Without a target, every second picture of a class becomes one: the same model as for the street scenes "
        "turns it into such a night.",
    )
    noise: Literal["none", "20 dB", "10 dB", "5 dB", "0 dB", "-5 dB"] = hyper(
        "none",
        title="Background noise",
        help="Without a target, every second sound of a class gets noise behind it. The number is how many decibels "
        "the sound is above the noise.",
    )
    seconds: float = hyper(
        1.0,
        ge=0.25,
        le=4,
        step=0.25,
        unit="s",
        title="Seconds of a sound",
        help="Length that sounds are brought to: longer ones keep their middle, shorter ones get silence around them.",
    )
    label: str = hyper("", title="Label", help="The column of a table that names each row's class.")
    features: str = hyper(
        "", title="Features", help="The columns of numbers that make up a sample, parted by commas; empty for all."
    )
    text: str = hyper("", title="Text", help="The column of texts, where a sample is a text.")
    domain: str = hyper("", title="Domain", help="The column that says which domain a row of a single table is of.")
    source_domain: str = hyper("", title="Source", help="The value of the domain column that is the source.")
    target_domain: str = hyper(
        "", title="Target", help="The value of the domain column that is the target; empty for all others."
    )

    def roles(self) -> tables.Roles:
        """The columns as they were chosen."""
        return tables.Roles(self.label, self.domain, self.text, tables.split_names(self.features))


class Files(DataSource):
    """Pictures or sounds in class folders (a folder or a zip), arrays in an npz, or tables; see `load_places`."""

    name = "files"
    title = "Your own files"
    summary = "Pictures or sounds in one folder a class, tables (CSV) or arrays (npz). Target labels may be missing."
    area = "own"
    shift = "unknown"
    kind = None
    Params = FilesParams

    def load(self, params: FilesParams, seed: int) -> DomainPair:
        raise UserError("Your own files need a source: choose a folder, a zip, a table or an npz file.")

    def load_places(self, source: Path, target: Path | None, params: FilesParams) -> DomainPair:
        """Read both domains; without a target, or with the same place twice, both are looked for in the source.

        The target may lack labels: files that lie in no class folders, an npz without ``y``, a table without the
        label's column or with empty cells in it. Pictures become (n, size, size, 3) uint8. The pair's ``notices`` say
        what was left out. Raises `UserError`.
        """
        place = None if target == source else target
        by_night = NIGHTS[params.night] if place is None and params.night != "none" else None
        quieter = float(params.noise.removesuffix(" dB")) if place is None and params.noise != "none" else None
        kinds = {kind_of(source), kind_of(place or source)}
        if len(kinds) > 1 and "table" in kinds:
            raise UserError("One of the two is a table and the other is not; bring two of a kind.")
        if "table" in kinds:
            first, second = _read_tables(source, place, params)
        elif by_night is not None:
            samples = _read(source, "day", params)
            if samples.X.ndim != 4:
                raise UserError(
                    "“{place}” holds no pictures; only pictures can be turned to night.", place=shown(source)
                )
            first, second = _halves(samples, source, "night")
        elif quieter is not None:
            samples = _read(source, "quiet", params)
            if samples.X.dtype != np.int16 or samples.X.ndim != 2:
                raise UserError("“{place}” holds no sounds; only sounds can get background noise.", place=shown(source))
            first, second = _halves(samples, source, "noisy")
        elif place is None:
            first, second = _read_both(source, params)
        else:
            first = _read(source, "source", params)
            second = _read(place, "target", params, set(first.labels))
        classes = _common_classes(first, second)
        _to_one_size(first, second, params.size)
        if by_night is not None:
            second.X = night_pictures(second.X, np.random.default_rng(0), by_night, sky_of(second.X))
            second.notices = [Notice(BY_NIGHT, {})]
        if quieter is not None and by_night is None:
            second.X = with_background(second.X, quieter, np.random.default_rng(0))
            second.notices = [Notice(WITH_NOISE, {})]
        return DomainPair(
            source=first.numbered(classes),
            target=second.numbered(classes),
            classes=tuple(classes),
            provenance=Provenance(
                title=self.title,
                origin="Files that you brought.",
                licence="As you have them. Whoever has the link of a run on them can see its samples.",
                shift="unknown" if by_night is None and quieter is None else "appearance",
            ),
            columns=first.columns,
            notices=(*first.notices, *second.notices),
        )


def kind_of(place: Path) -> Literal["files", "arrays", "table"]:
    """What a place holds, told by its content. Raises `UserError` for what cannot be opened."""
    if place.is_dir():
        return "files"
    if place.suffix.lower() not in (".zip", ".npz") and tables.is_table(place):
        return "table"
    with opened(place) as archive:
        members = archive.namelist()
    arrays = place.suffix.lower() == ".npz" or (bool(members) and all(name.endswith(".npy") for name in members))
    return "arrays" if arrays else "files"


def _read(place: Path, role: str, params: FilesParams, known: Collection[str | None] = ()) -> RawDomain:
    """One domain. With the classes ``known`` from the source, it is the target, whose labels may be missing."""
    name = _domain_name(place, role)
    if kind_of(place) == "arrays":
        return RawDomain(name, *read_arrays(place, labelled=not known))
    with listed(place) as listing:
        return _read_files(name, listing, params, known)


def _read_both(place: Path, params: FilesParams) -> tuple[RawDomain, RawDomain]:
    if kind_of(place) == "arrays":
        raise OneDomainError(
            "An npz file holds one domain, “{place}”; bring another as the target.", place=shown(place)
        )
    with listed(place) as listing:
        (source, day), (target, night) = two_domains(listing)
        first = _read_files(source, day, params)
        return first, _read_files(target, night, params, set(first.labels))


def _halves(samples: RawDomain, place: Path, other: str) -> tuple[RawDomain, RawDomain]:
    """Every second sample of each class, and the others, called ``other``, so that none is in both domains."""
    seen: dict[object, int] = {}
    rows: tuple[list[int], list[int]] = ([], [])
    for row, label in enumerate(samples.labels):
        seen[label] = seen.get(label, -1) + 1
        rows[seen[label] % 2].append(row)
    if lonely := [str(label) for label, last in seen.items() if last == 0]:
        raise UserError(
            "Class “{name}” in “{place}” has one sample; half of each class becomes the target, so give it two.",
            name=lonely[0],
            place=shown(place),
        )
    first, second = (samples.part(part) for part in rows)
    return first, replace(second, name=other, notices=[])


def _read_tables(source: Path, target: Path | None, params: FilesParams) -> tuple[RawDomain, RawDomain]:
    """Two tables with the same columns, or the two domains that a column of one table tells apart."""
    told = tables.outline(source)
    roles = tables.roles_of(source, told, params.roles(), with_domain=target is None, labelled=True)
    if target is None:
        values = tables.domain_values(source, told, roles.domain)
        ours, theirs = domains_of(values, params.source_domain, params.target_domain, source)
        place_of = dict.fromkeys(theirs, 1) | {ours: 0}
        names = (ours, theirs[0] if len(theirs) == 1 else "others")
        first, second = tables.read_table(source, told, roles, names, place_of.get, labelled=(True, False))
        return first, second
    (first,) = tables.read_table(
        source, told, roles, [_domain_name(source, "source")], lambda _cell: 0, labelled=[True]
    )
    told = tables.outline(target)
    wishes = tables.Roles(roles.label, "", roles.text, roles.features)
    roles = tables.roles_of(target, told, wishes, with_domain=False, labelled=False)
    (second,) = tables.read_table(
        target, told, roles, [_domain_name(target, "target")], lambda _cell: 0, labelled=[False]
    )
    return first, second


def domains_of(values: list[str], source: str, target: str, place: Path) -> tuple[str, list[str]]:
    """Which value of a domain column is the source, and which ones are the target, as wished or guessed.

    Raises `UserError` where a wished value is not there or there are not two.
    """
    for wished in filter(None, (source, target)):
        if wished not in values:
            raise UserError(
                "No row of “{place}” is of the domain “{name}”; there are {names}.",
                place=shown(place),
                name=wished,
                names=_some(values),
            )
    ours = source or next((value for value in values if value.lower() in SOURCE_WORDS and value != target), "")
    ours = ours or next((value for value in values if value != target), "")
    theirs = [target] if target else [value for value in values if value != ours]
    if not ours or not theirs or ours in theirs:
        raise UserError(
            "The domain column of “{place}” has one value only; it must tell two domains apart.", place=shown(place)
        )
    return ours, theirs


def _domain_name(place: Path, role: str) -> str:
    """What to call the domain: its file's name, unless that is an upload's digest."""
    name = place.name if place.is_dir() else place.stem
    return name if 0 < len(name) <= 40 else role


def _common_classes(source: RawDomain, target: RawDomain) -> list[str]:
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


def _to_one_size(source: RawDomain, target: RawDomain, size: int) -> None:
    """Bring pictures to ``size``, but for ready-made arrays that nobody asked to change (see ``FilesParams.size``)."""
    if source.X.ndim != 4 or target.X.ndim != 4:
        return
    height, width = source.X.shape[1:3]
    ready = height == width and height in _SIDES_KEPT and target.X.shape[1:3] == (height, width)
    if not (ready and size == FilesParams().size):
        source.X, target.X = resized(source.X, size), resized(target.X, size)


# Files -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Form:
    """What the files of a place are: the shape and type of a sample, and how to make one of a file's bytes."""

    sounds: bool
    shape: tuple[int, ...]
    dtype: type[np.generic]
    make: Callable[[bytes], NDArray[Any]]


def _form(listing: Listing, params: FilesParams) -> _Form:
    heads = [_head(file) for file in _spread(listing.files, _PEEKED)]
    if 2 * sum(head[:4] == b"RIFF" and head[8:12] == b"WAVE" for head in heads) > len(heads):
        length = round(params.seconds * SOUND_RATE)
        return _Form(True, (length,), np.int16, lambda data: of_one_length([read_wav(data)], length)[0])
    return _Form(False, (params.size, params.size, 3), np.uint8, partial(decode, size=params.size))


def _head(file: File) -> bytes:
    try:
        return file.read()[:12]
    except UnusableError:
        return b""


def _read_files(name: str, listing: Listing, params: FilesParams, known: Collection[str | None] = ()) -> RawDomain:
    """Pictures or sounds by class; for ``known`` see `_read`."""
    form = _form(listing, params)
    classes, stray = _classes(listing, form, known)
    if not any(classes.values()):
        raise UserError(
            "“{place}” has no sounds in class folders; lay it out as class/sound.wav or class_speaker_take.wav."
            if form.sounds
            else "“{place}” has no pictures in class folders; lay it out as class/picture.jpg.",
            place=listing.place,
        )
    if empty := [label for label, files in classes.items() if not files]:
        raise UserError(
            "The class folder “{name}” in “{place}” is empty; put pictures into it or remove it.",
            name=empty[0],
            place=listing.place,
        )
    most = {label: params.max_per_class * (len(known) if label is None else 1) for label in classes}
    chosen = {label: _spread(files, most[label]) for label, files in classes.items()}
    X = _room(sum(map(len, chosen.values())), form, listing.place)
    labels: Labels = []
    captions: list[str] = []
    left_out: dict[str, list[File]] = {NO_CLASS: stray} if stray else {}
    for label, files in chosen.items():
        for file, sample in zip(files, _made(files, form.make), strict=True):
            if isinstance(sample, UnusableError):
                left_out.setdefault(sample.reason, []).append(file)
            else:
                X[len(labels)] = sample
                labels.append(label)
                captions.append("/".join(file.parts))
        if labels[-1:] != [label]:
            raise _nothing_usable(label, listing.place, files, left_out.get(TOO_LARGE, []), form)
    notices = [
        Notice(
            reason, {"count": len(files), "place": listing.place, "names": _some(["/".join(f.parts) for f in files])}
        )
        for reason, files in left_out.items()
    ]
    spare = sum(map(len, classes.values())) - len(X)
    if spare:
        notices.append(Notice(TOO_MANY, {"count": spare, "place": listing.place, "most": params.max_per_class}))
    return RawDomain(name, X[: len(labels)], labels, captions, notices)


def _classes(
    listing: Listing, form: _Form, known: Collection[str | None]
) -> tuple[dict[str | None, list[File]], list[File]]:
    """The files of each class, and those that are of none.

    A class is a folder; sounds that lie together may have it in their names (``class_speaker_take.wav``). Of a target,
    files that lie together are without a label: no class has one folder of a name that the source does not know.
    """
    folders, stray = classes_of(listing)
    together = [*stray, *(file for files in folders.values() for file in files)]
    if form.sounds and len(folders) < 2:
        spoken: dict[str | None, list[File]] = {}
        for file in together:
            if found := _SPOKEN.fullmatch(file.parts[-1]):
                spoken.setdefault(found[1], []).append(file)
        if len(spoken) > 1:
            named = {id(file) for files in spoken.values() for file in files}
            return dict(sorted(spoken.items(), key=str)), [file for file in together if id(file) not in named]
    if known and together and len(folders) < 2 and not (any(folders.values()) and folders.keys() & known):
        return {None: together}, []
    return dict(folders.items()), stray


def _room(count: int, form: _Form, place: str) -> NDArray[Any]:
    """Memory for the samples of a place. Raises `UserError` where they take more than the server gives."""
    size = count * int(np.prod(form.shape)) * np.dtype(form.dtype).itemsize
    if size > settings().samples_megabytes * 2**20:
        raise UserError(
            "The samples of “{place}” would take {size} MB in memory, and at most {most} MB are given; make them "
            "smaller or take fewer of a class.",
            place=place,
            size=size // 2**20,
            most=settings().samples_megabytes,
        )
    return np.empty((count, *form.shape), form.dtype)


def _made(files: list[File], make: Callable[[bytes], NDArray[Any]]) -> Iterator[NDArray[Any] | UnusableError]:
    """A sample of each file in turn, or why there is none. A few files are in the making at a time, never more."""

    def one(file: File) -> NDArray[Any] | UnusableError:
        try:
            return make(file.read())
        except UnusableError as error:
            return error

    workers = min(4, os.cpu_count() or 1)
    with ThreadPoolExecutor(workers, thread_name_prefix="reading") as pool:
        begun: list[Future[NDArray[Any] | UnusableError]] = []
        for file in files:
            begun.append(pool.submit(one, file))
            if len(begun) == 2 * workers:
                yield begun.pop(0).result()
        yield from (each.result() for each in begun)


def _nothing_usable(label: str | None, place: str, files: list[File], too_large: list[File], form: _Form) -> UserError:
    if label is None:
        return UserError(
            "None of the {count} files in “{place}” is a sound that can be read; use WAV."
            if form.sounds
            else "None of the {count} files in “{place}” is a picture that can be read; use JPEG or PNG.",
            count=len(files),
            place=place,
        )
    if set(map(id, files)) <= set(map(id, too_large)):
        return UserError(
            "All pictures of class “{name}” in “{place}” are larger than {most} megapixels; make them smaller.",
            name=label,
            place=place,
            most=round(settings().picture_pixels / 1e6, 1),
        )
    return UserError(
        "None of the {count} files of class “{name}” in “{place}” is a sound that can be read; use WAV."
        if form.sounds
        else "None of the {count} files of class “{name}” in “{place}” is a picture that can be read; use JPEG or PNG.",
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
