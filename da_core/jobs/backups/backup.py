"""Write a back-up: one archive of the database, the run folders and the uploads, while servers go on writing.

``backup.json`` says of which revision the tables are and which runs are whole, ``tables/<name>.jsonl`` has the rows,
``runs/<id>/…`` and ``uploads/…`` are the files as they lie in the data folder.
"""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
import zipfile
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from da_core.data.readers.upload_places import UPLOAD_NAME, UploadPlaces
from da_core.errors import UserError
from da_core.jobs.backups import portable_tables
from da_core.jobs.database import migrations
from da_core.jobs.database.database_engine import open_engine
from da_core.jobs.run_bucket import RunBucket
from da_core.jobs.store import RUN_ID
from da_core.object_storage import StorageError
from da_core.whole_files import finish, new_file

log = logging.getLogger(__name__)

FORMAT = 1
MANIFEST = "backup.json"
TABLE = re.compile(r"tables/([a-z_]{1,60})\.jsonl")
RUN_FILE = re.compile(rf"runs/({RUN_ID.pattern})/([a-z_]{{1,40}}\.[a-z]{{2,6}})")
UPLOAD = re.compile(rf"uploads/({UPLOAD_NAME.pattern})")


@dataclass(frozen=True)
class BackupContents:
    """The numbers of runs and uploads in an archive."""

    runs: int
    uploads: int
    rows: int


def write_backup(
    file: Path,
    data_dir: Path,
    database: str,
    bucket: RunBucket | None = None,
    shared_uploads: UploadPlaces | None = None,
) -> BackupContents:
    """Write an archive as ``file``, readable by its owner alone, whole or not at all.

    Runs and uploads that several servers share are those of ``bucket`` and ``shared_uploads``. The database is that of
    one moment. A run that is saved or deleted meanwhile is in the archive whole or not at all.
    Raises `UserError` where there is nothing to back up, or it cannot be read or written.
    """
    if not data_dir.is_dir():
        raise UserError("There is no data folder {folder} to back up; set DA_LAB_DATA_DIR.", folder=data_dir)
    try:
        with new_file(file.absolute().parent) as new:
            with zipfile.ZipFile(new, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
                contents = _fill(archive, data_dir, database, bucket, shared_uploads)
            os.replace(finish(new), file)
    except StorageError as error:
        raise UserError(str(error)) from error
    except OSError as error:
        raise UserError("{path} cannot be written ({detail}).", path=file, detail=error.strerror) from error
    except SQLAlchemyError as error:
        raise UserError(
            "The database cannot be read: {detail}.", detail=getattr(error, "orig", None) or error
        ) from error
    return contents


def _fill(
    archive: zipfile.ZipFile,
    data_dir: Path,
    database: str,
    bucket: RunBucket | None,
    shared_uploads: UploadPlaces | None,
) -> BackupContents:
    there_before = set(_names(data_dir / "runs")) | (bucket.run_ids() if bucket else set())
    with portable_tables.snapshot(database) as connection:
        revision = migrations.revision_of(connection)
        rows = 0
        listed: set[str] = set()
        for table in portable_tables.tables(connection, revision):
            with archive.open(f"tables/{table.name}.jsonl", "w", force_zip64=True) as member:
                for line in portable_tables.lines(connection, table):
                    member.write(line)
                    rows += 1
                    if table.name == "runs":
                        listed.add(json.loads(line)["run_id"])
    runs = [run for run in sorted(listed) if _add_run(archive, _folder(run, data_dir, bucket))]
    unlisted = there_before - listed
    if unlisted:  # each could not be listed or, if it is by now, was being listed just then
        with open_engine(database).connect() as connection:
            known = [table for table in portable_tables.tables(connection, revision) if table.name == "runs"]
            unlisted -= {run for table in known for run in connection.scalars(select(table.c.run_id))}
    runs += [run for run in sorted(unlisted) if _add_run(archive, _folder(run, data_dir, bucket))]
    here = set(_names(data_dir / "uploads"))
    uploads = sum(_add_upload(archive, name, data_dir / "uploads" / name) for name in sorted(here))
    if shared_uploads is not None:
        shared = sorted(shared_uploads.find().keys() - here)
        uploads += sum(_add_upload(archive, name, shared_uploads.path(name)) for name in shared)
    archive.writestr(MANIFEST, json.dumps({"format": FORMAT, "revision": revision, "runs": runs}))
    return BackupContents(len(runs), uploads, rows)


def _names(folder: Path) -> Iterable[str]:
    """List what is in a folder that may not be there."""
    return [path.name for path in folder.iterdir()] if folder.is_dir() else []


def _folder(run: str, data_dir: Path, bucket: RunBucket | None) -> Path:
    """Return where a run's files lie, brought from the bucket unless it waits on this disk; or where they would."""
    folder = data_dir / "runs" / run
    if folder.is_dir() or bucket is None or not RUN_ID.fullmatch(run):
        return folder
    try:
        return bucket.fetch(run) or folder
    except UserError:
        log.warning("run %s is damaged and is not in the back-up", run)
        return folder


def _add_run(archive: zipfile.ZipFile, folder: Path) -> bool:
    """Add a run's files; tell whether they are all of the run, which may be deleted meanwhile."""
    with ExitStack() as opened:  # all at once: what is open stays readable
        try:
            before = sorted(_names(folder))
            names = [name for name in before if RUN_FILE.fullmatch(f"runs/{folder.name}/{name}")]
            files = {name: opened.enter_context((folder / name).open("rb")) for name in names}
        except FileNotFoundError:
            return False
        for name, source in files.items():
            with archive.open(f"runs/{folder.name}/{name}", "w", force_zip64=True) as member:
                shutil.copyfileobj(source, member, 2**20)
    return "result.json" in files and sorted(_names(folder)) == before


def _add_upload(archive: zipfile.ZipFile, name: str, path: Path | None) -> bool:
    if path is None or not UPLOAD_NAME.fullmatch(name):
        return False
    try:
        source = path.open("rb")
    except FileNotFoundError:  # it made room for another
        return False
    with source, archive.open(f"uploads/{name}", "w", force_zip64=True) as member:
        shutil.copyfileobj(source, member, 2**20)
    return True
