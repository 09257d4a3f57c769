"""Reach the workers of a Dask scheduler, and run the several runs of a command on all of them."""

from __future__ import annotations

import functools
import logging
import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from da_core.errors import UserError
from da_core.events import Finished
from da_core.experiment import Experiment
from da_core.jobs.processes.cluster_worker import finish
from da_core.jobs.scheduling.workers import RunFunction, imported_run
from da_core.several_runs.run_several import Runner

if TYPE_CHECKING:
    from distributed import Client

log = logging.getLogger(__name__)

_LOOK_SECONDS = 1.0
_ANSWER_SECONDS = 20.0
_WAITS_OR_GOES = {"waiting", "no-worker", "queued", "processing"}
"""States of a task that the scheduler will have done."""


class Cluster:
    """The workers of the Dask scheduler at ``address``, each of which trains one run at a time.

    A worker with the resource ``GPU`` gets the runs that may use one, where there is any such; the others get the
    rest. Where the scheduler cannot be reached there are no workers, until it can.
    """

    def __init__(self, address: str) -> None:
        self._address = address
        self._client: Client | None = None
        self.workers: dict[str, bool] = {}
        """The workers at the last look, by address, and whether each has a GPU."""

    def look(self) -> dict[str, bool]:
        """Ask the scheduler which workers there are; where it does not answer that takes its time."""
        workers = self._workers_now()
        if workers != self.workers:
            log.info("the cluster has %d workers, %d of them with a GPU", len(workers), sum(workers.values()))
        self.workers = workers
        return workers

    def wants_gpu(self, experiment: Experiment) -> bool:
        """Tell whether a run goes to a worker with a GPU."""
        return experiment.device != "cpu" and any(self.workers.values())

    def unknown(self, tasks: Iterable[str]) -> set[str]:
        """Find the tasks that the scheduler will not have done; none where it cannot be reached."""
        client, wanted_keys = self._reached(), set(tasks)
        if client is None or not wanted_keys:
            return set()
        states = client.sync(client.scheduler.get_task_status, keys=list(wanted_keys))  # type: ignore[no-untyped-call, union-attr]
        return {task for task in wanted_keys if states.get(task) not in _WAITS_OR_GOES}

    def hand_over(self, task: str, function: Callable[[str], None], *, gpu: bool) -> None:
        """Have a worker call a function with the name of a task, which the scheduler keeps without this process."""
        from distributed import fire_and_forget

        if (client := self._reached()) is not None:
            fire_and_forget(client.submit(function, task, key=task, **self._where(gpu=gpu)))  # type: ignore[no-untyped-call]

    def runner(self, run: RunFunction = imported_run) -> Runner:
        """Return what does the runs of a command on all workers. Raises `UserError` where there is none."""
        deadline = time.monotonic() + _ANSWER_SECONDS
        while not self.look():
            if time.monotonic() > deadline:
                raise self._no_worker()
            time.sleep(_LOOK_SECONDS)
        return Runner(functools.partial(self._finish, run), lambda: len(self.look()))

    def _finish(
        self, run: RunFunction, experiment: Experiment, *, should_stop: Callable[[], bool], **options: Any
    ) -> Iterator[Finished]:
        """Run an experiment on a worker, and yield its end alone; none where it is to stop."""
        from distributed import CancelledError, KilledWorker
        from distributed import Event as Flag

        client = self._client
        assert client is not None
        stopped = Flag(f"stopped-{secrets.token_hex(8)}", client=client)  # type: ignore[no-untyped-call]
        run, where = functools.partial(run, **options), self._where(gpu=self.wants_gpu(experiment))
        future = client.submit(finish, run, experiment, stopped.name, pure=False, **where)  # type: ignore[no-untyped-call]
        try:
            while not should_stop():
                try:
                    error = future.exception(timeout=_LOOK_SECONDS)  # type: ignore[no-untyped-call]
                except TimeoutError:
                    continue
                if isinstance(error, KilledWorker):
                    raise UserError(
                        "{count} workers were lost while they trained this run, perhaps because memory ran out; "
                        "choose a smaller batch or network.",
                        count=error.allowed_failures,
                    )
                yield future.result()
                return
        except CancelledError:  # the scheduler is gone
            raise self._no_worker() from None
        finally:
            if not future.done():  # type: ignore[no-untyped-call]
                stopped.set()  # type: ignore[no-untyped-call]
                client.cancel([future])  # type: ignore[no-untyped-call]

    def close(self) -> None:
        """Let go of the cluster; its scheduler and workers go on."""
        if self._client is not None:
            self._client.close(timeout=_LOOK_SECONDS)  # type: ignore[no-untyped-call]

    def _no_worker(self) -> UserError:
        return UserError(
            "No worker of the cluster at {address} answers; start the scheduler and workers.", address=self._address
        )

    def _where(self, *, gpu: bool) -> dict[str, Any]:
        """Choose workers for a task: with a GPU, or rather without where there are both."""
        if gpu:
            return {"resources": {"GPU": 1}}
        without = [address for address, has_gpu in self.workers.items() if not has_gpu]
        return {"workers": without, "allow_other_workers": True} if 0 < len(without) < len(self.workers) else {}

    def _reached(self) -> Client | None:
        return self._client if self.workers else None

    def _workers_now(self) -> dict[str, bool]:
        from distributed import Client

        try:
            if self._client is None or self._client.status == "closed":
                self._client = Client(self._address, set_as_default=False, name="da-lab")  # type: ignore[no-untyped-call]
            scheduler = self._client.scheduler
            if self._client.status != "running" or scheduler is None:
                return {}
            # `Client.scheduler_info` may hand out what its own timer has asked for meanwhile, which is no workers
            workers = self._client.sync(scheduler.identity, n_workers=-1)["workers"]  # type: ignore[no-untyped-call]
        except (OSError, RuntimeError, LookupError) as error:  # it is away, or this client has just lost it
            log.warning("the cluster at %s cannot be reached: %s", self._address, error)
            return {}
        return {address: worker["resources"].get("GPU", 0) >= 1 for address, worker in workers.items()}
