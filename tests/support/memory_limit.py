"""Groups of processes whose memory is limited: the kernel kills a process of one that takes more (Linux's cgroups)."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_ROOT = Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class MemoryLimit:
    """A group at ``folder``: a process joins it by writing its number into ``cgroup.procs``."""

    folder: Path

    def kills(self) -> int:
        """Count the processes of the group that the kernel has killed."""
        files = [self.folder / name for name in ("memory.events", "memory.oom_control")]
        text = "".join(file.read_text() for file in files if file.exists())
        return int(re.findall(r"^oom_kill (\d+)$", text, re.MULTILINE)[0])


@contextmanager
def memory_limit(megabytes: int) -> Iterator[MemoryLimit | None]:
    """Make a group whose processes may take so much memory together; None where this process may make none."""
    folder = _make_group(megabytes * 2**20)
    try:
        yield None if folder is None else MemoryLimit(folder)
    finally:
        if folder is not None:
            folder.rmdir()


def _make_group(most: int) -> Path | None:
    folder = None
    try:
        parent, is_unified = _own_group()
        if is_unified:
            (parent / "cgroup.subtree_control").write_text("+memory")
        folder = parent / f"lab-{secrets.token_hex(8)}"
        folder.mkdir()
        (folder / ("memory.max" if is_unified else "memory.limit_in_bytes")).write_text(str(most))
    except OSError:
        if folder is not None and folder.exists():
            folder.rmdir()
        return None
    return folder


def _own_group() -> tuple[Path, bool]:
    """Find the group of this process that counts memory; tell whether it is one of version 2. Raises `OSError`."""
    groups = re.findall(r"^\d+:(.*):/(.*)$", Path("/proc/self/cgroup").read_text(), re.MULTILINE)
    for controllers, path in groups:
        if "memory" in controllers.split(","):
            return _ROOT / "memory" / path, False
    return _ROOT / dict(groups).get("", ""), True
