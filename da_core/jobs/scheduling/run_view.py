"""View a live or finished run: an unchanging snapshot, cheap to take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Literal

from da_core.errors import UserError
from da_core.events import Accuracies, Embedded, Losses, Notice, Stage
from da_core.experiment import Experiment
from da_core.run_folder import Record

RunState = Literal["queued", "running", "paused", "stopping", "done", "cancelled", "failed"]


@dataclass(frozen=True, eq=False)
class RunView:
    """A run as it is now. ``version`` grows with every change, so that a page redraws only then."""

    run_id: str
    experiment: Experiment
    state: RunState
    version: int
    submitted_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    owners: int = 0
    """How many visitors share the run while it is live."""
    place: int | None = None
    """1 for the next in the queue; None unless ``state`` is “queued”."""
    seconds_to_wait: float | None = None
    """About how long until it begins, never less than is left; None where that is not known, or it does not wait."""
    stage: Stage | None = None
    stages: tuple[Stage, ...] = ()
    fraction: float = 0.0
    seconds_left: float | None = None
    history: tuple[Losses | Accuracies, ...] = ()
    """In the order of events; thinned out evenly in a long run."""
    embeddings: Mapping[str, Embedded] = field(default_factory=lambda: MappingProxyType({}))
    """What there is so far, by ``"before/pca"``, ``"after/umap"``…"""
    notices: tuple[Notice, ...] = ()
    error: UserError | None = None
    """Why the run failed, or was ended although nobody asked for that."""
    finishing_early: bool = False
    """Whether it is on its way to the end with what it has learned so far."""

    interrupted: bool = False
    """Whether its server was stopped while it trained, and it waits to go on."""

    @property
    def live(self) -> bool:
        """True while it may still change."""
        return self.state not in ("done", "cancelled", "failed")


def view_of_record(record: Record) -> RunView:
    """Make the view of a run that only the store knows; its layouts are in the record's evidence."""
    return RunView(
        run_id=record.run_id,
        experiment=record.experiment,
        state="done",
        version=0,
        submitted_at=record.finished_at,
        finished_at=record.finished_at,
        fraction=1.0,
        seconds_left=0.0,
        history=record.history,
        notices=tuple(record.result.notices),
        finishing_early=not record.complete,
    )
