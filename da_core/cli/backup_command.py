"""``backup`` and ``restore``: the database, the runs and the uploads of one server as a zip.

``runs.db`` is a copy of the SQLite database; ``runs/<id>/…`` and ``uploads/…`` are the files of the data folder.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import sqlite3
import tempfile
import zipfile
import zlib
from contextlib import ExitStack, closing, suppress
from pathlib import Path

from da_core.cli.options import Commands
from da_core.data.readers.upload_places import UPLOAD_NAME
from da_core.errors import UserError
from da_core.jobs.store import RUN_ID
from da_core.settings import settings
from da_core.whole_files import finish, new_file

DATABASE = "runs.db"
RUN_FILE = re.compile(rf"runs/{RUN_ID.pattern}/[a-z_]{{1,40}}\.[a-z]{{2,6}}")
UPLOAD = re.compile(rf"uploads/({UPLOAD_NAME.pattern})")


def add(commands: Commands) -> None:
    """Add both commands to the parser."""
    backup = commands.add_parser("backup", help="save a server's database, runs and uploads in one file")
    backup.add_argument("file", type=Path, metavar="FILE", help="the archive; an existing file is replaced")
    backup.set_defaults(do=back_up)
    command = commands.add_parser("restore", help="restore what “backup” wrote; stop the server first")
    command.add_argument("file", type=Path, metavar="FILE", help="the archive")
    command.add_argument("--replace", action="store_true", help="replace the existing database, runs and uploads")
    command.set_defaults(do=restore)


def back_up(options: argparse.Namespace) -> None:
    """Write the archive, whole or not at all and readable by its owner alone, while the server runs."""
    database, data = _database(), settings().data_dir
    if not database.is_file():
        raise UserError("There is no database {path} to back up; set DA_LAB_DATA_DIR.", path=database)
    try:
        parent = options.file.absolute().parent
        with new_file(parent) as new, tempfile.TemporaryDirectory(dir=parent) as folder:
            copy = Path(folder) / DATABASE
            with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(copy)) as target:
                source.backup(target)
            with zipfile.ZipFile(new, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
                archive.write(copy, DATABASE)
                for path in sorted([*data.glob("runs/*"), *data.glob("uploads/*")]):
                    _add(archive, path, data)
                names = archive.namelist()
            os.replace(finish(new), options.file)
    except (OSError, sqlite3.Error) as error:
        raise UserError("{path} cannot be written ({detail}).", path=options.file, detail=error) from error
    _print(options.file, names)


def restore(options: argparse.Namespace) -> None:
    """Restore the archive, whole or not at all; its database may be of an earlier version of the program."""
    from sqlalchemy.exc import SQLAlchemyError

    database, data = _database(), settings().data_dir
    journals = {f"{DATABASE}{suffix}": Path(f"{database}{suffix}") for suffix in ("-wal", "-shm")}
    places = {**journals, DATABASE: database, "runs": data / "runs", "uploads": data / "uploads"}
    for place in places.values():
        if not options.replace and (place.is_file() or (place.is_dir() and any(place.iterdir()))):
            raise UserError("{place} is not empty; use --replace to replace its content.", place=place)
    try:
        data.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(options.file) as archive, tempfile.TemporaryDirectory(dir=data) as folder:
            names = _checked_names(archive, shutil.disk_usage(data).free)
            new, before = Path(folder) / "new", Path(folder) / "before"
            for path in (new / "runs", new / "uploads", before):
                path.mkdir(parents=True)
            for name in names:
                _extract(archive, name, new)
            _upgrade(new / DATABASE)
            with ExitStack() as undo:
                for name, place in places.items():
                    _move(place, before / name, undo)
                    _move(new / name, place, undo)
                undo.pop_all()
    except (zipfile.BadZipFile, zlib.error, EOFError, sqlite3.Error, SQLAlchemyError) as error:
        raise UserError("{path} is no back-up or is damaged: {detail}.", path=options.file, detail=error) from error
    except OSError as error:
        raise UserError("{path} cannot be restored ({detail}).", path=options.file, detail=error.strerror) from error
    _print(data, names)


def _database() -> Path:
    """Return the file of the SQLite database."""
    from sqlalchemy.engine import make_url

    url = make_url(settings().database_url)
    if settings().storage or url.get_backend_name() != "sqlite" or not url.database:
        raise UserError(
            "“backup” and “restore” are for one server with an SQLite database; use pg_dump and pg_restore for "
            "PostgreSQL, and the copies or versions of the storage."
        )
    return Path(url.database)


def _add(archive: zipfile.ZipFile, path: Path, data: Path) -> None:
    """Add an upload or all files of a run, unless it is deleted meanwhile."""
    with suppress(FileNotFoundError):
        files = {file.relative_to(data).as_posix(): file for file in (path.iterdir() if path.is_dir() else [path])}
        known = sorted(name for name in files if RUN_FILE.fullmatch(name) or UPLOAD.fullmatch(name))
        for name, content in {name: files[name].read_bytes() for name in known}.items():
            archive.writestr(name, content)


def _checked_names(archive: zipfile.ZipFile, free: int) -> list[str]:
    """Return the names in an archive of which each is one that `back_up` writes. Raises `zipfile.BadZipFile`."""
    entries = archive.infolist()
    names = [entry.filename for entry in entries]
    if "backup.json" in names:
        raise UserError("This back-up was made by an earlier version of this program; restore it with that version.")
    for entry in entries:
        known = entry.filename == DATABASE or RUN_FILE.fullmatch(entry.filename) or UPLOAD.fullmatch(entry.filename)
        plain = entry.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) and not entry.flag_bits & 1
        if not (known and plain):
            raise zipfile.BadZipFile(f"it has an entry “{entry.filename[:80]}”")
    if DATABASE not in names or len(set(names)) != len(names):
        raise zipfile.BadZipFile("an entry is missing or there twice")
    if (needed := sum(entry.file_size for entry in entries)) > free:
        raise UserError("This back-up takes {size} MB, more than the disk has free.", size=needed // 2**20)
    return names


def _extract(archive: zipfile.ZipFile, name: str, folder: Path) -> None:
    """Extract a file; an upload must have the content that it is named for."""
    path, digest = folder / name, hashlib.sha256()
    path.parent.mkdir(exist_ok=True)
    with archive.open(name) as member, path.open("xb") as file:
        while block := member.read(2**20):
            digest.update(block)
            file.write(block)
    if (upload := UPLOAD.fullmatch(name)) and digest.hexdigest() != upload[2]:
        raise zipfile.BadZipFile(f"{name[:20]}… is not the file that it is named for")


def _upgrade(database: Path) -> None:
    """Upgrade the database of an archive. Raises an error of sqlite3 or SQLAlchemy where it is none of ours."""
    from da_core.jobs.database import migrations
    from da_core.jobs.database.database_engine import open_engine

    with closing(sqlite3.connect(database)) as connection:
        (state,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        code = connection.execute("SELECT name FROM sqlite_schema WHERE type IN ('trigger', 'view')").fetchone()
    if state != "ok" or code:
        raise sqlite3.DatabaseError("its database is damaged")
    engine = open_engine(f"sqlite:///{database.absolute()}")
    migrations.upgrade(engine)
    engine.dispose()


def _move(source: Path, destination: Path, undo: ExitStack) -> None:
    """Move what is there; ``undo`` takes that back."""
    if source.exists():
        shutil.move(source, destination)
        undo.callback(shutil.move, destination, source)


def _print(place: Path, names: list[str]) -> None:
    runs = {name.split("/")[1] for name in names if name.startswith("runs/")}
    print(f"{place}: {len(runs)} runs, {sum(name.startswith('uploads/') for name in names)} uploads")
