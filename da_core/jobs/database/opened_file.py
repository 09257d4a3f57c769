"""Notice that the open file of an SQLite database was deleted or replaced: SQLite would go on writing into it."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from sqlalchemy.engine import make_url


class OpenedFile:
    """SQLite's file of the database at ``url``, which is open by now; a database on a server is always there."""

    def __init__(self, url: str) -> None:
        place = make_url(url)
        in_file = place.get_backend_name() == "sqlite" and place.database not in (None, "", ":memory:")
        self._path = Path(str(place.database)) if in_file else None
        self._identity = self._journal = None
        if self._path is not None:
            self._identity, self._journal = _identity(self._path), _identity(_beside(self._path, "-wal"))

    def is_there(self) -> bool:
        """Tell whether it is still what lies at its path."""
        return self._path is None or _identity(self._path) == self._identity

    def remove_journal(self) -> None:
        """Remove what it has left beside its path: SQLite would write that journal into the file that is there now.

        To be called when its connections are closed. A journal of other connections stays.
        """
        if self._path is None or self._journal is None or _identity(_beside(self._path, "-wal")) != self._journal:
            return
        for suffix in ("-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(_beside(self._path, suffix))


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _identity(path: Path) -> tuple[int, int] | None:
    """Identify the file at a path, whatever it is called; None where there is none."""
    try:
        facts = path.stat()
    except OSError:
        return None
    return facts.st_dev, facts.st_ino
