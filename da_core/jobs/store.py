"""Finished runs on disk or in a shared storage, where they outlive the server; recent ones are in memory as well."""

from __future__ import annotations

import dataclasses
import functools
import logging
import re
import secrets
import string
import threading
import weakref
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from cachetools import LRUCache

from da_core.errors import UserError, explain_disk, is_full_disk
from da_core.events import Accuracies, Evidence, Losses, Notice, Result
from da_core.experiment import Experiment
from da_core.jobs.owners import OwnerDigest, digest
from da_core.jobs.run_bucket import RunBucket
from da_core.jobs.waiting_runs import WaitingRuns
from da_core.object_storage import StorageError, shared_storage
from da_core.run_folder import Record, read_owners, read_record, record_in_memory, write_record
from da_core.settings import settings
from da_core.system.app_files import ASSETS
from da_core.whole_files import delete_at_once, delete_left_over

if TYPE_CHECKING:
    from da_core.jobs.database.run_database import RunDatabase

__all__ = ["Record", "Store", "new_run_id", "store"]

log = logging.getLogger(__name__)

EXAMPLE = "0000000000000000-00000000"
"""The id of the example run that comes with the app, which no link to another run can have."""
EXAMPLE_FOLDER = ASSETS / "showcase"
"""Where it lies: `da_core.teaching.showcase` writes it, with layouts in place of features and model."""
RUN_ID = re.compile(r"[0-9a-f]{16}-(?:[0-9a-z]{15}|[0-9a-f]{8})")
"""What a run's id looks like; earlier versions made shorter ones."""
STILL_THERE = (
    "This run still exists, but its storage cannot be reached now, so it cannot be shown. Try again in a moment; if "
    "this continues, contact the administrator."
)
PERHAPS_THERE = (
    "The storage of the runs cannot be reached now, so it is unknown whether the run in this link still exists. Try "
    "again in a moment; if this continues, contact the administrator."
)
_SIGNS = string.digits + string.ascii_lowercase
_MEGABYTE = 2**20
_HOUR = 3600.0


def new_run_id(experiment: Experiment) -> str:
    """Make a run's id: the experiment's key, by which equal runs are found, and 77 random bits, which nobody guesses.

    Whoever has the id may look at the run, and the key follows from the settings alone.
    """
    return f"{experiment.key}-{''.join(secrets.choice(_SIGNS) for _ in range(15))}"


class AwayError(UserError):
    """A run that servers share cannot be brought here just now; the sentence says why, and whether it is there."""


