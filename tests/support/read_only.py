"""A folder that a server finds really read-only, though it is root: a mount of the server's own (Linux alone)."""

from __future__ import annotations

import subprocess
from pathlib import Path

_MOUNT = 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1"'


def read_only(folder: Path) -> list[str]:
    """Return what stands before a command to which ``folder`` shall be read-only."""
    return ["unshare", "--mount", "sh", "-c", f'{_MOUNT} && shift && exec "$@"', "sh", str(folder)]


def is_possible(folder: Path) -> bool:
    """Tell whether this process may have folders be read-only to others."""
    try:
        return subprocess.run([*read_only(folder), "true"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def make_writable(process: int, folder: Path) -> None:
    """Have a process that was started with `read_only` write into the folder again."""
    _inside(process, 'mount -o remount,bind,rw "$1"', folder)


def make_read_only(process: int, folder: Path) -> None:
    """Have a process that was started with `read_only` find the folder read-only again, but for files that are open."""
    _inside(process, _MOUNT, folder)


def _inside(process: int, script: str, folder: Path) -> None:
    enter = ["nsenter", "--mount", "--target", str(process)]
    subprocess.run([*enter, "sh", "-c", script, "sh", str(folder)], check=True)
