"""Explain a failed run in one sentence; the trace goes to the log, under the run's id."""

from __future__ import annotations

import logging

from da_core.errors import DISK_IS_FULL, UserError, is_full_disk, is_out_of_memory

log = logging.getLogger(__name__)


def explained_failure(error: Exception, run_id: str) -> UserError:
    """Explain an exception of a run in one sentence.

    The exceptions of torch are recognised by name and text, so that torch need not be imported here.
    """
    if isinstance(error, UserError):
        # a new one, because the one that was raised holds on to the run's frames, and so to its network and its data
        return UserError(error.message, **error.values)
    log.error("run %s failed", run_id, exc_info=error)
    if type(error).__name__ == "OutOfMemoryError":
        return UserError("The GPU ran out of memory; choose a smaller batch or network.")
    if is_out_of_memory(error):
        return UserError("The server ran out of memory; choose a smaller batch or network.")
    if is_full_disk(error):
        return UserError(DISK_IS_FULL)
    return UserError(
        "Something went wrong inside run {run}; try again, and if it fails again, contact the administrator.",
        run=run_id,
    )
