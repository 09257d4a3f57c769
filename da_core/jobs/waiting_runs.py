"""Finished runs on this server's disk that wait until the shared storage and the list of runs take them.

So do those of a server that had no shared storage before, and those that a back-up brought.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from da_core.errors import UserError
from da_core.jobs.owners import OwnerDigest
from da_core.jobs.run_bucket import RunBucket
from da_core.run_folder import read_owners, read_record

if TYPE_CHECKING:
    from da_core.jobs.database.run_database import RunDatabase

log = logging.getLogger(__name__)


class WaitingRuns:
    """Brings the runs that ``names`` lists from ``folder`` into the bucket, and into the list of ``database``.

    Where that fails it is tried again every ``retry_seconds``, in a thread that ends with the last of them. Safe to use
    from many threads.
    """

    def __init__(
        self,
        folder: Path,
        names: Callable[[], set[str]],
        bucket: RunBucket,
        database: Callable[[], RunDatabase],
        retry_seconds: float,
    ) -> None:
        self._folder = folder
        self._names = names
        self._bucket = bucket
        self._database = database
        self._retry_seconds = retry_seconds
        self._one_at_a_time = threading.Lock()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._damaged: set[str] = set()

    def store(self, run_id: str, moment: datetime | None = None) -> None:
        """Store a run and list it, as of ``moment`` or when it was over. Raises `UserError` or `OSError`."""
        folder = self._folder / run_id
        with self._one_at_a_time:
            if not folder.is_dir():  # the thread was a moment sooner
                return
            try:
                record = read_record(folder)
            except UserError:
                self._damaged.add(run_id)
                raise
            listing = None
            if run_id not in self._database().run_ids():
                owners = map(OwnerDigest, read_owners(folder))
                listing = self._database().adding(
                    run_id, record.experiment, record.result, moment or record.finished_at, owners
                )
            self._bucket.put(run_id, folder, listing)

    def begin(self) -> None:
        """Have those that wait be stored in the background."""
        with self._starting:
            if self._thread is None and self._left():
                self._thread = threading.Thread(target=self._work, name="waiting-runs", daemon=True)
                self._thread.start()

    def _left(self) -> set[str]:
        return self._names() - self._damaged

    def _work(self) -> None:
        while True:
            for run_id in sorted(self._left()):
                try:
                    self.store(run_id)
                except (UserError, OSError) as error:
                    log.warning("run %s still waits to be stored: %s", run_id, error)
                else:
                    log.info("run %s is stored", run_id)
            with self._starting:
                if not self._left():
                    self._thread = None
                    return
            time.sleep(self._retry_seconds)
