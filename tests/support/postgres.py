"""A PostgreSQL of a test's own, if the machine has one: Debian keeps its programs off the path."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def programs() -> Path | None:
    """The folder of ``initdb`` and ``pg_ctl``."""
    found = [Path(found).parent for found in [shutil.which("initdb")] if found]
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in found if (folder / "pg_ctl").exists()), None)


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """A server that keeps its files in ``folder`` and listens on a socket there; gives its URL for SQLAlchemy."""
    create(folder)
    with running(folder) as url:
        yield url


def create(folder: Path) -> None:
    """Make the files of a server that does not run yet."""
    folder.mkdir()
    if os.getuid() == 0:  # PostgreSQL refuses to be root
        shutil.chown(folder, "postgres", "postgres")
    _call("initdb", "-D", str(folder / "data"), "-U", "lab", "-A", "trust", "-E", "UTF8", "--no-sync")


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """The server of these files, started for now; gives its URL."""
    data = ("-D", str(folder / "data"))
    options = f"-c listen_addresses='' -c fsync=off -k {folder}"
    _call("pg_ctl", *data, "-w", "-l", str(folder / "log"), "-o", options, "start")
    try:
        yield f"postgresql+psycopg://lab@/postgres?host={folder}"
    finally:
        _call("pg_ctl", *data, "-m", "immediate", "stop")


def _call(program: str, *arguments: str) -> None:
    bin_folder = programs()
    assert bin_folder is not None
    as_user = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.getuid() == 0 else {}
    subprocess.run([str(bin_folder / program), *arguments], check=True, capture_output=True, cwd="/", **as_user)  # type: ignore[call-overload]
