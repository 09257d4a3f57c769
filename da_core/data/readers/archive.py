"""List and read a user's folders and zips without trusting them. Nothing is ever unpacked to disk.

A zip is refused as a whole when it looks like an attack (names that point out of it, far more bytes unpacked than
packed) or cannot be opened (a password). Hidden files and what archivers add of their own are ignored.
"""

from __future__ import annotations

import io
import logging
import os
import re
import stat
import unicodedata
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from da_core.data.readers.text_encoding import looks_chinese
from da_core.errors import UserError, shorten
from da_core.settings import settings

_SAYS_UTF_8 = 0x800
_LARGEST_FILE = 200 * 2**20  # bytes of one picture file in memory
_LARGEST_RATIO = 200  # unpacked to packed, of an archive that unpacks to more than…
_HARMLESS = 50 * 2**20  # … so many bytes; deflate alone can reach 1032
_MOST_DEPTH = 50  # folders inside each other
_OUTSIDE = re.compile(r"^/|^[A-Za-z]:|\\|(^|/)\.\.(/|$)")
_ZIP = b"PK"
_NOISE = {"__MACOSX", "Thumbs.db", "desktop.ini"}

_log = logging.getLogger(__name__)


class UnusableError(Exception):
    """One file cannot be used. ``reason`` is the template of a notice with ``place``, ``count`` and ``names``."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class SingleDomainError(UserError):
    """A place that should hold both domains holds one: nothing is wrong with it, but the target is still to come."""


NOT_READ = (
    "“{place}” cannot be read here, or it is damaged. Bring pictures (JPEG, PNG, WebP, BMP, GIF, TIFF) or sounds (WAV, "
    "FLAC, Ogg, MP3) in a folder or zip, a table (CSV, TSV, Excel’s xlsx, Parquet), or arrays (npz, mat, svmlight)."
)
EMPTY = "“{place}” is empty; choose another file."
UNREADABLE = "{count} files in “{place}” were left out because they are not readable pictures: {names}."
TOO_LARGE = "{count} files in “{place}” were left out because the server does not open pictures of this size: {names}."
A_LINK = "{count} files in “{place}” were left out because they are links to other files: {names}."


@dataclass(frozen=True)
class File:
    """A file: the names of its folders and its own, and how to get its bytes (raises `UnusableError`)."""

    parts: tuple[str, ...]
    read: Callable[[], bytes]


@dataclass(frozen=True)
class Listing:
    """Files, sorted by name, and every folder, also those without files."""

    place: str
    files: list[File]
    folders: set[tuple[str, ...]]


def short_name(place: Path) -> str:
    """Name a place for a sentence; an upload's long name is cut."""
    name = place.name or str(place)
    return name if len(name) <= 40 else f"{name[:8]}…{place.suffix}"


def short_list(names: list[str]) -> str:
    """Join the first few names for a sentence."""
    return ", ".join(map(shorten, names[:5])) + (" …" if len(names) > 5 else "")


def read_head(place: Path, count: int = 4) -> bytes:
    """Read the first bytes of a file. Raises `UserError` where it cannot be opened or is empty."""
    with _stream(place) as stream:
        head = stream.read(count)
    if not head:
        raise UserError(EMPTY, place=short_name(place))
    return head


@contextmanager
def readable(place: Path, problem: str = NOT_READ, **values: object) -> Iterator[None]:
    """Turn whatever goes wrong while a file is read into one sentence, but for want of memory."""
    try:
        yield
    except (MemoryError, UserError):
        raise
    except Exception as error:  # damaged files make the libraries that read them raise errors of many kinds
        _log.info("%s: %r", place, error)
        raise UserError(problem, place=short_name(place), **values) from None


@contextmanager
def open_listing(place: Path) -> Iterator[Listing]:
    """List a folder, a zip or a single file, readable within the context. Raises `UserError` for an unusable one."""
    if place.is_dir():
        yield _list_folder(place)
    elif not read_head(place).startswith(_ZIP):
        yield Listing(short_name(place), [File((place.name,), partial(_read_file, place))], set())
    else:
        with open_archive(place) as archive:
            yield _list_zip(archive, place)


def file_stamps(place: Path) -> Iterator[tuple[str, int, int]]:
    """Yield path, time of change in ns and size of each file of a place: they differ when the place's content does."""
    entries = [place] if place.is_file() else [Path(entry) for entry in _walk(place) if entry.is_file()]
    for entry in entries:
        status = entry.stat()
        yield str(entry), status.st_mtime_ns, status.st_size


def _walk(folder: Path) -> list[os.DirEntry[str]]:
    """List every entry below ``folder``, but for hidden ones; links are not followed."""
    below: list[os.DirEntry[str]] = []
    waiting = [str(folder)]
    try:
        while waiting:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    if _is_noise(entry.name):
                        continue
                    below.append(entry)
                    if entry.is_dir(follow_symlinks=False):
                        _check_depth(os.path.relpath(entry.path, folder), folder)
                        waiting.append(entry.path)
                    if len(below) > settings().archive_files:
                        raise _too_many(folder)
    except OSError as error:
        raise _closed(folder, error) from None
    return sorted(below, key=lambda entry: entry.path)


def _list_folder(folder: Path) -> Listing:
    files, folders = [], set()
    for entry in _walk(folder):
        parts = _parts(Path(entry.path).relative_to(folder).as_posix())
        if entry.is_dir(follow_symlinks=False):
            folders.add(parts)
        else:
            files.append(File(parts, partial(_read_file, entry)))
    return Listing(short_name(folder), files, folders)


