"""Runs on other machines: workers of Dask distributed train, this server asks them and hears their events.

A run is an actor on one worker, and asked as a run of this process would be: to pause is not to ask, to cancel is to
close. What it has trained comes along as its checkpoint, so that where a worker dies another goes on from there.
"""

from __future__ import annotations

import functools
import itertools
import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from da_core.data.readers.uploads import resolve_place
from da_core.errors import UserError
from da_core.events import Event, Finished, Progress
from da_core.experiment import Experiment
from da_core.jobs.checkpoint_store import CheckpointPlace
from da_core.jobs.processes.cluster_worker import CarriedCheckpoint, RemoteRun, RemoteStep
from da_core.jobs.scheduling.workers import RunFunction, imported_run
from da_core.settings import settings
from da_core.several_runs.run_several import Runner

if TYPE_CHECKING:
    from distributed import Client

    from da_core.training.resuming import Place

log = logging.getLogger(__name__)

_LOOK_SECONDS = 1.0
"""Between two looks at which workers there are, and between two tries of a run that finds no place."""
_ANSWER_SECONDS = 20.0
"""So long a worker that is there may take for what is answered at once."""
_MOST_LOST = 3
"""A run whose workers were lost so often is likely what ends them: too large for their memory."""


class LostWorkerError(Exception):
    """The worker of this address does not answer any more."""


