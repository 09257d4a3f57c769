"""The places of a user's own files: a path on this machine, or an upload, kept under its content's digest."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import re
import shutil
import tempfile
import time
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import Any, BinaryIO, cast

from da_core.data.readers.archive import EMPTY, short_name
from da_core.errors import UserError, full_disk_told
from da_core.server_metrics import UPLOADED
from da_core.settings import settings

_ENDING = re.compile(r"[a-z0-9]{1,8}")
_LONGEST_NAME = 60
_UPLOAD = re.compile(rf"upload:([0-9a-f]{{64}}\.{_ENDING.pattern})(?:/([^/]{{1,{_LONGEST_NAME}}}))?")


@full_disk_told()
def keep_upload(name: str, data: bytes | BinaryIO) -> str:
    """Store an upload and return its place, “upload:<sha256>.<ending>/<name>”: the same content is kept once.

    ``name`` is the visitor's file name; the file's own has only its ending, the place says it for `place_name`. When
    all uploads together take more than the settings' ``uploads_megabytes``, those longest unused go. Whether it can be
    used is for its reader to say. Raises `UserError` for an empty file or one above the settings' limit.
    """
    ending = name.lower().rpartition(".")[2] if "." in name else ""
    ending = ending if _ENDING.fullmatch(ending) else "bin"
    most = settings().upload_megabytes * 2**20
    folder = _uploads()
    folder.mkdir(parents=True, exist_ok=True)
    stream = io.BytesIO(data) if isinstance(data, bytes) else data
    stream.seek(0)  # someone may have looked at it before
    digest = hashlib.sha256()
    size = 0
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".", delete=False) as kept:
        try:
            while block := stream.read(2**20):
                size += len(block)
                if size > most:
                    raise UserError(
                        "“{name}” is larger than {most} MB; upload a smaller file.",
                        name=name,
                        most=settings().upload_megabytes,
                    )
                digest.update(block)
                kept.write(block)
            if size == 0:
                raise UserError(EMPTY, place=name)
            kept.close()
            file = f"{digest.hexdigest()}.{ending}"
            os.replace(kept.name, folder / file)
            UPLOADED.inc(size)
        except BaseException:
            Path(kept.name).unlink(missing_ok=True)
            raise
    keep_below(folder, max(settings().uploads_megabytes * 2**20, most))
    plain = "".join(sign for sign in name.rpartition("/")[2] if sign.isprintable())
    return f"upload:{file}/{plain[-_LONGEST_NAME:]}"


@full_disk_told()
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
        path = _uploads() / named[1] if named else None
        if path is None or not path.is_file():
            raise UserError(
                "“{name}” is no longer on this server: its sender has removed it, or nobody had used it for {days} "
                "days; upload it again.",
                name=place_name(place),
                days=f"{settings().upload_days:g}",
            )
        mark_used(path)
        return path
    path = _path(place)
    if path is None or not os.path.exists(path):  # Path.exists would raise where a folder is closed to us
        raise UserError("There is nothing at “{place}”; check the path.", place=place)
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
def visitor_names_in_errors(places: Iterable[str]) -> Iterator[None]:
    """Have every `UserError` that is raised within call uploads by the names that they were sent under."""
    try:
        yield
    except UserError as error:
        raise type(error)(error.message, **with_visitor_names(error.values, places)) from None


def check_allowed(place: str, localhost_only: bool) -> None:
    """Raise `UserError` unless a visitor may use ``place``.

    An upload, and what lies below the settings' shared folder once links are followed, always; any path only while
    the app listens on this machine alone. It does not say whether a forbidden path exists.
    """
    if localhost_only or _UPLOAD.fullmatch(place):
        return
    path = _path(place)
    shared = settings().shared_dir
    if path is None or not path.is_relative_to(shared.resolve()):
        raise UserError(
            "“{place}” is outside of the folder {folder} that this server shares; choose one inside it, "
            "or upload a file.",
            place=place,
            folder=str(shared),
        )


def check_all_allowed(places: Iterable[str], localhost_only: bool) -> None:
    """Raise `UserError` unless a visitor may use every one of ``places``; see `check_allowed`."""
    for place in places:
        check_allowed(place, localhost_only)


def upload_path(file: str) -> Path:
    """Return where the upload of this file name lies, if it is there. Raises `UserError` for what is no such name."""
    if "/" in file or not _UPLOAD.fullmatch(f"upload:{file}"):
        raise UserError("“{name}” is not the name of an upload.", name=file)
    return _uploads() / file


def delete_unused(days: float) -> list[str]:
    """Delete the uploads that nobody has used for so many days; return their files' names."""
    before, gone = time.time() - days * 24 * 3600, []
    for path in _uploads().glob("*") if _uploads().is_dir() else ():
        with contextlib.suppress(FileNotFoundError):  # another process tidied up as well
            status = path.stat()
            if max(status.st_atime, status.st_mtime) < before:
                path.unlink()
                gone.append(path.name)
    return gone


def mark_used(path: Path) -> None:
    """Note that a file is in use, so that `keep_below` lets it go among the last. Its time of change stays."""
    os.utime(path, ns=(time.time_ns(), path.stat().st_mtime_ns))


def keep_below(folder: Path, most: int) -> None:
    """Delete the files of ``folder`` that were longest unused until the rest takes at most ``most`` bytes."""
    found = []
    for path in folder.iterdir():
        try:
            status = path.stat()
        except FileNotFoundError:  # another process tidied up as well
            continue
        found.append((status.st_atime_ns, status.st_size, path))
    total = sum(size for _, size, _ in found)
    for _, size, path in sorted(found):
        if total <= most:
            break
        path.unlink(missing_ok=True)
        total -= size


def _uploads() -> Path:
    return settings().data_dir / "uploads"


def _path(place: str) -> Path | None:
    """The path with links followed; None where there cannot be one (a NUL byte, a loop of links, no such user)."""
    try:
        return Path(place).expanduser().resolve()
    except (ValueError, RuntimeError, OSError):
        return None