def _read_file(entry: os.DirEntry[str] | Path) -> bytes:
    if entry.is_symlink():
        raise UnusableError(A_LINK)
    if not entry.is_file():  # a pipe would keep us waiting
        raise UnusableError(UNREADABLE)
    try:
        if entry.stat().st_size > _LARGEST_FILE:
            raise UnusableError(TOO_LARGE)
        return Path(entry).read_bytes()
    except OSError as error:
        _log.info("%s: %s", entry, error)
        raise UnusableError(UNREADABLE) from None


@contextmanager
def open_archive(place: Path) -> Iterator[zipfile.ZipFile]:
    """Open a zip (or npz). Raises `UserError` unless its members' names, number and sizes are within bounds."""
    with _stream(place) as stream:
        _check_count(stream, place)
        with readable(place):
            archive = _open_zip(stream)
        with archive:
            _check_members(archive, place)
            yield archive


def _stream(place: Path) -> BinaryIO:
    try:
        return place.open("rb") if place.is_file() else io.BytesIO()
    except OSError as error:
        raise _closed(place, error) from None


def _check_count(stream: BinaryIO, place: Path) -> None:
    """Count the members before zipfile makes an object of each: a small file can list millions."""
    count, tail = 0, b""
    while block := stream.read(2**20):
        count += (tail + block).count(b"PK\x01\x02")
        tail = block[-3:]
        if count > settings().archive_files:
            raise _too_many(place)


def _check_members(archive: zipfile.ZipFile, place: Path) -> None:
    unpacked = packed = 0
    for member in archive.infolist():
        _check_depth(member.filename, place)
        if _OUTSIDE.search(member.filename):
            raise UserError(
                "“{place}” has a file “{name}”, which points out of the archive; zip it again with plain names.",
                place=short_name(place),
                name=shorten(member.filename),
            )
        if member.flag_bits & 0x1:
            raise UserError("“{place}” is locked with a password; zip it again without one.", place=short_name(place))
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise UserError(
                "“{place}” is compressed in a way that is not read here; zip it again with the usual compression, "
                "deflate.",
                place=short_name(place),
            )
        unpacked += member.file_size
        packed += member.compress_size
    if unpacked > settings().archive_megabytes * 2**20:
        raise unpacks_to_more(place, settings().archive_megabytes * 2**20)
    if unpacked > max(_HARMLESS, _LARGEST_RATIO * packed):
        raise UserError(
            "“{place}” would unpack to {ratio} times its size, which no set of pictures does; please zip it again.",
            place=short_name(place),
            ratio=unpacked // max(packed, 1),
        )


def _list_zip(archive: zipfile.ZipFile, place: Path) -> Listing:
    files: list[File] = []
    folders: set[tuple[str, ...]] = set()
    for member in archive.infolist():
        parts = _parts(member.filename)
        if not parts or any(map(_is_noise, parts)):
            continue
        folders.update(parts[:depth] for depth in range(1, len(parts)))
        if member.is_dir():
            folders.add(parts)
        else:
            files.append(File(parts, partial(_read_member, archive, member)))
    return Listing(short_name(place), sorted(files, key=lambda file: file.parts), folders)


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    if stat.S_ISLNK(member.external_attr >> 16):
        raise UnusableError(A_LINK)
    if member.file_size > _LARGEST_FILE:
        raise UnusableError(TOO_LARGE)
    try:
        return archive.read(member)
    except Exception as error:  # damaged data makes zipfile and zlib raise errors of many kinds
        _log.info("%s in %s: %r", member.filename, archive.filename, error)
        raise UnusableError(UNREADABLE) from None


def _open_zip(stream: BinaryIO) -> zipfile.ZipFile:
    """Open a zip; names of members may be in UTF-8 or GBK without saying so, where zipfile assumes code page 437."""
    archive = zipfile.ZipFile(stream)
    unsaid = [member.filename for member in archive.infolist() if not member.flag_bits & _SAYS_UTF_8]
    raw = "/".join(unsaid).encode("cp437", errors="ignore")
    if raw.isascii():
        return archive
    with suppress(UnicodeError):
        return zipfile.ZipFile(stream, metadata_encoding="utf-8")
    with suppress(UnicodeError):
        return zipfile.ZipFile(stream, metadata_encoding="gb18030" if looks_chinese(raw) else "cp437")
    return archive


def _parts(path: str) -> tuple[str, ...]:
    """Split a path into its names; an accented letter is one character, however the file system wrote it."""
    return tuple(part for part in unicodedata.normalize("NFC", path).split("/") if part not in ("", "."))


def _is_noise(name: str) -> bool:
    return name.startswith(".") or name in _NOISE


def _check_depth(path: str, place: Path) -> None:
    """Refuse a path with very many folders inside each other: each of them costs memory for every file below it."""
    if path.count("/") > _MOST_DEPTH:
        raise UserError(
            "“{place}” has folders more than {most} levels deep; bring the folder that holds the classes.",
            place=short_name(place),
            most=_MOST_DEPTH,
        )


def unpacks_to_more(place: Path, most: int) -> UserError:
    """Return the error for a file that would take more than ``most`` bytes unpacked."""
    return UserError(
        "“{place}” would unpack to more than {most} MB; bring fewer or smaller files.",
        place=short_name(place),
        most=most // 2**20,
    )


def _closed(place: Path, error: OSError) -> UserError:
    _log.info("%s: %s", place, error)
    return UserError("“{place}” cannot be opened; give the server permission to read it.", place=short_name(place))


def _too_many(place: Path) -> UserError:
    return UserError(
        "“{place}” holds more than {most} files; bring fewer.", place=short_name(place), most=settings().archive_files
    )