class Cluster:
    """The workers of the Dask scheduler at ``address``, each of which trains one run at a time.

    A worker with the resource ``GPU`` gets the runs that may use one, where there is any such; the others get the
    rest. Safe to use from many threads. Where the scheduler cannot be reached there are no workers, until it can.
    """

    def __init__(self, address: str, run: Callable[..., Iterator[Event]] = imported_run) -> None:
        self._address = address
        self._run = run
        self._client: Client | None = None
        self._has_gpu: dict[str, bool] = {}
        self._reached = False
        """Whether the scheduler has answered the last look: without it, no worker is known to be gone."""
        self._asked: Counter[str] = Counter()
        """How many runs of this server each worker has."""
        self._trained: dict[str, str] = {}
        """What each worker has trained on the source lately, which another run of the same finds in its memory."""
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._looked = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, on_change: Callable[[], None] = lambda: None) -> None:
        """Begin to look which workers there are; ``on_change`` is called whenever they are others."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._look, args=(on_change,), name="cluster", daemon=True)
            self._thread.start()

    def wait_for_workers(self, timeout: float) -> int:
        """Wait until it is known which workers there are, and count them. Raises `UserError` where none answers."""
        self.start()
        self._looked.wait(timeout)
        if not self._has_gpu:
            raise UserError(
                "No worker of the cluster at {address} answers; start the scheduler and workers.", address=self._address
            )
        return len(self._has_gpu)

    @property
    def size(self) -> int:
        """How many runs can train at the same time."""
        return len(self._has_gpu)

    def has_room(self, experiment: Experiment, beside: Sequence[Experiment]) -> bool:
        """Tell whether a worker for this run is left beside those that train."""
        suitable = self._suitable(experiment)
        return sum(self._suitable(other) == suitable for other in beside) < len(suitable)

    def run(
        self,
        experiment: Experiment,
        *,
        should_stop: Callable[[], bool],
        checkpoint: Place | None = None,
        **options: Any,
    ) -> Iterator[Event]:
        """Run an experiment on a worker, as `da_core.run.run` does here; if the worker is lost, go on on another.

        ``options`` are handed on. The events of a run that goes on elsewhere come again. Raises what the run raises,
        and `UserError` where it lost too many workers.
        """
        self.start()
        checkpoint = checkpoint or CarriedCheckpoint()
        run = functools.partial(self._run, **options)
        for lost in range(_MOST_LOST):
            if isinstance(checkpoint, CheckpointPlace):
                checkpoint = replace(checkpoint, lost=lost)
            try:
                for event in self._run_once(run, experiment, should_stop, checkpoint, lost):
                    yield event
                    if isinstance(event, Finished):
                        return
            except LostWorkerError as error:
                log.warning("worker %s was lost, and its run goes on elsewhere", error)
                self._has_gpu = {one: gpu for one, gpu in self._has_gpu.items() if one != str(error)}
        raise UserError(
            "{count} workers were lost while they trained this run, perhaps because memory ran out; choose a smaller "
            "batch or network.",
            count=_MOST_LOST,
        )

    @property
    def runner(self) -> Runner:
        """Return what does the runs of a command on all workers. Raises `UserError` where there is none."""
        self.wait_for_workers(_ANSWER_SECONDS)
        return Runner(self.run, lambda: self.size)

    def close(self) -> None:
        """Let go of the cluster; its scheduler and workers go on."""
        self._closed.set()
        if self._thread is not None:
            self._thread.join(_ANSWER_SECONDS)

    def _run_once(
        self,
        run: RunFunction,
        experiment: Experiment,
        should_stop: Callable[[], bool],
        checkpoint: Place,
        lost: int,
    ) -> Iterator[Event]:
        while (remote := self._place(run, experiment, checkpoint, lost)) is None:
            yield Progress(0.0, None)  # so that a run that waits for another server's can be stopped
            self._closed.wait(_LOOK_SECONDS)
        try:
            remote.bring_uploads()
            if remote.wants_checkpoint:
                remote.bring_checkpoint(_content(checkpoint))
            while True:
                step = remote.step(should_stop())
                if step.checkpoint is not None:
                    try:
                        checkpoint.write(step.checkpoint)
                    except OSError:
                        log.warning("a checkpoint cannot be kept just now, and its run goes on", exc_info=True)
                yield from step.events
                if step.error is not None:
                    raise step.error
        finally:
            remote.close()
            with self._lock:
                self._asked[remote.address] -= 1

    def _place(self, run: RunFunction, experiment: Experiment, checkpoint: Place, lost: int) -> _Asked | None:
        """Put a run on a worker that trains none; None where each has one, of another server perhaps."""
        common = experiment.model_copy(update={"method": Experiment().method, "oracle": False}).key
        with self._lock:
            suitable = sorted(
                self._suitable(experiment), key=lambda one: (self._asked[one], self._trained.get(one) != common)
            )
        client = self._client
        if client is None:
            return None
        attempt, shared = checkpoint.attempt + lost, None
        if isinstance(checkpoint, CheckpointPlace):
            attempt, shared = checkpoint.attempt, checkpoint.shared()
        args = (run, experiment, attempt, shared)
        for address in suitable:
            with self._lock:
                self._asked[address] += 1
            try:
                remote = _Asked(client, address, args, functools.partial(self._is_there, address))
                if remote.begin():
                    self._trained[address] = common
                    return remote
            except LostWorkerError:
                log.warning("worker %s does not answer", address, exc_info=True)
            with self._lock:
                self._asked[address] -= 1
        return None

    def _is_there(self, address: str, waited: float) -> bool:
        """Tell whether a worker that has not answered for so many seconds may still do so."""
        return address in self._has_gpu or (not self._reached and waited < _ANSWER_SECONDS)

    def _suitable(self, experiment: Experiment) -> frozenset[str]:
        with_gpu = frozenset(address for address, has_gpu in self._has_gpu.items() if has_gpu)
        without = frozenset(self._has_gpu) - with_gpu
        return (with_gpu or without) if experiment.device != "cpu" else (without or with_gpu)

    def _look(self, on_change: Callable[[], None]) -> None:
        """Keep up with which workers there are."""
        while not self._closed.is_set():
            found = self._workers_now()
            self._reached, there = found is not None, found or {}
            if there != self._has_gpu:
                log.info("the cluster has %d workers, %d of them with a GPU", len(there), sum(there.values()))
                self._has_gpu = there
                on_change()
            if there:
                self._looked.set()
            self._closed.wait(_LOOK_SECONDS)
        if self._client is not None:
            self._client.close(timeout=_LOOK_SECONDS)  # type: ignore[no-untyped-call]

    def _workers_now(self) -> dict[str, bool] | None:
        """Tell of each worker whether it has a GPU; None where the scheduler does not answer."""
        from distributed import Client

        try:
            if self._client is None or self._client.status == "closed":
                self._client = Client(  # type: ignore[no-untyped-call]
                    self._address, set_as_default=False, direct_to_workers=True, name="da-lab"
                )
            scheduler = self._client.scheduler
            if self._client.status != "running" or scheduler is None:
                return None
            # `Client.scheduler_info` may hand out what its own timer has asked for meanwhile, which is no workers
            workers = self._client.sync(scheduler.identity, n_workers=-1)["workers"]  # type: ignore[no-untyped-call]
        except (OSError, RuntimeError, LookupError) as error:  # it is away, or this client has just lost it
            log.warning("the cluster at %s cannot be reached: %s", self._address, error)
            return None
        return {address: worker["resources"].get("GPU", 0) >= 1 for address, worker in workers.items()}


def _content(checkpoint: Place) -> bytes | None:
    try:
        return checkpoint.read()
    except OSError:
        log.warning("a checkpoint cannot be read, and its run begins again", exc_info=True)
        return None


class _Asked:
    """A run on a worker, seen from here. Every method raises `LostWorkerError` where the worker is gone."""

    def __init__(self, client: Client, address: str, args: tuple[Any, ...], is_there: Callable[[float], bool]) -> None:
        self.address, self._client, self._args, self._is_there = address, client, args, is_there
        self.wants_checkpoint = True
        """Whether the worker cannot read what was trained before, nor keep what it trains."""
        self._begun: Any = None
        """Dask's future of the actor: the actor is there while somebody holds this."""
        self._actor: Any = None

    def begin(self) -> bool:
        """Make the run on the worker; tell whether it has a place there."""
        try:
            with self._client.as_current():
                self._begun = self._client.submit(
                    RemoteRun, *self._args, actor=True, workers=[self.address], allow_other_workers=False, pure=False
                )
                self._actor = self._begun.result(timeout=_ANSWER_SECONDS)
                self.wants_checkpoint = bool(self._actor.wants_checkpoint)
                return bool(self._actor.seated)
        except Exception as error:  # Dask has many for a worker or a scheduler that is gone
            raise self._lost() from error

    def bring_uploads(self) -> None:
        """Bring the worker what it lacks of the visitor's own files."""
        for place in self._answer("missing_uploads"):
            self._answer("bring_upload", place, resolve_place(place).read_bytes())

    def bring_checkpoint(self, content: bytes | None) -> None:
        """Bring the worker what was trained before."""
        self._answer("bring_checkpoint", content)

    def step(self, finish_early: bool) -> RemoteStep:
        """Have the run go on for a moment."""
        step: RemoteStep = self._answer("step", finish_early)
        return step

    def close(self) -> None:
        """End the run, if it is still there."""
        if self._actor is not None:
            with suppress(LostWorkerError, OSError):
                self._call("close").result(timeout=_ANSWER_SECONDS)
        self._actor = self._begun = None

    def _answer(self, method: str, *args: Any) -> Any:
        call = self._call(method, *args)
        for looks in itertools.count(1):
            try:
                return call.result(timeout=_LOOK_SECONDS)
            except TimeoutError as error:  # Dask does not always tell who waits that the worker has died
                if not self._is_there(looks * _LOOK_SECONDS):
                    raise self._lost() from error
            except UserError:
                raise
            except Exception as error:
                raise self._lost() from error

    def _call(self, method: str, *args: Any) -> Any:
        try:
            with self._client.as_current():
                return getattr(self._actor, method)(*args)
        except RuntimeError as error:  # Dask knows already that it is gone
            raise self._lost() from error

    def _lost(self) -> LostWorkerError:
        """Let go of a worker that is gone: it would not even answer that the run is closed."""
        self._actor = self._begun = None
        return LostWorkerError(self.address)


@functools.cache
def cluster() -> Cluster:
    """Return the cluster that the settings name."""
    return Cluster(settings().cluster)
