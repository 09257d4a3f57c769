"""``restore``: what ``backup`` wrote, into the data folder and the database that the settings name."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from da_core.settings import settings

if TYPE_CHECKING:
    from da_core.cli.options import Commands


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    command = commands.add_parser("restore", help="restore what “backup” wrote; stop the server first")
    command.add_argument("file", type=Path, metavar="FILE", help="the archive")
    command.add_argument("--replace", action="store_true", help="replace the existing runs, uploads and rows")
    command.set_defaults(do=restore)


def restore(options: argparse.Namespace) -> None:
    """Restore the archive and print how much was in it."""
    from da_core.data.readers.uploads import shared_uploads
    from da_core.jobs.backups.restore import restore_backup
    from da_core.jobs.store import run_bucket

    limits = settings()
    held = restore_backup(
        options.file,
        limits.data_dir,
        limits.database_url,
        replace=options.replace,
        bucket=run_bucket(),
        shared_uploads=shared_uploads(limits.data_dir / "upload_copies"),
    )
    print(f"{limits.data_dir}: {held.runs} runs, {held.uploads} uploads, {held.rows} rows")
