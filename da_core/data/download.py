"""Download the files of known sets once to ``DATA_DIR/downloads``, and resume what broke off.

`fetch` is a generator like a run: iterate it in a thread to download in the background, close it to stop. What has come
so far stays beside the file as ``.part`` and is where the next attempt goes on.
"""

from __future__ import annotations

import hashlib
import http.client
import logging
import os
import threading
import urllib.error
import urllib.request
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from da_core.errors import UserError
from da_core.settings import settings

_BLOCK = 2**16
_TIMEOUT = 20.0
"""Seconds without a byte after which a connection counts as broken."""
_WATCH = 0.5
"""Seconds between two looks at what another thread downloads."""
_ATTEMPTS = 4
"""How often each address is asked, in turn: each time for the rest of what has come."""
_SLACK = 1.1
"""Nothing is read beyond this multiple of the stated size."""

_log = logging.getLogger(__name__)
_locks: dict[str, threading.Lock] = {}
"""By path, so that a file is downloaded once at a time."""


@dataclass(frozen=True)
class Remote:
    """One file of the set ``of`` (its title): where it can be had, its authors' MD5 or SHA-256, its bytes."""

    of: str
    folder: str
    name: str
    urls: tuple[str, ...]
    digest: str
    size: int

    @property
    def path(self) -> Path:
        """Return where it belongs; the file may also be put there by hand."""
        return settings().data_dir / "downloads" / self.folder / self.name

    def read(self) -> bytes:
        """Read its bytes. Raises `MissingError` where it is not here."""
        try:
            return self.path.read_bytes()
        except FileNotFoundError:
            raise MissingError([self]) from None


class MissingError(UserError):
    """Files that have to be downloaded, or put in their place, before a pair can be made."""

    def __init__(self, remotes: Sequence[Remote]) -> None:
        self.remotes = tuple(remotes)
        super().__init__(
            "{set} is not on this machine yet; download it on the Data screen, or put {files} into {folder}.",
            set=self.remotes[0].of,
            files=", ".join(remote.name for remote in self.remotes),
            folder=str(self.remotes[0].path.parent),
        )

    def __reduce__(self) -> tuple[object, ...]:
        return (MissingError, (self.remotes,))


def damaged(remotes: Sequence[Remote]) -> UserError:
    """Return the error for files that are there and cannot be read."""
    return UserError(
        "{files} in {folder} cannot be read; delete the folder and download it again.",
        files=", ".join(remote.name for remote in remotes),
        folder=str(remotes[0].path.parent),
    )


def missing(remotes: Sequence[Remote]) -> list[Remote]:
    """List those that are not on this machine."""
    return [remote for remote in remotes if not remote.path.is_file()]


def fetch(remotes: Sequence[Remote]) -> Generator[float, None, None]:
    """Download what is missing, yielding the share of its bytes that has come. Raises `UserError`."""
    lacking = missing(remotes)
    total, done = sum(remote.size for remote in lacking), 0
    for remote in lacking:
        for here in _download_once(remote):
            yield min((done + here) / total, 1.0)
        done += remote.size


def _download_once(remote: Remote) -> Iterator[int]:
    """Download one file, or watch another thread do it."""
    lock = _locks.setdefault(str(remote.path), threading.Lock())
    while not lock.acquire(timeout=_WATCH):
        yield _size(_part(remote))
    try:
        if not remote.path.is_file():
            yield from _download(remote)
    finally:
        lock.release()


def _download(remote: Remote) -> Iterator[int]:
    """Download one file from the first address that has it, yielding the bytes that are here."""
    if not settings().downloads:
        raise MissingError([remote])
    part = _part(remote)
    problem = ""
    for url in remote.urls * _ATTEMPTS:
        try:
            part.parent.mkdir(parents=True, exist_ok=True)
            yield from _append(url, part, round(_SLACK * remote.size))
            if _digest(part, remote.digest) == remote.digest:
                os.replace(part, remote.path)
                return
            part.unlink()
            problem = "checksum"
            _log.info("%s is not the file that its authors describe", url)
        except (OSError, http.client.HTTPException) as error:
            _log.info("%s: %r", url, error)
            problem = str(getattr(error, "reason", error)) or type(error).__name__
    if problem == "checksum":
        raise UserError(
            "{set} could not be downloaded: the file received as {file} is not the one its authors describe. Put the "
            "right one into {folder}.",
            set=remote.of,
            file=remote.name,
            folder=str(remote.path.parent),
        )
    raise UserError(
        "{set} could not be downloaded ({detail}). Try again later, or put {files} into {folder} yourself.",
        set=remote.of,
        detail=problem,
        files=remote.name,
        folder=str(remote.path.parent),
    )


def _append(url: str, part: Path, most: int) -> Iterator[int]:
    """Request the rest of ``part``, or all of it where there is no beginning or the server cannot resume."""
    here = _size(part)
    headers = {"User-Agent": "da-lab", "Accept-Encoding": "identity"} | ({"Range": f"bytes={here}-"} if here else {})
    request = urllib.request.Request(url, headers=headers)
    try:
        answer = urllib.request.urlopen(request, timeout=_TIMEOUT)
    except urllib.error.HTTPError as error:
        if error.code == 416:  # there is no rest
            return
        raise
    with closing(answer):
        resumes = answer.status == 206 and answer.headers.get("Content-Range", "").startswith(f"bytes {here}-")
        here = here if resumes else 0
        length = answer.headers.get("Content-Length")
        expected = here + int(length) if length else 0
        with part.open("ab" if resumes else "wb") as file:
            while block := answer.read1(_BLOCK):
                here += len(block)
                if here > most:
                    raise OSError("longer than it should be")
                file.write(block)
                yield here
    if here < expected:  # http.client reports only some broken connections
        raise http.client.IncompleteRead(b"", expected - here)


def _part(remote: Remote) -> Path:
    return remote.path.with_name(remote.name + ".part")


def _size(file: Path) -> int:
    return file.stat().st_size if file.is_file() else 0


def _digest(file: Path, like: str) -> str:
    """Compute the file's digest of the kind that ``like`` is, which its length gives away."""
    kind = "md5" if len(like) == 32 else "sha256"
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.new(kind, usedforsecurity=False)).hexdigest()
