"""A PostgreSQL of a test's own, if the machine has one: Debian keeps its programs off the path."""

from __future__ import annotations

import getpass
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
    bin_folder, data = programs(), folder / "data"
    assert bin_folder is not None
    folder.mkdir()
    user = getpass.getuser()
    if os.getuid() == 0:  # PostgreSQL refuses to be root
        user = "postgres"
        shutil.chown(folder, user, user)

    def call(*command: str) -> None:
        as_user = {"user": user, "group": user, "extra_groups": []} if os.getuid() == 0 else {}
        subprocess.run(command, check=True, capture_output=True, cwd="/", **as_user)  # type: ignore[call-overload]

    call(str(bin_folder / "initdb"), "-D", str(data), "-U", "lab", "-A", "trust", "-E", "UTF8", "--no-sync")
    options = f"-c listen_addresses='' -c fsync=off -k {folder}"
    call(str(bin_folder / "pg_ctl"), "-D", str(data), "-w", "-l", str(folder / "log"), "-o", options, "start")
    try:
        yield f"postgresql+psycopg://lab@/postgres?host={folder}"
    finally:
        call(str(bin_folder / "pg_ctl"), "-D", str(data), "-m", "immediate", "stop")
