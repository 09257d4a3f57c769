"""Finished runs, kept on disk beyond the life of the server, the last read ones also in memory."""

from __future__ import annotations

import errno
import functools
import logging
import re
import secrets
import shutil
import threading
import time
import weakref
from collections import OrderedDict
from collections.abc import Iterable
from pathlib import Path

from da_core.errors import UserError
from da_core.events import Accuracies, Evidence, Losses, Notice, Result
from da_core.experiment import Experiment
from da_core.jobs.record import HALF_WRITTEN, Record, read_record, record_in_memory, write_record
from da_core.settings import settings

__all__ = ["Record", "Store", "new_run_id", "read_record", "store", "write_record"]

log = logging.getLogger(__name__)

_RUN_ID = re.compile(r"[0-9a-f]{16}-[0-9a-f]{8}")
_MEGABYTE = 2**20
_HOUR = 3600.0


def new_run_id(experiment: Experiment) -> str:
    """A name for a run: the experiment's key, so that equal runs are found by name, and some chance."""
    return f"{experiment.key}-{secrets.token_hex(4)}"


class Store:
    """Finished runs below ``folder``, at most ``kept`` of them: the oldest go first, never one that is being read.

    Runs that were read lately stay in memory, up to ``memory_bytes`` of arrays. Safe to use from many threads.
    A run's id may come from a link: one that does not look like an id is never made into a path.
    """

    def __init__(self, folder: Path, *, kept: int = 200, memory_bytes: int = 256 * _MEGABYTE) -> None:
        self._folder = folder
        self._kept = kept
        self._memory_bytes = memory_bytes
        self._recent: OrderedDict[str, Record] = OrderedDict()
        self._held: weakref.WeakValueDictionary[str, Record] = weakref.WeakValueDictionary()
        self._lock = threading.RLock()

    def save(
        self,
        run_id: str,
        experiment: Experiment,
        result: Result,
        evidence: Evidence,
        history: Iterable[Losses | Accuracies] = (),
    ) -> Notice | None:
        """Keep a run. Where the disk will not have it, it stays in memory for a while, and the notice says so."""
        events = tuple(history)
        try:
            write_record(self._path(run_id), experiment, result, evidence, events)
        except OSError as error:
            log.warning("run %s could not be saved", run_id, exc_info=True)
            with self._lock:
                self._remember(record_in_memory(run_id, experiment, result, evidence, events))
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                return Notice(
                    "The server's disk is full, so this run is kept only for a while; download what you need."
                )
            return Notice("The server could not save this run, so it is kept only for a while; download what you need.")
        self._drop_oldest()
        return None

    def load(self, run_id: str) -> Record | None:
        """The run of this name; None if there is none, or its files are damaged (then the log says why)."""
        if not _RUN_ID.fullmatch(run_id):
            return None
        with self._lock:
            record = self._recent.get(run_id) or self._open(run_id)
            if record is not None:
                self._remember(record)
            return record

    def find(self, experiment: Experiment) -> str | None:
        """The id of a run of this experiment that went to its end, the newest of them; None if there is none."""
        with self._lock:
            in_memory = [run_id for run_id in reversed(self._recent) if run_id.startswith(experiment.key)]
            on_disk = [folder.name for folder in reversed(self._oldest_first(f"{experiment.key}-*"))]
            for run_id in dict.fromkeys(in_memory + on_disk):
                record = self.load(run_id)
                if record is not None and record.complete and record.experiment == experiment:
                    return run_id
        return None

    def latest(self, limit: int = 20) -> list[Record]:
        """The newest readable runs, the newest first."""
        with self._lock:
            names = dict.fromkeys([*self._recent, *(folder.name for folder in self._oldest_first()[-limit:])])
            records = [record for name in names if (record := self._recent.get(name) or self._open(name)) is not None]
        return sorted(records, key=lambda record: record.finished_at, reverse=True)[:limit]

    def _path(self, run_id: str) -> Path:
        if not _RUN_ID.fullmatch(run_id):
            raise UserError("“{run}” is not the name of a run.", run=run_id)
        return self._folder / run_id

    def _open(self, run_id: str) -> Record | None:
        if (record := self._held.get(run_id)) is not None:
            return record
        folder = self._path(run_id)
        if not folder.is_dir():
            return None
        try:
            record = read_record(folder)
        except UserError:
            log.warning("run %s is damaged", run_id, exc_info=True)
            return None
        self._held[run_id] = record
        return record

    def _remember(self, record: Record) -> None:
        self._recent[record.run_id] = record
        self._recent.move_to_end(record.run_id)
        while len(self._recent) > 1 and sum(kept.size for kept in self._recent.values()) > self._memory_bytes:
            self._recent.popitem(last=False)

    def _oldest_first(self, pattern: str = "*") -> list[Path]:
        """The runs' folders. One that another process removes meanwhile is left out."""
        aged: list[tuple[float, Path]] = []
        try:
            for folder in self._folder.glob(pattern):
                if _RUN_ID.fullmatch(folder.name) and (changed := _changed(folder)) is not None:
                    aged.append((changed, folder))
        except OSError:
            log.warning("the folder of runs cannot be read", exc_info=True)
        return [folder for _, folder in sorted(aged)]

    def _drop_oldest(self) -> None:
        with self._lock:
            folders = self._oldest_first()
            for folder in folders[: max(len(folders) - self._kept, 0)]:
                self._recent.pop(folder.name, None)
                if folder.name not in self._held:  # else somebody still has the record in hand
                    shutil.rmtree(folder, ignore_errors=True)
            for left in self._folder.glob(f"{HALF_WRITTEN}*"):  # of a process that was ended while it wrote
                if (changed := _changed(left)) is not None and time.time() - changed > _HOUR:
                    shutil.rmtree(left, ignore_errors=True)


def _changed(folder: Path) -> float | None:
    try:
        return folder.stat().st_mtime
    except OSError:
        return None


@functools.cache
def store() -> Store:
    """The store of this process, below the data folder that the settings name."""
    return Store(settings().data_dir / "runs", kept=settings().runs_kept)
