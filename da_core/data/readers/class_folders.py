"""Read a user's pictures or sounds, one file each, from a folder or zip with one folder a class, as one domain."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from da_core.data.pair import SOUND_RATE
from da_core.data.readers.archive import TOO_LARGE, File, Listing, UnusableError, short_list
from da_core.data.readers.folder_layout import NO_CLASS, group_by_class
from da_core.data.readers.pictures import decode_picture
from da_core.data.readers.raw_domain import ClassNames, RawDomain, check_memory
from da_core.data.readers.sounds import is_sound, pad_or_crop, read_sound
from da_core.errors import UserError
from da_core.events import Notice
from da_core.settings import settings

_LONGEST_CAPTION = 200  # letters: NumPy gives every caption the room of the longest
_SAMPLED = 12  # files of a place whose content says what it holds
_NAMED = (
    re.compile(r"([^_]+)_[^_]+_\d+\.(?:wav|flac|ogg|oga|opus|mp3)", re.IGNORECASE),
    re.compile(r"(.*[^\W\d_])[ _.-]*\(?\d+\)?\.\w+"),
)
"""Names that say the class of files that lie together: class_speaker_take.wav, and cat_1.jpg or “cat (1).jpg”."""

TOO_MANY = "{count} files in “{place}” were left out because of the limit of {most} samples per class."


@dataclass(frozen=True)
class FileOptions:
    """Options of reading files: pictures at a side of ``size`` pixels, sounds at a length in ``seconds``."""

    size: int
    seconds: float
    max_per_class: int


@dataclass(frozen=True)
class _Form:
    """The form of a place's files: the shape and type of a sample, and a function that decodes a file's bytes."""

    sounds: bool
    shape: tuple[int, ...]
    dtype: type[np.generic]
    decode: Callable[[bytes], NDArray[Any]]


def read_class_folders(
    name: str, listing: Listing, options: FileOptions, known: Collection[str | None] = ()
) -> RawDomain:
    """Read the pictures or sounds of one domain by class.

    With the classes ``known`` from the source it is the target, whose labels may be missing. The notices say which
    files were left out. Raises `UserError` where a class has no file that can be used.
    """
    form = _detect_form(listing, options)
    classes, stray = _group_files(listing, form, known)
    _check_classes(classes, form, listing.place)
    most = {label: options.max_per_class * (len(known) if label is None else 1) for label in classes}
    chosen = {label: _spread(files, most[label]) for label, files in classes.items()}
    count = sum(map(len, chosen.values()))
    check_memory(count * int(np.prod(form.shape)) * np.dtype(form.dtype).itemsize, listing.place)
    X = np.empty((count, *form.shape), form.dtype)
    labels: ClassNames = []
    captions: list[str] = []
    left_out: dict[str, list[File]] = {NO_CLASS: stray} if stray else {}
    for label, files in chosen.items():
        for file, sample in zip(files, _decode_files(files, form.decode), strict=True):
            if isinstance(sample, UnusableError):
                left_out.setdefault(sample.reason, []).append(file)
            else:
                X[len(labels)] = sample
                labels.append(label)
                captions.append("/".join(file.parts)[-_LONGEST_CAPTION:])
        if labels[-1:] != [label]:
            raise _no_usable_file(label, listing.place, files, left_out.get(TOO_LARGE, []), form)
    notices = [_left_out(reason, files, listing.place) for reason, files in left_out.items()]
    if spare := sum(map(len, classes.values())) - count:
        notices.append(Notice(TOO_MANY, {"count": spare, "place": listing.place, "most": options.max_per_class}))
    return RawDomain(name, X[: len(labels)], labels, captions, notices)


def _detect_form(listing: Listing, options: FileOptions) -> _Form:
    """Detect sounds if most of a few files are, else pictures."""
    heads = [_head(file) for file in _spread(listing.files, _SAMPLED)]
    if 2 * sum(map(is_sound, heads)) > len(heads):
        length = round(options.seconds * SOUND_RATE)
        return _Form(True, (length,), np.int16, lambda data: pad_or_crop(read_sound(data), length))
    shape = (options.size, options.size, 3)
    return _Form(False, shape, np.uint8, partial(decode_picture, size=options.size))


def _head(file: File) -> bytes:
    try:
        return file.read()[:12]
    except UnusableError:
        return b""


def _group_files(
    listing: Listing, form: _Form, known: Collection[str | None]
) -> tuple[dict[str | None, list[File]], list[File]]:
    """Group the files by class; then come those that are of none.

    A class is a folder; files that lie together may have it in their names (`_NAMED`). Of a target, other files that
    lie together are without a label: no class has one folder of a name that the source does not know.
    """
    folders, stray = group_by_class(listing)
    together = [*stray, *(file for files in folders.values() for file in files)]
    if len(folders) < 2:
        classes, rest = _group_by_name(together, form)
        plain = form.sounds or all(len(files) > 1 for files in classes.values())
        if len(classes) > 1 and plain and (not known or classes.keys() <= set(known)):
            return classes, rest
    if known and together and len(folders) < 2 and not (any(folders.values()) and folders.keys() & known):
        return {None: together}, []
    return dict(folders.items()), stray


def _group_by_name(files: list[File], form: _Form) -> tuple[dict[str | None, list[File]], list[File]]:
    """Group files by the classes in their names, sorted by class; then come those whose names say none."""
    classes: dict[str | None, list[File]] = {}
    rest = []
    for file in files:
        match = next(filter(None, (named.fullmatch(file.parts[-1]) for named in _NAMED[not form.sounds :])), None)
        if match:
            classes.setdefault(match[1], []).append(file)
        else:
            rest.append(file)
    return dict(sorted(classes.items(), key=str)), rest


def _spread(files: list[File], most: int) -> list[File]:
    """Choose at most ``most`` files, evenly over all: a folder's first ones are often of one scene."""
    return [files[index * len(files) // most] for index in range(most)] if len(files) > most else files


def _decode_files(files: list[File], decode: Callable[[bytes], NDArray[Any]]) -> Iterator[NDArray[Any] | UnusableError]:
    """Decode a few files at a time, and yield a sample of each in turn, or why there is none."""

    def attempt(file: File) -> NDArray[Any] | UnusableError:
        try:
            return decode(file.read())
        except UnusableError as error:
            return error

    workers = min(4, os.cpu_count() or 1)
    with ThreadPoolExecutor(workers, thread_name_prefix="reading") as pool:
        for first in range(0, len(files), 8 * workers):
            yield from pool.map(attempt, files[first : first + 8 * workers])


def _check_classes(classes: dict[str | None, list[File]], form: _Form, place: str) -> None:
    if not any(classes.values()):
        raise UserError(
            "“{place}” has no sounds in class folders; arrange it as class/sound.wav or class_speaker_take.wav."
            if form.sounds
            else "“{place}” has no pictures in class folders; arrange it as class/picture.jpg or class_1.jpg.",
            place=place,
        )
    if empty := [label for label, files in classes.items() if not files]:
        raise UserError(
            "The class folder “{name}” in “{place}” is empty; put pictures into it or remove it.",
            name=empty[0],
            place=place,
        )


def _left_out(reason: str, files: list[File], place: str) -> Notice:
    names = short_list(["/".join(file.parts) for file in files])
    return Notice(reason, {"count": len(files), "place": place, "names": names})


def _no_usable_file(label: str | None, place: str, files: list[File], too_large: list[File], form: _Form) -> UserError:
    if label is None:
        return UserError(
            "None of the {count} files in “{place}” is a readable sound; use WAV or FLAC."
            if form.sounds
            else "None of the {count} files in “{place}” is a readable picture; use JPEG or PNG.",
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
        "None of the {count} files of class “{name}” in “{place}” is a readable sound; use WAV or FLAC."
        if form.sounds
        else "None of the {count} files of class “{name}” in “{place}” is a readable picture; use JPEG or PNG.",
        count=len(files),
        name=label,
        place=place,
    )
