"""Finished runs on this server's disk that wait until the list of runs, and a bucket if there is one, take them."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
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
    """Brings runs from ``folder`` into the bucket, if there is one, and into the list of ``database``.

    Where that fails it is tried again every ``retry_seconds``, in a thread that ends with the last of them. Safe to use
    from many threads.
    """

    def __init__(
        self, folder: Path, bucket: RunBucket | None, database: Callable[[], RunDatabase], retry_seconds: float
    ) -> None:
        self._folder = folder
        self._bucket = bucket
        self._database = database
        self._retry_seconds = retry_seconds
        self._one_at_a_time = threading.Lock()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._waiting: set[str] = set()

    def store(self, run_id: str, moment: datetime | None = None) -> None:
        """Store a run and list it, as of ``moment`` or when it was over. Raises `UserError` or `OSError`."""
        folder = self._folder / run_id
        with self._one_at_a_time:
            if not folder.is_dir():  # the thread was a moment sooner
                return
            try:
                record = read_record(folder)
            except UserError:  # it is damaged, and no time mends that
                self._waiting.discard(run_id)
                raise
            is_listed = self._database().has(run_id)  # where that is unknown, nothing is sent
            if self._bucket is not None:
                self._bucket.put(run_id, folder)
            if not is_listed:
                owners = map(OwnerDigest, read_owners(folder))
                self._database().add(run_id, record.experiment, record.result, moment or record.finished_at, owners)
            if self._bucket is not None:
                self._bucket.take_in(folder, run_id)

    def begin(self, run_ids: Iterable[str]) -> None:
        """Have runs that wait be stored in the background."""
        with self._starting:
            self._waiting |= set(run_ids)
            if self._thread is None and self._waiting:
                self._thread = threading.Thread(target=self._work, name="waiting-runs", daemon=True)
                self._thread.start()

    def _work(self) -> None:
        while True:
            for run_id in sorted(self._waiting):
                try:
                    self.store(run_id)
                except (UserError, OSError) as error:
                    log.warning("run %s still waits to be stored: %s", run_id, error)
                else:
                    self._waiting.discard(run_id)
                    log.info("run %s is stored", run_id)
            with self._starting:
                if not self._waiting:
                    self._thread = None
                    return
            time.sleep(self._retry_seconds)