class Store:
    """Finished runs below ``folder``, at most ``kept`` of them: the least missed go first, never one being read.

    Runs that were read lately stay in memory, up to ``memory_bytes`` of arrays. Safe to use from many threads.
    A run's id may come from a link: one that does not look like an id is never made into a path.
    ``database`` is the URL of the list of runs, by default of an SQLite file beside ``folder``. ``shipped`` are runs
    that lie elsewhere, by id: they can be read, and are in no list.

    With a ``bucket`` runs are kept there, for several servers, and those in ``folder`` wait to be brought there. A run
    that cannot be stored or listed waits, too: a try is made every ``retry_seconds``.
    """

    def __init__(
        self,
        folder: Path,
        *,
        database: str = "",
        kept: int = 200,
        bin_days: float = 30.0,
        memory_bytes: int = 256 * _MEGABYTE,
        shipped: Mapping[str, Path] = MappingProxyType({}),
        bucket: RunBucket | None = None,
        retry_seconds: float = 20.0,
    ) -> None:
        self._folder = folder
        self._database = database or f"sqlite:///{folder.absolute().with_suffix('.db')}"
        self._kept = kept
        self._bin_age = timedelta(days=bin_days)
        self._shipped = shipped
        self._bucket = bucket
        self._waiting = WaitingRuns(folder, bucket, lambda: self.database, retry_seconds)
        self._recent: LRUCache[str, Record] = LRUCache(  # one run that is larger takes all room
            memory_bytes, getsizeof=lambda record: min(record.size, memory_bytes)
        )
        self._held: weakref.WeakValueDictionary[str, Record] = weakref.WeakValueDictionary()
        self._lock = threading.RLock()
        self._run_database: RunDatabase | None = None
        self.rebuilt_notice: Notice | None = None
        """The notice to show where the list of runs was damaged and has been rebuilt."""

    @property
    def database(self) -> RunDatabase:
        """The list of runs, opened at the first use: folders that it does not know are entered then, and runs whose
        folder has gone are forgotten. So it is where SQLite's file was deleted or replaced since.

        Raises `UnreachableError` where the database cannot be reached, `UserError` where it cannot be used.
        """
        with self._lock:
            if self._run_database is not None and not self._run_database.has_its_file():
                log.error("the file of the list of runs was deleted or replaced while it was open; it is opened again")
                self._run_database.close()
                self._run_database = None
            if self._run_database is None:
                from da_core.jobs.database.database_engine import DamagedError, reached_files, set_aside

                with reached_files():
                    self._folder.parent.mkdir(parents=True, exist_ok=True)
                try:
                    self._run_database = self._opened()
                except DamagedError:
                    aside = set_aside(self._database)
                    log.error("the list of runs is damaged; it lies as %s now and is rebuilt", aside)
                    self._run_database = self._opened()
                    self.rebuilt_notice = Notice(
                        "The list of runs was damaged and has been rebuilt from the runs themselves. Each run has "
                        "its owner again, but names, tags, bins and waiting runs are lost. The damaged file is kept "
                        "as {file} for the administrator.",
                        {"file": aside},
                    )
                if self._bucket is not None:
                    self._waiting.begin(self._local())
            return self._run_database

    def save(
        self,
        run_id: str,
        experiment: Experiment,
        result: Result,
        evidence: Evidence,
        history: Iterable[Losses | Accuracies] = (),
        owners: Iterable[str] = (),
    ) -> Notice | None:
        """Save a run, and put it into its owners' lists.

        Where the disk refuses, it stays in memory for a while, and where the bucket or the list of runs does, it waits
        on this disk and is found by its link alone; the notice says so.
        """
        events, path = tuple(history), self._path(run_id)
        try:
            write_record(path, experiment, result, evidence, events, owners=map(digest, owners))
        except OSError as error:
            log.warning("run %s could not be saved", run_id, exc_info=True)
            with self._lock:
                self._remember(record_in_memory(run_id, experiment, result, evidence, events))
            if is_full_disk(error):
                return Notice(
                    "The server's disk is full, so it keeps this run only for a while; download what you need."
                )
            return Notice("The server could not save this run and keeps it only for a while; download what you need.")
        try:
            self._waiting.store(run_id, datetime.now(UTC))
        except (UserError, OSError):
            log.warning("run %s waits to be stored", run_id, exc_info=True)
            self._waiting.begin([run_id])
            return Notice(
                "The storage or the list of runs cannot be reached now. This server keeps the run, and stores and "
                "lists it as soon as they can be reached; until then, keep its link to find it."
            )
        self._drop_expendable()
        return None

    def load(self, run_id: str) -> Record | None:
        """Load the run of this id; None if there is none, or its files are damaged (then the log says why)."""
        if not RUN_ID.fullmatch(run_id):
            return None
        with self._lock:
            record = self._recent.get(run_id) or self._held.get(run_id)
        if record is None:
            try:
                folder = self._located(run_id)  # while it is brought from the bucket, others are not held up
            except (UserError, OSError):
                log.warning("run %s cannot be read", run_id, exc_info=True)
                return None
            with self._lock:
                record = None if folder is None else self._open(run_id, folder)
        if record is not None:
            with self._lock:
                self._remember(record)
        return record

    def is_damaged(self, run_id: str) -> bool:
        """Tell whether this run is there, though nobody can `load` it. Raises `AwayError`."""
        if not RUN_ID.fullmatch(run_id) or self.load(run_id) is not None:
            return False
        try:
            return self._located(run_id) is not None
        except StorageError as error:
            if self.is_kept(run_id):
                raise AwayError(STILL_THERE) from error
            raise AwayError(PERHAPS_THERE) from error
        except OSError as error:  # there is no copy of it here, and none can be made
            if (sentence := explain_disk(error)) is not None:
                raise AwayError(sentence) from error
            return True
        except UserError:
            return True

    def find(self, experiment: Experiment) -> str | None:
        """Find the newest run of this experiment that went to its end and return its id; None if there is none.

        A run that an earlier version made with other defaults is passed over: it is another run by now.
        """
        with self._lock:
            in_memory = [run_id for run_id in reversed(list(self._recent)) if run_id.startswith(experiment.key)]
        try:
            listed = self.database.run_ids(experiment.key)
        except (UserError, OSError):
            log.warning("the list of runs cannot be read", exc_info=True)
            listed = []
        for run_id in dict.fromkeys(in_memory + listed):
            record = self.load(run_id)
            if record is not None and record.complete and record.experiment == experiment and _is_todays(record):
                return run_id
        return None

    def is_kept(self, run_id: str) -> bool:
        """Tell whether a run was saved, by this disk and the list: the storage that servers share is not asked."""
        if not RUN_ID.fullmatch(run_id):
            return False
        with self._lock:
            if run_id in self._recent or self._path(run_id).is_dir():
                return True
        try:
            return self.database.has(run_id)
        except (UserError, OSError):
            log.warning("the list of runs cannot be read", exc_info=True)
            return False

    def keep(self, run_id: str, owner: str) -> None:
        """Put a run into a visitor's list; one that the database does not know stays where it is."""
        try:
            self.database.keep(run_id, owner)
        except UserError:
            log.warning("run %s could not be put into a list", run_id, exc_info=True)

    def empty_bin(self, owner: str) -> None:
        """Take what is in the visitor's bin off their list, and off the disk what is then on nobody's."""
        self._remove(self.database.empty_bin(owner))

    def _path(self, run_id: str) -> Path:
        if not RUN_ID.fullmatch(run_id):
            raise UserError("“{run}” is not the name of a run.", run=run_id)
        return self._folder / run_id

    def _located(self, run_id: str) -> Path | None:
        """Find the run's folder, and bring it from the bucket; None where there is none.

        Raises `StorageError`, and `UserError` where it is damaged in the bucket.
        """
        folder = self._shipped.get(run_id) or self._path(run_id)
        if folder.is_dir():
            return folder
        return self._bucket.fetch(run_id) if self._bucket is not None else None

    def _open(self, run_id: str, folder: Path) -> Record | None:
        if (record := self._held.get(run_id)) is not None:
            return record
        try:
            record = dataclasses.replace(read_record(folder), run_id=run_id)
        except UserError:
            log.warning("run %s is damaged", run_id, exc_info=True)
            return None
        if self._bucket is not None:  # the folder may move to the bucket, or make room there, before it is read
            record = dataclasses.replace(
                record,
                read_evidence=lambda: self._read_again(run_id).read_evidence(),
                state=lambda: self._read_again(run_id).state(),
            )
        self._held[run_id] = record
        return record

    def _read_again(self, run_id: str) -> Record:
        """Read a run's record from where it is now. Raises `UserError` where that cannot be done."""
        try:
            folder = self._located(run_id)
        except StorageError as error:
            raise AwayError(STILL_THERE) from error
        if folder is None:
            raise UserError("The saved run {run} cannot be read; run it again.", run=run_id)
        return read_record(folder)

    def _local(self) -> set[str]:
        try:
            return {folder.name for folder in self._folder.glob("*-*") if RUN_ID.fullmatch(folder.name)}
        except OSError:
            log.warning("the folder of runs cannot be read", exc_info=True)
            return set()

    def _remember(self, record: Record) -> None:
        self._recent.pop(record.run_id, None)  # the newest is the last of them
        self._recent[record.run_id] = record

    def _opened(self) -> RunDatabase:
        from da_core.jobs.database.run_database import RunDatabase

        database = RunDatabase(self._database)
        self._reconcile(database)
        return database

    def _reconcile(self, database: RunDatabase) -> None:
        """Make list and disk agree: an older version kept no list, and a folder may have been taken away."""
        known, waiting = set(database.run_ids()), self._local()
        there = waiting
        if self._bucket is not None:
            try:
                there = self._bucket.run_ids()
                self._bucket.delete_left_over()
            except StorageError as error:
                log.warning("the list of runs is not compared with the storage: %s", error)
                return
        if there:  # a disk that is not mounted is no reason to forget
            database.forget(known - there - waiting)
        for run_id in sorted(there - known):
            try:
                if (folder := self._located(run_id)) is not None:
                    record, owners = read_record(folder), map(OwnerDigest, read_owners(folder))
                    database.add(run_id, record.experiment, record.result, record.finished_at, owners)
            except (UserError, OSError):  # it is damaged, or another server on the same folder was faster
                log.warning("run %s is not entered", run_id, exc_info=True)

    def _drop_expendable(self) -> None:
        try:
            self._remove(self.database.expendable(self._kept, datetime.now(UTC) - self._bin_age))
        except UserError:
            log.warning("old runs stay for now", exc_info=True)
        delete_left_over(self._folder, _HOUR)

    def _remove(self, run_ids: Iterable[str]) -> None:
        """Delete runs from the disk and then from the list, but those that somebody is reading."""
        for run_id in run_ids:
            with self._lock:
                self._recent.pop(run_id, None)
                if run_id in self._held:
                    continue
                delete_at_once(self._path(run_id))
            try:
                if self._bucket is not None:
                    self._bucket.delete(run_id)
            except StorageError as error:  # it stays in the list, and so goes another time
                log.warning("run %s stays in the storage for now: %s", run_id, error)
            else:
                self.database.forget([run_id])


def _is_todays(record: Record) -> bool:
    """Tell whether the run was made with the defaults that this version has."""
    from da_core.training.prepared import filled_in  # imports torch

    try:
        return bool(record.result.recipe.get("filled_in") == filled_in(record.experiment))
    except UserError:  # a name or a setting that there is no more
        return False


@functools.cache
def store() -> Store:
    """Return the store of this process, below the data folder that the settings name."""
    storage, limits = shared_storage(), settings()
    cache_bytes = limits.storage_cache_megabytes * _MEGABYTE
    return Store(
        limits.data_dir / "runs",
        database=limits.database_url,
        kept=limits.runs_kept,
        bin_days=limits.bin_days,
        memory_bytes=limits.finished_runs_mb * _MEGABYTE,
        shipped={EXAMPLE: EXAMPLE_FOLDER},
        bucket=RunBucket(storage, limits.data_dir / "copies", cache_bytes) if storage else None,
    )
