"""What an owner may ask of a run as it stands, and how it will stand once another server has done what was asked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from da_core.errors import UserError
from da_core.jobs.database.wish import PlacedWish, Wish
from da_core.jobs.owners import OwnerDigest
from da_core.jobs.scheduling.run_view import RunView


def is_due(wish: Wish, view: RunView, *, is_owner: bool) -> bool:
    """Tell whether a run can be made to follow a wish. Raises `UserError` where it is not the visitor's to ask."""
    if wish in ("renew", "join", "join_behind", "join_ahead"):
        return view.live
    if not is_owner:
        raise UserError("This run belongs to another visitor; start your own to change it.")
    match wish:
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
    return False


@dataclass(frozen=True)
class RunElsewhere:
    """A run that another server drives, as if that had done already what was asked of it."""

    view: RunView
    owners: tuple[OwnerDigest, ...]

    def may_be_joined(self, owner: OwnerDigest) -> bool:
        """Tell whether a visitor who submits the same experiment is to have this run; see `Schedule.equal`."""
        shared = self.view.state in ("queued", "running") and not self.view.finishing_early
        return self.view.state != "stopping" and (shared or owner in self.owners)

    def after(self, wishes: Iterable[PlacedWish]) -> RunElsewhere:
        """Foresee what these wishes make of it."""
        there = self
        for placed in wishes:
            there = there._after(placed)
        return there

    def _after(self, placed: PlacedWish) -> RunElsewhere:
        view, owners = self.view, self.owners
        match placed.wish:
            case "renew":
                return self
            case "join" | "join_behind" | "join_ahead":
                owners = tuple(dict.fromkeys([*owners, placed.owner]))
            case "stop" if len(owners) > 1:
                owners = tuple(owner for owner in owners if owner != placed.owner)
            case "stop":
                view = replace(view, state="stopping")
            case "pause":
                view = replace(view, state="paused")
            case "resume":
                view = replace(view, state="queued", place=None)
            case "finish_early":
                view = replace(view, finishing_early=True, state="queued" if view.state == "paused" else view.state)
        return RunElsewhere(replace(view, owners=len(owners), version=view.version + 1), owners)
