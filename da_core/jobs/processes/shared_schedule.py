"""Change the schedule of a cluster's runs, which is in the rows, one server or worker at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from da_core.jobs.checkpoint_store import CheckpointStore
from da_core.jobs.scheduling.fair_queue import QueueState
from da_core.jobs.scheduling.job import Job
from da_core.jobs.scheduling.live_runs import LiveRuns
from da_core.jobs.scheduling.schedule import Schedule


@contextmanager
def changing(
    rows: LiveRuns, checkpoints: CheckpointStore, make: Callable[[QueueState, list[Job]], Schedule]
) -> Iterator[Schedule]:
    """Hold the schedule that is ``made`` of the rows, and write down what was changed in it within.

    The checkpoints of runs that are over go with them. Raises `UnreachableError`.
    """
    over = []
    with rows.changing() as connection:
        jobs = {job.run_id: job for job in rows.read(connection)}
        states = {run_id: rows.state_of(job) for run_id, job in jobs.items()}
        schedule = make(queue_state := rows.queue_state(connection), list(jobs.values()))
        live = set(schedule.jobs)
        with schedule.changed:
            yield schedule
        for run_id, job in schedule.jobs.items():
            if run_id not in jobs:
                rows.write(connection, run_id, rows.values_of(job))
            elif (state := rows.state_of(job)) != states[run_id]:
                begins = state["trains"] and not states[run_id]["trains"]  # else its worker reports
                rows.write(connection, run_id, state | (rows.report_of(job) if begins else {}))
        for run_id in live - schedule.jobs.keys():
            job = jobs[run_id]
            if job.state == "done":
                rows.delete(connection, [run_id])
            else:
                rows.write(connection, run_id, rows.state_of(job) | rows.report_of(job))
            over.append(run_id)
        if schedule.turns.state != queue_state:
            rows.write_queue_state(connection, schedule.turns.state)
    for run_id in over:
        checkpoints.delete(run_id)
