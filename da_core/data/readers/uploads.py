"""Resolve the places of a user's own files: a path on this machine, or an upload, kept under its content's digest."""

from __future__ import annotations

import functools
import hashlib
import io
import logging
import os
import re
import shutil
import tempfile
import zipfile
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import Any, BinaryIO, cast

from da_core.data.readers.archive import EMPTY, NOT_READ, short_name
from da_core.data.readers.upload_places import UPLOAD_NAME, UploadPlaces
from da_core.errors import UserError, disk_explained
from da_core.object_storage import ObjectStorage, StorageError, shared_storage
from da_core.settings import settings
from da_core.system.server_metrics import UPLOADED
from da_core.whole_files import finish, new_file

log = logging.getLogger(__name__)

_ENDING = re.compile(r"[a-z0-9]{1,8}")
_LONGEST_NAME = 60
_UPLOAD = re.compile(rf"upload:([0-9a-f]{{64}}\.{_ENDING.pattern})(?:/([^/]{{1,{_LONGEST_NAME}}}))?")


@disk_explained()
def keep_upload(name: str, data: bytes | BinaryIO) -> str:
    """Store an upload and return its place, “upload:<sha256>.<ending>/<name>”: the same content is kept once.

    ``name`` is the visitor's file name; the file's own has only its ending, the place says it for `place_name`. When
    all uploads together take more than the settings' ``uploads_megabytes``, those longest unused go. Whether it can be
    used is for its reader to say. Raises `UserError` for an empty file or one above the settings' limit.
    """
    ending = name.lower().rpartition(".")[2] if "." in name else ""
    ending = ending if _ENDING.fullmatch(ending) else "bin"
    most = settings().upload_megabytes * 2**20
    places = _places()
    stream = io.BytesIO(data) if isinstance(data, bytes) else data
    stream.seek(0)  # someone may have looked at it before
    digest = hashlib.sha256()
    size = 0
    with _storage_errors(), new_file(places.folder) as new:
        while block := stream.read(2**20):
            size += len(block)
            if size > most:
                raise UserError(
                    "“{name}” is larger than {most} MB; upload a smaller file.",
                    name=name,
                    most=settings().upload_megabytes,
                )
            digest.update(block)
            new.write(block)
        if size == 0:
            raise UserError(EMPTY, place=name)
        file = f"{digest.hexdigest()}.{ending}"
        places.put(file, finish(new))
        UPLOADED.inc(size)
    try:
        places.keep_below(max(settings().uploads_megabytes * 2**20, most))
    except StorageError as error:
        log.warning("uploads may take too much room just now: %s", error)
    plain = "".join(sign for sign in name.rpartition("/")[2] if sign.isprintable())
    return f"upload:{file}/{plain[-_LONGEST_NAME:]}"


@disk_explained()
def keep_folder(name: str, files: Sequence[tuple[str, BinaryIO]]) -> str:
    """Store the files of a folder, each under its path in it, as one upload (a zip); see `keep_upload`."""
    most = settings().upload_megabytes * 2**20
    with tempfile.SpooledTemporaryFile(max_size=2**25) as kept:
        with zipfile.ZipFile(kept, "w", zipfile.ZIP_STORED) as archive:
            for path, stream in files:
                stream.seek(0)
                with archive.open(zipfile.ZipInfo(path), "w") as member:  # of one date: the same content is kept once
                    shutil.copyfileobj(stream, member)
                if kept.tell() > most:
                    break  # what is too large is said below
        return keep_upload(f"{name}.zip", cast("BinaryIO", kept))


def resolve_place(place: str) -> Path:
    """Return the file or folder that a place names. Raises `UserError` if there is none."""
    if place.startswith("upload:"):
        named = _UPLOAD.fullmatch(place)
        with disk_explained(), _storage_errors():
            path = _places().path(named[1]) if named else None
        if named is None or path is None:
            raise UserError(
                "“{name}” is no longer on this server: it was removed, or unused for {days} days; upload it again.",
                name=place_name(place),
                days=f"{settings().upload_days:g}",
            )
        _places().mark_used(named[1])
        return path
    path = _path(place)
    if path is None or not os.path.exists(path):  # Path.exists would raise where a folder is closed to us
        raise UserError("“{place}” does not exist; check the path.", place=place)
    return path


