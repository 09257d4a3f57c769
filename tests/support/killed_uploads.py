"""Uploads whose server is killed while it takes them, and what must be left of all uploads."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from unittest import mock

from da_core import object_storage
from da_core.data.readers import upload_places
from da_core.data.readers.uploads import keep_upload, resolve_place
from da_core.errors import UserError
from da_core.jobs.store import store
from da_core.jobs.upload_list import UploadList, upload_list
from da_core.object_storage import ObjectStorage, shared_storage
from da_core.settings import settings
from tests.support.killed_server import OWNER, serving, set_up
from tests.support.step_reports import StepReports

IN_LIST = "in the list"
"""The report once an upload is whole, stored and listed."""


class ReportedStream(io.BytesIO):
    """A file that a visitor sends: each block that is read is a step."""

    def __init__(self, content: bytes, reports: StepReports) -> None:
        super().__init__(content)
        self._step_reports = reports

    def read(self, size: int | None = -1, /) -> bytes:
        self._step_reports.step("read")
        return super().read(size)


def bring(
    folder: Path, environment: Mapping[str, str], name: str, content: bytes, last: int | None, reports: Connection
) -> None:
    """Take an upload as the app does, and report each step."""
    set_up(folder, **environment)
    report = StepReports(reports, last)
    report.calls(ObjectStorage, "write_file", lambda *_: "store the object")
    report.calls(ObjectStorage, "write", lambda *_: "store the mark")
    report.calls(os, "replace", lambda _old, new: "rename" if "upload" in str(new) else None)
    report.calls(UploadList, "_enter", lambda *_: "list")
    stream = ReportedStream(content, report)
    upload_list().keep(OWNER, name, len(content), lambda: keep_upload(name, stream))
    report.step(IN_LIST)


def bring_and_kill(
    folder: Path,
    environment: Mapping[str, str],
    name: str,
    content: bytes,
    at: int | None = None,
    *,
    stays: bool = True,
) -> list[str]:
    """Kill a server at a step of an upload, at which it stays or goes on meanwhile; return the steps that it took."""
    steps: list[str] = []
    with serving(bring, folder, environment, name, content, at if stays else None) as (process, reports):
        for step in reports:
            steps.append(step)
            if len(steps) == at:
                process.kill()
                break
        process.join()
    return steps


@contextmanager
def next_server(folder: Path, environment: Mapping[str, str]) -> Iterator[None]:
    """Have this process be the next server on these uploads: one that leaves the storage alone for no moment."""
    cached = (settings, shared_storage, store, upload_list)
    with (
        mock.patch.dict(os.environ, {**environment, "DA_LAB_DATA_DIR": str(folder)}),
        mock.patch.object(object_storage, "_REST_SECONDS", 0.0),
        mock.patch.object(upload_places, "_THERE_SECONDS", 0.0),
    ):
        for each in cached:
            each.cache_clear()
        yield
    for each in cached:
        each.cache_clear()


def keep(name: str, content: bytes) -> None:
    """Take an upload as the app does, in this process."""
    upload_list().keep(OWNER, name, len(content), lambda: keep_upload(name, content))


def place_of(name: str, content: bytes) -> str:
    """Return the place of an upload once it is whole."""
    return f"upload:{hashlib.sha256(content).hexdigest()}.{name.rpartition('.')[2]}/{name}"


def check_left(whole: Mapping[str, bytes], killed: Mapping[str, bytes]) -> int:
    """Hold this process's uploads against what was brought, by name; return how many of the killed ones are whole.

    Raises AssertionError where one of the whole ones is not there and listed as it was sent, or where of a killed one
    anything else than all is listed or can be read.
    """
    listed = {upload.name: upload for upload in upload_list().listed(OWNER)}
    assert whole.keys() <= listed.keys() <= whole.keys() | killed.keys()
    for name, content in whole.items():
        assert resolve_place(place_of(name, content)).read_bytes() == content
        assert listed[name].size == len(content)
    readable = 0
    for name, content in killed.items():
        try:
            path = resolve_place(place_of(name, content))
        except UserError:
            assert name not in listed
            continue
        assert path.read_bytes() == content
        readable += 1
    return readable


def half_written(folder: Path) -> list[Path]:
    """List the temporary files of uploads in a data folder."""
    return [path for place in ("uploads", "upload_copies") for path in (folder / place).glob(".*")]


def make_old(path: Path) -> None:
    """Have a file be written before any that may still be written."""
    seconds = path.stat().st_mtime - upload_places._LEFT_OVER.total_seconds() - 1
    os.utime(path, (seconds, seconds))
