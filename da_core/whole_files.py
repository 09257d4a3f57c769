"""Files that people ask for, written whole or not at all: a report that is cut in the middle looks like a report."""

from __future__ import annotations

from pathlib import Path

from da_core.errors import UserError


def write_whole(file: Path, content: bytes) -> None:
    """Write ``content`` as ``file``, in folders that are made where they are missing.

    Where it cannot be written, as on a full disk, what was there before stays. Raises `UserError` then.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        if file.is_symlink() or (file.exists() and not file.is_file()):  # as /dev/stdout, which is to stay what it is
            file.write_bytes(content)
            return
        new = file.with_name(f".{file.name}.new")
        try:
            new.write_bytes(content)
            new.replace(file)
        finally:
            new.unlink(missing_ok=True)
    except OSError as error:
        raise UserError("{path} cannot be written ({detail}).", path=file, detail=error.strerror) from error
