"""Write a run's trainings to a checkpoint, so that another process goes on from there, bit for bit.

What is loaded and prepared is done again, and so is what is fitted without epochs: only trainings are kept.
"""

from __future__ import annotations

import functools
import hashlib
import io
import logging
import math
import time
from collections.abc import Callable, Iterator
from pickle import UnpicklingError
from typing import Protocol, get_args

import torch

from da_core.events import STAGES, Notice, Phase
from da_core.settings import settings
from da_core.timing import Pace
from da_core.training.prepared import Prepared, filled_in
from da_core.training.saved_training import SavedTraining, State
from da_core.training.training_cache import digest

log = logging.getLogger(__name__)

FORMAT = "da-lab-checkpoint-1"
"""How a checkpoint begins; raised with every change of what follows."""
SHARE = 0.03
"""Of a run's time, at most so much goes into its checkpoints."""
GOES_ON = (
    "The server stopped while this run trained. The run continues after epoch {epoch} of “{stage}” and will give the "
    "same result."
)
BEGINS_AGAIN = (
    "The server stopped while this run waited or trained. The run starts again and will give the same result."
)


class Place(Protocol):
    """The place of one run's checkpoint."""

    @property
    def attempt(self) -> int:
        """Count the starts of the run, this one included."""

    def read(self) -> bytes | None:
        """Read what was written last; None if nothing was. Raises `OSError`."""

    def write(self, content: bytes) -> None:
        """Replace what was written before, whole or not at all. Raises `OSError`."""


class SnapshotsTaken(Protocol):
    """The snapshots that a run takes while it adapts."""

    def state(self) -> State:
        """Give what there is, as tensors by name."""

    def restore(self, state: State, epoch: float) -> None:
        """Take over what `state` gave after an epoch; nothing more is gathered up to that one."""


class RunCheckpoint:
    """All that one run's trainings have come to, in one place.

    It is written at the end of an epoch, at least ``seconds`` after the last time, and so seldom that no more than
    `SHARE` of the run's time goes into it. Where the place refuses, the run goes on and tries again later.
    """

    def __init__(
        self,
        place: Place,
        pace: Pace,
        snapshots: SnapshotsTaken,
        seconds: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._place, self._pace, self._snapshots, self._clock = place, pace, snapshots, clock
        self._seconds = settings().checkpoint_seconds if seconds is None else seconds
        self._identity = ""
        self._past: dict[Phase, State] = {}
        self._over: dict[Phase, State] = {}
        self._over_unwritten = False
        self._due = math.inf

    def resume(self, prepared: Prepared) -> Iterator[Notice]:
        """Read what an earlier attempt has left, and say in a notice how this one goes on.

        What is damaged, or of another experiment, version or data, is refused with a line in the log.
        """
        self._identity = identify(prepared)
        try:
            content = self._place.read()
            self._past = {} if content is None else unpack(content, self._identity)
        except (OSError, ValueError) as error:
            log.warning("the checkpoint cannot be used, and the run begins again: %s", error)
        self._due = self._clock() + self._seconds
        if self._past:
            phase = max(self._past, key=_PHASES.index)
            yield Notice(GOES_ON, {"epoch": self._past[phase]["epoch"], "stage": STAGES[phase]})
        elif self._place.attempt > 1:
            yield Notice(BEGINS_AGAIN)

    def training(self, phase: Phase) -> SavedTraining:
        """Open the training of a phase, with what an earlier attempt has done of it."""
        past = self._past.pop(phase, None)
        if past is not None:
            self._pace.credit(past["seconds"])
            if phase == "adapt":
                self._snapshots.restore(past["snapshots"], past["epoch"])
        return SavedTraining(past, functools.partial(self._offer, phase))

    def _offer(self, phase: Phase, training: SavedTraining, state: Callable[[], State] | None) -> None:
        if training.is_over:
            self._over[phase] = self._packed(phase, training, None)
            self._over_unwritten |= not training.was_over
        if (began := self._clock()) < self._due:
            return
        trainings = self._past | self._over
        if state is not None:
            trainings[phase] = self._packed(phase, training, state())
        elif not self._over_unwritten:
            return
        try:
            self._place.write(pack(trainings, self._identity))
            self._over_unwritten = False
        except OSError as error:
            log.warning("the checkpoint cannot be written just now, and the run goes on: %s", error)
        ended = self._clock()
        self._due = ended + max(self._seconds, (ended - began) / SHARE)

    def _packed(self, phase: Phase, training: SavedTraining, state: State | None) -> State:
        packed = training.pack(state) | {"seconds": self._pace.seconds_of_stage()}
        return packed | ({"snapshots": self._snapshots.state()} if phase == "adapt" else {})


_PHASES: tuple[Phase, ...] = get_args(Phase)


def identify(prepared: Prepared) -> str:
    """Name all that goes into a run's trainings: who has the same name comes to the same numbers."""
    pair, experiment = prepared.pair, prepared.experiment
    data = (prepared.source.X, prepared.source.y, prepared.target, prepared.few.X, prepared.few.y)
    labels = (prepared.labelled_target().y,) if prepared.trains_oracle else ()
    chosen = (pair.classes, experiment.model_dump_json(), filled_in(experiment), torch.__version__, prepared.device)
    return f"{experiment.key}-{digest(prepared.new_network(), *data, *labels, *chosen)}"


def pack(trainings: dict[Phase, State], identity: str) -> bytes:
    """Write trainings as one checkpoint: a line with format, identity and digest, then what ``torch.save`` makes."""
    buffer = io.BytesIO()
    torch.save(trainings, buffer)
    content = buffer.getbuffer()
    head = f"{FORMAT} {identity} {hashlib.blake2b(content).hexdigest()}\n"
    return head.encode() + content


def unpack(content: bytes, identity: str) -> dict[Phase, State]:
    """Read what `pack` wrote, onto the CPU. Raises `ValueError` where it is damaged, foreign or of another version."""
    head, _, rest = content.partition(b"\n")
    words = head.split(b" ")
    if words[0] != FORMAT.encode() or len(words) != 3:
        raise ValueError("it is no checkpoint of this version")
    if words[2] != hashlib.blake2b(rest).hexdigest().encode():
        raise ValueError("it is damaged")
    if words[1] != identity.encode():
        raise ValueError("it is of another experiment, of other data or of another version")
    try:
        trainings: dict[Phase, State] = torch.load(io.BytesIO(rest), map_location="cpu", weights_only=True)
    except (RuntimeError, EOFError, UnpicklingError) as error:
        raise ValueError("it is not weights and numbers alone") from error
    return trainings
