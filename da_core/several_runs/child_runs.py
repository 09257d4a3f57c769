"""Do runs in child processes: side by side, each with its own memory and threads; one that fails ends no other."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Generator, Iterator
from typing import Any

from da_core.errors import UserError, is_out_of_memory
from da_core.events import Event, Finished, Progress
from da_core.experiment import DataSpec, Experiment
from da_core.system.limited_process import IS_SUPPORTED, ChildDiedError, ForkServer, LimitedProcess

log = logging.getLogger(__name__)


class ChildRuns:
    """Runs ``run`` as a `RunFunction` of the workers, each in a child limited to ``megabytes``, if given.

    Up to ``kept`` children wait for further runs, since one takes time to import what runs need; a child has as many
    ``threads`` as are given, or all. ``run`` and its keyword arguments are pickled. Raises `UserError` where the system
    has no such processes.
    """

    def __init__(
        self,
        run: Callable[..., Iterator[Event]],
        *,
        megabytes: int | None = None,
        kept: int = 1,
        threads: int | None = None,
    ) -> None:
        if not IS_SUPPORTED:
            raise UserError("The setting {name} works on Linux only; remove it.", name="DA_LAB_RUN_MEMORY_MB")
        self._megabytes = megabytes
        self._run = run
        self._kept = kept
        modules = () if megabytes else ("da_core.run",)  # what is imported counts towards the limit
        self._fork_server = ForkServer(modules, {} if threads is None else {"OMP_NUM_THREADS": str(threads)})
        self._idle: list[LimitedProcess] = []
        self._lock = threading.Lock()

    def __call__(
        self, experiment: Experiment, *, should_stop: Callable[[], bool], **options: Any
    ) -> Generator[Event, None, None]:
        """Run an experiment and yield its events. Raises what the run raises, `UserError` where memory ran out."""
        child = None
        try:
            if self._megabytes is None:
                yield from _load(experiment.data)
            child = self._take()
            child.begin(self._run, experiment, **options)
            while (event := child.next_value(should_stop())) is not None:
                if isinstance(event, Finished):
                    child.next_value(False)  # the run is over, and the child free for the next
                    self._put_back(child)
                    child = None
                    yield event
                    return
                yield event
        except ChildDiedError as error:
            log.error("the process of a run has ended by itself", exc_info=error)
            raise UserError(
                "The process of this run was killed, most likely because memory ran out; choose fewer samples, a "
                "smaller batch or a smaller network."
            ) from None
        except Exception as error:
            if self._megabytes is None or isinstance(error, UserError) or not is_out_of_memory(error):
                raise
            log.warning("a run took all of its memory", exc_info=error)
            raise UserError(
                "This run needed more than {limit} MB of memory, the limit of this server; choose fewer samples, a "
                "smaller batch or a smaller network.",
                limit=self._megabytes,
            ) from None
        finally:
            if child is not None:
                self._put_back(child)

    def _take(self) -> LimitedProcess:
        """Take a child that waits and lives, or start one."""
        with self._lock:
            while self._idle:
                if (child := self._idle.pop()).lives():
                    return child
        return self._fork_server.fork(self._megabytes)

    def _put_back(self, child: LimitedProcess) -> None:
        """Keep a child whose run is over, unless much stayed in its memory; end any other."""
        with self._lock:
            fits = self._megabytes is None or 2 * child.megabytes() < self._megabytes
            if child.is_free and len(self._idle) < self._kept and fits:
                self._idle.append(child)
                return
        child.end()


def _load(spec: DataSpec) -> Iterator[Progress]:
    """Load a pair here, so that children that begin together find on the disk what would take each of them long."""
    from da_core.data.loading.cache import fetch, load_pair  # all sources come with it

    try:
        for _share in fetch(spec):
            yield Progress(0.0, None)
        load_pair(spec)
    except UserError:
        log.info("the run itself says what is wrong with its data", exc_info=True)
