"""Restore a back-up, into whatever database and folder the settings name: whole or not at all, and trusting nothing.

An archive may have been damaged, or unpacked by somebody else: each of its names is one that
`da_core.jobs.backups.backup` writes, no file is larger than it says, an upload has the content that it is named for,
and rows go through parameters.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import zipfile
import zlib
from contextlib import ExitStack
from pathlib import Path
from typing import NoReturn

from pydantic import BaseModel, ConfigDict, ValidationError
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from da_core.data.readers.upload_places import UploadPlaces
from da_core.errors import UserError
from da_core.jobs.backups import portable_tables
from da_core.jobs.backups.backup import FORMAT, MANIFEST, RUN_FILE, TABLE, UPLOAD, BackupContents
from da_core.jobs.database import migrations
from da_core.jobs.database.database_engine import open_engine
from da_core.jobs.run_bucket import RunBucket
from da_core.object_storage import StorageError

_LONGEST_LINE = 64 * 2**20
_FOLDERS = ("runs", "uploads")


class BackupManifest(BaseModel):
    """``backup.json``."""

    model_config = ConfigDict(extra="forbid")

    format: int
    revision: str
    runs: list[str]


def restore_backup(
    file: Path,
    data_dir: Path,
    database: str,
    *,
    replace: bool = False,
    bucket: RunBucket | None = None,
    shared_uploads: UploadPlaces | None = None,
) -> BackupContents:
    """Restore an archive; the tables of an older version are brought up to date. No server may run meanwhile.

    Where servers share runs in a ``bucket`` and uploads beside them, the next one that starts on this data folder
    brings them there.

    Raises `UserError`, and leaves everything as it was, where the archive cannot be used, where it is of a newer
    version, or where there are runs, uploads or rows already and ``replace`` does not say that they may go.
    """
    if not file.is_file():
        raise UserError("“{place}” does not exist; check the path.", place=file)
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        with (
            zipfile.ZipFile(file) as archive,
            tempfile.TemporaryDirectory(dir=data_dir, prefix=".restoring-") as unpacked,
        ):
            manifest = _checked(archive, data_dir)
            if not replace:
                _check_empty_folders(data_dir)
            there = bucket.run_ids() if bucket else set()
            uploads = set(shared_uploads.find()) if shared_uploads else set()
            if there | uploads and not replace:
                _not_empty("DA_LAB_STORAGE")
            contents = _unpack(archive, manifest, Path(unpacked))
            with ExitStack() as undo:
                with open_engine(database).begin() as connection:
                    migrations.wait_for_others(connection)
                    rows = _fill(connection, archive, manifest, replace)
                    for folder in _FOLDERS:
                        _swap(Path(unpacked) / folder, data_dir / folder, undo)
                undo.pop_all()
            if bucket:
                for run in there:
                    bucket.delete(run)
            if shared_uploads:
                for name in uploads:
                    shared_uploads.delete(name)
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise UserError("{path} is not a back-up, or it is damaged; use another.", path=file) from error
    except StorageError as error:
        raise UserError(str(error)) from error
    except OSError as error:
        raise UserError("{path} cannot be restored ({detail}).", path=file, detail=error.strerror) from error
    except SQLAlchemyError as error:
        raise UserError(
            "The database does not accept it: {detail}.", detail=getattr(error, "orig", None) or error
        ) from error
    return BackupContents(contents.runs, contents.uploads, rows)


def _checked(archive: zipfile.ZipFile, data_dir: Path) -> BackupManifest:
    """Check all that is known before anything is unpacked, and read the manifest."""
    entries = archive.infolist()
    names = [entry.filename for entry in entries]
    for entry in entries:
        known = entry.filename == MANIFEST or any(
            pattern.fullmatch(entry.filename) for pattern in (TABLE, RUN_FILE, UPLOAD)
        )
        plain = entry.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) and not entry.flag_bits & 1
        if not (known and plain):
            _refuse(f"it has an entry “{entry.filename[:80]}”")
    if len(set(names)) != len(names) or MANIFEST not in names:
        _refuse("its list of entries is not one that this program writes")
    needed = sum(entry.file_size for entry in entries)
    if needed > shutil.disk_usage(data_dir).free:
        raise UserError("This back-up takes {size} MB, more than the disk has free.", size=needed // 2**20)
    try:
        manifest = BackupManifest.model_validate_json(_read(archive, MANIFEST))
    except ValidationError as error:
        raise UserError(
            "This file is not a back-up that can be used: {detail}.", detail=f"{MANIFEST} is damaged"
        ) from error
    if manifest.format > FORMAT or not migrations.is_known(manifest.revision):
        raise UserError("This back-up was made by a newer version of this program; install that version to restore it.")
    if strange := {match[1] for name in names if (match := TABLE.fullmatch(name))} - migrations.table_names(
        manifest.revision
    ):
        _refuse(f"it has a table {min(strange)}")
    return manifest


def _refuse(detail: str) -> NoReturn:
    raise UserError("This file is not a back-up that can be used: {detail}.", detail=detail)


def _read(archive: zipfile.ZipFile, name: str) -> bytes:
    if archive.getinfo(name).file_size > _LONGEST_LINE:
        _refuse(f"{name} is too long")
    return archive.read(name)


def _check_empty_folders(data_dir: Path) -> None:
    for folder in _FOLDERS:
        if (data_dir / folder).is_dir() and any((data_dir / folder).iterdir()):
            _not_empty(data_dir / folder)


def _not_empty(place: object) -> NoReturn:
    raise UserError(
        "{place} is not empty; restore into an empty place, or use --replace to replace its content.",
        place=place,
    )


def _unpack(archive: zipfile.ZipFile, manifest: BackupManifest, unpacked: Path) -> BackupContents:
    """Unpack the whole runs and the uploads, side by side with those that are there."""
    whole, runs, uploads = set(manifest.runs), set(), 0
    for folder in _FOLDERS:
        (unpacked / folder).mkdir()
    for name in archive.namelist():
        if (match := RUN_FILE.fullmatch(name)) and match[1] in whole:
            runs.add(match[1])
            (unpacked / "runs" / match[1]).mkdir(exist_ok=True)
            _extract(archive, name, unpacked)
        elif match := UPLOAD.fullmatch(name):
            if _extract(archive, name, unpacked) != match[2]:
                _refuse(f"{name[:20]}… is not the file that it is named for")
            uploads += 1
    if lost := whole - runs:
        _refuse(f"run {min(lost)} is missing")
    return BackupContents(len(runs), uploads, 0)


def _extract(archive: zipfile.ZipFile, name: str, folder: Path) -> str:
    """Extract a file; return the digest of what is in it."""
    digest = hashlib.sha256()
    with archive.open(name) as member, (folder / name).open("xb") as file:
        while block := member.read(2**20):
            digest.update(block)
            file.write(block)
    return digest.hexdigest()


def _fill(connection: Connection, archive: zipfile.ZipFile, manifest: BackupManifest, replace: bool) -> int:
    """Make the tables of the archive's revision, insert its rows, and upgrade them; return how many rows."""
    there = portable_tables.tables(connection, migrations.NEWEST)
    if not replace and (full := [table for table in there if not portable_tables.is_empty(connection, table)]):
        _not_empty(f"the table {full[0].name}")
    for table in reversed(there):
        table.drop(connection)
    migrations.forget_revision(connection)
    migrations.upgrade_within(connection, manifest.revision)
    rows = 0
    for table in portable_tables.tables(connection, manifest.revision):
        if (name := f"tables/{table.name}.jsonl") in archive.namelist():
            with archive.open(name) as member:
                # of a longer line only a part is read, which is no JSON
                rows += portable_tables.insert(connection, table, iter(lambda: member.readline(_LONGEST_LINE), b""))
    migrations.upgrade_within(connection)
    return rows


def _swap(new: Path, folder: Path, undo: ExitStack) -> None:
    """Put a folder in the place of another, which goes where the new one lies; ``undo`` takes that back."""
    for source, destination in ((folder, new.with_name(f"{new.name}-before")), (new, folder)):
        if source.exists():
            os.replace(source, destination)
            undo.callback(os.replace, destination, source)
