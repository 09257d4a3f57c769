"""A run as a worker of the cluster holds it: asked from afar for its next events, as a thread asks one here."""

from __future__ import annotations

import logging
import pickle
import threading
import time
import weakref
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field

from da_core.data.readers.uploads import keep_upload, place_name, resolve_place
from da_core.errors import UserError
from da_core.events import Event, Finished
from da_core.experiment import Experiment
from da_core.jobs.checkpoint_store import CheckpointPlace, SharedPlace

log = logging.getLogger(__name__)

STEP_SECONDS = 0.25
"""So long events are collected before they are sent: a run does not wait for the network at each."""
ASIDE_SECONDS = 3.0
"""A run that nobody has asked for so long is paused, and another may have its place."""


@dataclass(frozen=True)
class RemoteStep:
    """What a run has said since it was asked, and what it wants kept as its checkpoint; ``error`` ended it."""

    events: tuple[Event, ...]
    checkpoint: bytes | None = None
    error: Exception | None = None


@dataclass
class CarriedCheckpoint:
    """A run's checkpoint on its way to whoever asks, as `da_core.run.run` takes it: the worker's disk keeps nothing."""

    attempt: int = 1
    content: bytes | None = None
    written: bool = False

    def read(self) -> bytes | None:
        return self.content

    def write(self, content: bytes) -> None:
        self.content, self.written = content, True

    def take_written(self) -> bytes | None:
        """Give what was written since the last call; None if nothing was."""
        written, self.written = self.written, False
        return self.content if written else None


@dataclass(frozen=True)
class WorkersCheckpoint:
    """A run's checkpoint that the worker keeps itself; where the storage refuses, it goes to whoever asks."""

    place: CheckpointPlace
    carried: CarriedCheckpoint

    @property
    def attempt(self) -> int:
        """How often the run has been begun, this time included."""
        return self.place.attempt

    def read(self) -> bytes | None:
        return self.place.read()

    def write(self, content: bytes) -> None:
        try:
            self.place.write(content)
        except OSError:
            log.warning("the storage refuses a checkpoint, which goes to the web server", exc_info=True)
            self.carried.write(content)


class RemoteRun:
    """An actor of Dask: one run in a worker's process. Its methods are called one after the other, in one thread.

    Where the web server's storage is the worker's as well, the worker keeps the run's checkpoint at ``shared``.
    """

    seated: bool = False
    """Whether the worker had a place: where another run trains this one is not to be asked."""
    wants_checkpoint: bool = False
    """Whether what was trained before has to be brought, and what is trained comes with the steps."""

    def __init__(
        self, run: Callable[..., Iterator[Event]], experiment: Experiment, attempt: int, shared: SharedPlace | None
    ) -> None:
        self._run = run
        self._experiment = experiment
        self._carried = CarriedCheckpoint(attempt)
        place = None if shared is None else shared.open()
        self.wants_checkpoint = place is None
        self._checkpoint = self._carried if place is None else WorkersCheckpoint(place, self._carried)
        self._finish_early = False
        self._events: Iterator[Event] | None = None
        self._asked = time.monotonic()
        self._busy = False
        self.seated = _seat.take(self)

    @property
    def is_aside(self) -> bool:
        """Whether nobody has asked for the next event lately."""
        return not self._busy and time.monotonic() - self._asked > ASIDE_SECONDS

    def bring_checkpoint(self, content: bytes | None) -> None:
        """Take over what an earlier attempt has trained."""
        self._carried.content = content

    def missing_uploads(self) -> list[str]:
        """List the uploads that the run reads and this worker has not got."""
        return [place for place in self._experiment.places if place.startswith("upload:") and not _has(place)]

    def bring_upload(self, place: str, content: bytes) -> None:
        """Keep an upload under its content's digest, which is checked here."""
        if keep_upload(place_name(place), content).partition("/")[0] != place.partition("/")[0]:
            raise UserError("The uploaded file is no longer on this server; upload it again.")

    def step(self, finish_early: bool) -> RemoteStep:
        """Train for `STEP_SECONDS` or to the end, and tell what happened."""
        self._finish_early = self._finish_early or finish_early
        self._busy = True
        events: list[Event] = []
        error: Exception | None = None
        until = time.monotonic() + STEP_SECONDS
        try:
            if self._events is None:
                self._events = self._run(
                    self._experiment, should_stop=lambda: self._finish_early, checkpoint=self._checkpoint
                )
            for event in self._events:
                events.append(event)
                if isinstance(event, Finished) or time.monotonic() > until:
                    break
            else:
                raise RuntimeError("the run ended without a result")
        except Exception as raised:
            if not isinstance(raised, UserError):
                log.exception("a run failed on this worker")
            error = _portable(raised)
        finally:
            self._busy, self._asked = False, time.monotonic()
        return RemoteStep(tuple(events), self._carried.take_written(), error)

    def close(self) -> None:
        """End the run and free its place."""
        _seat.leave(self)
        if isinstance(self._events, Generator):
            self._events.close()


@dataclass
class _Seat:
    """The one place to train in a worker's process; a run that is gone or paused has left it."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    holder: weakref.ref[RemoteRun] | None = None

    def take(self, run: RemoteRun) -> bool:
        with self.lock:
            holder = self.holder() if self.holder is not None else None
            if holder is not None and not holder.is_aside:
                return False
            self.holder = weakref.ref(run)
            return True

    def leave(self, run: RemoteRun) -> None:
        with self.lock:
            if self.holder is not None and self.holder() is run:
                self.holder = None


_seat = _Seat()


def _has(place: str) -> bool:
    try:
        return resolve_place(place).is_file()
    except UserError:
        return False


def _portable(error: Exception) -> Exception:
    """Return an error as it can travel: without its frames, and as a plain one where it is of a kind that cannot."""
    try:
        copy = pickle.loads(pickle.dumps(error))
    except Exception:  # whatever an exception's own class does when it is pickled
        return RuntimeError(f"{type(error).__name__}: {error}")
    return copy if isinstance(copy, Exception) else RuntimeError(str(error))
