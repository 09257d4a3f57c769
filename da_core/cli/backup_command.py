"""``backup``: the database, the runs and the uploads of a server in one file, while it runs."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from da_core.settings import settings

if TYPE_CHECKING:
    from da_core.cli.options import Commands


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    command = commands.add_parser("backup", help="save a server's database, runs and uploads in one file")
    command.add_argument("file", type=Path, metavar="FILE", help="the archive; an existing file is replaced")
    command.set_defaults(do=back_up)


def back_up(options: argparse.Namespace) -> None:
    """Write the archive and print how much is in it."""
    from da_core.data.readers.uploads import shared_uploads
    from da_core.jobs.backups.backup import write_backup
    from da_core.jobs.store import run_bucket

    limits = settings()
    with tempfile.TemporaryDirectory(prefix="da-lab-") as made:
        shared = run_bucket(Path(made) / "copies"), shared_uploads(Path(made) / "uploads")
        held = write_backup(options.file, limits.data_dir, limits.database_url, *shared)
    size = options.file.stat().st_size / 2**20
    print(f"{options.file}: {held.runs} runs, {held.uploads} uploads, {held.rows} rows, {size:.1f} MB")
