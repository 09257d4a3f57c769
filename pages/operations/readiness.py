"""``/ready``: whether this server can take visitors, for a load balancer. Streamlit's health is its own route.

200 or 503, and each part with “ok” or what is wrong in a word; the log has the rest.
"""

from __future__ import annotations

import functools
import logging
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from types import MappingProxyType

from starlette.requests import Request
from starlette.responses import JSONResponse

from da_core.object_storage import ObjectStorage, shared_storage
from da_core.settings import settings

log = logging.getLogger("da_lab")

OK, FAILS, SILENT = "ok", "fails", "does not answer"
_KEPT_SECONDS = 1.0
"""Seconds for which an answer stands: however many ask, the parts are looked at once."""
_STORAGE_KEPT_SECONDS = 10.0
"""The same for the storage that servers share: what is asked of it may cost money."""
_PATIENCE = 2.0
"""Seconds after which a part that has not answered is called silent."""


class Readiness:
    """Looks at the parts of a server, each in a thread of its own: one that hangs holds up nobody else."""

    def __init__(
        self,
        checks: Mapping[str, Callable[[], None]],
        patience: float = _PATIENCE,
        kept_seconds: Mapping[str, float] = MappingProxyType({}),
    ) -> None:
        self._checks = checks
        self._patience = patience
        self._kept_seconds = kept_seconds
        self._threads = {name: ThreadPoolExecutor(1, thread_name_prefix=f"ready-{name}") for name in checks}
        self._looking: dict[str, Future[None]] = {}
        self._states: dict[str, str] = {}
        self._until: dict[str, float] = {}
        self._lock = threading.Lock()

    def look(self) -> dict[str, str]:
        """Return each part's state, not older than a second, or than ``kept_seconds`` of that part."""
        with self._lock:
            due = [name for name in self._checks if time.monotonic() >= self._until.get(name, 0.0)]
            for name, state in self._look(due).items():
                if state != self._states.get(name):
                    log.log(logging.INFO if state == OK else logging.WARNING, "%s: %s", name, state)
                self._states[name] = state
                self._until[name] = time.monotonic() + self._kept_seconds.get(name, _KEPT_SECONDS)
            return {name: self._states[name] for name in self._checks}

    def _look(self, names: Sequence[str]) -> dict[str, str]:
        for name in names:
            if name not in self._looking:  # else the last look still hangs
                self._looking[name] = self._threads[name].submit(self._checks[name])
        wait([self._looking[name] for name in names], self._patience)
        return {name: self._state(name) for name in names}

    def _state(self, name: str) -> str:
        if not self._looking[name].done():
            return SILENT
        error = self._looking.pop(name).exception()
        if error is not None:
            log.info("%s", name, exc_info=error)
        return OK if error is None else FAILS


def check_database() -> None:
    """Ask the database for one row; a file of SQLite that was deleted or replaced is opened again first."""
    from sqlalchemy import text

    from da_core.jobs.store import store

    with store().database.begin() as connection:
        connection.execute(text("SELECT 1 FROM runs WHERE 1 = 0"))


def check_data_folder() -> None:
    """Write a small file below the data folder, as a run does; on a new server it is not there yet."""
    settings().data_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=settings().data_dir) as file:
        file.write(bytes(4096))
        file.flush()


def check_workers() -> None:
    """Ask the queue whether runs that are handed in will be driven."""
    from da_core.jobs.queue import queue

    if not queue().alive:
        raise RuntimeError("the queue is closed, or one of its workers has ended")


def check_storage(storage: ObjectStorage) -> None:
    """Write one small object into the storage that servers share, as a run does: the same one each time."""
    storage.write("ready", b"")


@functools.cache
def readiness() -> Readiness:
    """Return the readiness of this process; the storage is a part of it where servers share one."""
    checks = {"database": check_database, "data folder": check_data_folder, "workers": check_workers}
    storage = shared_storage()
    if storage is not None:
        checks["storage"] = functools.partial(check_storage, storage)
    return Readiness(checks, kept_seconds={"storage": _STORAGE_KEPT_SECONDS})


def ready(_request: Request) -> JSONResponse:
    """Serve the state of each part; Starlette calls this in a thread."""
    parts = readiness().look()
    is_ready = all(state == OK for state in parts.values())
    headers = {"Cache-Control": "no-store"}
    return JSONResponse({"ready": is_ready, "parts": parts}, 200 if is_ready else 503, headers)
