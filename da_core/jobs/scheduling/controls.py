"""Check what an owner may do with a run in its state."""

from __future__ import annotations

from typing import Literal

from da_core.errors import UserError
from da_core.jobs.scheduling.run_view import RunView

Control = Literal["pause", "resume", "stop", "finish_early"]
"""What an owner may ask; “stop” takes that owner off the run, and ends it with the last one."""


def is_due(control: Control, view: RunView, *, is_owner: bool) -> bool:
    """Tell whether a run can be made to follow a control. Raises `UserError` where it is not the visitor's to ask."""
    if not is_owner:
        raise UserError("This run belongs to another visitor; start your own to change it.")
    match control:
        case "pause":
            if view.state not in ("queued", "running"):
                return False
            if view.owners > 1:
                raise UserError(
                    "{count} visitors share this run, so it cannot be paused; choose another seed to have your own.",
                    count=view.owners,
                )
            return True
        case "resume":
            return view.state == "paused"
        case "stop":
            return view.live
        case "finish_early":
            if view.state == "stopping" or not view.live:
                return False
            if view.owners > 1:
                raise UserError(
                    "{count} visitors share this run, so it cannot be ended early; choose another seed to have your "
                    "own.",
                    count=view.owners,
                )
            if view.started_at is None:
                raise UserError("This run has not started, so it has learned nothing yet; wait for it or stop it.")
            return True
