"""Runs in child processes whose memory is limited: one that takes too much ends its own process and no other.

A child is this same interpreter, `da_core.jobs.processes.limited_child`. It is asked for one event at a time, so that
to pause is still to stop asking; to cancel is to end it. What the two tell each other is pickled: both ends are this
program.
"""

from __future__ import annotations

import logging
import os
import pickle
import re
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Generator, Iterator
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import Any

from da_core.errors import UserError
from da_core.events import Event, Finished
from da_core.experiment import Experiment
from da_core.jobs.scheduling.failure import is_out_of_memory

log = logging.getLogger(__name__)

_ROOT = Path(__file__).parents[3]


class LimitedRun:
    """Runs ``run`` as a `RunFunction` of the workers, each in a child that may take so many ``megabytes``.

    The limit is on data (RLIMIT_DATA): what torch and others map without using it does not count. Up to ``kept``
    children wait for further runs, since one takes seconds to import what runs need. ``run`` and its keyword arguments
    are pickled. Raises `UserError` where the system has no such limits.
    """

    def __init__(self, megabytes: int, run: Callable[..., Iterator[Event]], *, kept: int = 1) -> None:
        if not sys.platform.startswith("linux"):
            raise UserError("The setting {name} works on Linux alone; take it away.", name="DA_LAB_RUN_MEMORY_MB")
        self._megabytes = megabytes
        self._run = run
        self._kept = kept
        self._idle: list[_Child] = []
        self._lock = threading.Lock()

    def __call__(
        self, experiment: Experiment, *, should_stop: Callable[[], bool], **options: Any
    ) -> Generator[Event, None, None]:
        """Run an experiment and yield its events. Raises what the run raises, `UserError` where memory ran out."""
        child = self._take()
        try:
            child.begin(self._run, experiment, options)
            while (event := child.next_event(should_stop())) is not None:
                yield event
        except Exception as error:
            if isinstance(error, UserError) or not is_out_of_memory(error):
                raise
            log.warning("a run took all of its memory", exc_info=error)
            raise UserError(
                "This run needed more than the {limit} MB of memory that this server gives to one; choose fewer "
                "samples, a smaller batch or a smaller network.",
                limit=self._megabytes,
            ) from None
        finally:
            self._put_back(child)

    def _take(self) -> _Child:
        """Take a child that waits and lives, or start one."""
        with self._lock:
            while self._idle:
                if (child := self._idle.pop()).lives():
                    return child
        return _Child(self._megabytes)

    def _put_back(self, child: _Child) -> None:
        """Keep a child whose run is over, unless much stayed in its memory; end any other."""
        with self._lock:
            if child.is_free and len(self._idle) < self._kept and 2 * child.megabytes() < self._megabytes:
                self._idle.append(child)
                return
        child.end()


class _Child:
    """A child process and the pipe to it; it ends with this object at the latest.

    ``is_free`` says that it has no run.
    """

    def __init__(self, megabytes: int) -> None:
        self._pipe, theirs = Pipe()
        path = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")]))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "da_core.jobs.processes.limited_child", str(theirs.fileno()), str(megabytes)],
            stdin=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": path},
            pass_fds=[theirs.fileno()],
        )
        theirs.close()
        self.is_free = True
        self.end = weakref.finalize(self, _end, self._process, self._pipe)

    def begin(self, run: Callable[..., Iterator[Event]], experiment: Experiment, options: dict[str, Any]) -> None:
        """Hand a run over."""
        message = pickle.dumps((run, experiment, options))
        self.is_free = False
        self._tell(message)

    def next_event(self, finish_early: bool) -> Event | None:
        """Ask for the next event and wait for it; None once the run is over. Raises what the run raises."""
        if self.is_free:
            return None
        self._tell(pickle.dumps(finish_early))
        try:
            answer = pickle.loads(self._pipe.recv_bytes())
        except (EOFError, ConnectionError) as error:
            raise self._death() from error
        self.is_free = answer is None or isinstance(answer, Finished | Exception)
        if isinstance(answer, Exception):
            raise answer
        event: Event | None = answer
        return event

    def lives(self) -> bool:
        """Tell whether nothing has ended the process."""
        return self._process.poll() is None

    def megabytes(self) -> int:
        """Return what the process holds of what is limited."""
        try:
            status = Path(f"/proc/{self._process.pid}/status").read_text()
        except OSError:
            return 0
        found = re.search(r"VmData:\s*(\d+) kB", status)
        return int(found[1]) // 1024 if found else 0

    def _tell(self, message: bytes) -> None:
        try:
            self._pipe.send_bytes(message)
        except ConnectionError as error:
            raise self._death() from error

    def _death(self) -> UserError:
        """Say why the process has ended without an answer.

        It can be the kernel's signal, or code in C that writes a line and exits where there is no memory.
        """
        log.error("the process of a run has ended by itself: %s", self._process.wait())
        return UserError(
            "The process of this run was ended, most likely for want of memory; choose fewer samples, a smaller batch "
            "or a smaller network."
        )


def _end(process: subprocess.Popen[bytes], pipe: Connection) -> None:
    """End a child at once: it holds nothing that is not on disk whole or not at all."""
    pipe.close()
    process.kill()
    process.wait()
