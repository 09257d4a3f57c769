"""Runs that may be what ended their server: each trains alone, and is given up in the end."""

from __future__ import annotations

import logging

from da_core.errors import UserError
from da_core.jobs.checkpoint_store import CheckpointStore
from da_core.jobs.scheduling.job import Job

log = logging.getLogger(__name__)

MOST_CRASHES = 3
"""When this many servers in a row have ended while they trained a run, the run is most likely the cause."""
GIVEN_UP = (
    "The server ended {count} times while it trained this run, so the run was cancelled; choose other data, a "
    "smaller batch or a smaller network."
)


def count_crashes(job: Job, checkpoints: CheckpointStore | None) -> int:
    """Count the processes in a row that have ended while they trained a run, since its last checkpoint was saved.

    Every attempt ends at most one. Where the checkpoints cannot be read, no run is given up for that.
    """
    if not job.crashes or checkpoints is None:
        return job.crashes
    try:
        saved = checkpoints.last_attempt(job.run_id)
    except OSError as error:
        log.warning("whether run %s has got further is not known just now: %s", job.run_id, error)
        return min(job.crashes, MOST_CRASHES - 1)
    return job.crashes if saved is None else min(job.crashes, max(job.attempt - saved, 0))


def check_crashes(job: Job) -> None:
    """Raise `UserError` for a run that has ended too many servers."""
    if job.crashes >= MOST_CRASHES:
        log.error("run %s is given up: %d servers in a row ended while they trained it", job.run_id, job.crashes)
        raise UserError(GIVEN_UP, count=job.crashes)