def place_name(place: str) -> str:
    """Return what people call a place: an upload by the name that it was sent under, else the end of the path."""
    if named := _UPLOAD.fullmatch(place):
        return named[2] or f"{named[1][:8]}…{PurePath(named[1]).suffix}"
    return PurePath(place).name or place


def with_visitor_names(values: Mapping[str, Any], places: Iterable[str]) -> dict[str, Any]:
    """Replace what a reader calls an upload, its content's digest, by the name that it was sent under."""
    names = {short_name(Path(named[1])): place_name(place) for place in places if (named := _UPLOAD.fullmatch(place))}
    return {field: names.get(value, value) if isinstance(value, str) else value for field, value in values.items()}


@contextmanager
def own_files_in_errors(places: Collection[str]) -> Iterator[None]:
    """Have every `UserError` that is raised within call uploads by the names that they were sent under.

    A file that is gone is one, too: it may be removed while it is read.
    """
    try:
        yield
    except UserError as error:
        raise type(error)(error.message, **with_visitor_names(error.values, places)) from None
    except FileNotFoundError:
        for place in places:
            resolve_place(place)
        raise UserError(NOT_READ, place=", ".join(map(place_name, places))) from None


def check_all_allowed(places: Iterable[str], localhost_only: bool) -> None:
    """Raise `UserError` unless a visitor may use every one of ``places``.

    An upload, and what lies below the settings' shared folder once links are followed, always; any path only while
    the app listens on this machine alone. It does not say whether a forbidden path exists.
    """
    shared = settings().shared_dir
    for place in places:
        if localhost_only or _UPLOAD.fullmatch(place):
            continue
        path = _path(place)
        if path is None or not path.is_relative_to(shared.resolve()):
            raise UserError(
                "“{place}” is outside the folder {folder} that this server shares; choose a place inside it, or upload "
                "a file.",
                place=place,
                folder=str(shared),
            )


def has_upload(file: str) -> bool:
    """Tell whether the upload of this file name is there. Raises `UserError` where that cannot be known."""
    with _storage_errors():
        return _places().has(_checked(file))


def delete_upload(file: str) -> None:
    """Delete the upload of this file name, if it is there. Raises `UserError` where that cannot be done."""
    with _storage_errors():
        _places().delete(_checked(file))


def delete_unused(days: float) -> list[str]:
    """Delete the uploads that nobody has used for ``days``; return their files' names."""
    with _storage_errors():
        return _places().delete_unused(days)


def _checked(file: str) -> str:
    if not UPLOAD_NAME.fullmatch(file):
        raise UserError("“{name}” is not the name of an upload.", name=file)
    return file


@contextmanager
def _storage_errors() -> Iterator[None]:
    """Raise `UserError` where the storage that servers share is away."""
    try:
        yield
    except StorageError as error:
        raise UserError(str(error)) from error


def _places() -> UploadPlaces:
    storage, limits = shared_storage(), settings()
    copies_bytes = max(limits.storage_cache_megabytes, limits.upload_megabytes) * 2**20
    return _shared(storage, limits.data_dir, copies_bytes) if storage else UploadPlaces(ObjectStorage(limits.data_dir))


@functools.cache
def _shared(storage: ObjectStorage, data: Path, copies_bytes: int) -> UploadPlaces:
    return UploadPlaces(storage, data / "upload_copies", copies_bytes, data / "uploads")


def _path(place: str) -> Path | None:
    """Follow the links of a path; None where there cannot be one (a NUL byte, a loop of links, no such user)."""
    try:
        return Path(place).expanduser().resolve()
    except (ValueError, RuntimeError, OSError):
        return None
