"""A run for tests of child processes, which import it: so it comes without torch."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from enum import IntEnum

import numpy as np

from da_core.errors import UserError
from da_core.events import Event, Finished, Notice, Progress, StageStarted
from da_core.experiment import Experiment


class Seed(IntEnum):
    """Seeds of runs that end otherwise than well."""

    NUMPY = 1
    TORCH = 2
    KILLED = 3
    SENTENCE = 4
    OTHER = 5
    ENDLESS = 6


FLOATS = 2**30  # 4 GB


def seeded(
    end: Finished, experiment: Experiment, *, should_stop: Callable[[], bool], **options: object
) -> Iterator[Event]:
    """Do what the experiment's seed asks for, and come to ``end``."""
    yield StageStarted("load", ("load", "adapt"))
    match experiment.seed:
        case Seed.NUMPY:
            yield Progress(float(np.zeros(FLOATS, np.float32)[0]), None)
        case Seed.TORCH:
            import torch

            yield Progress(float(torch.zeros(FLOATS)[0]), None)
        case Seed.KILLED:
            os.kill(os.getpid(), signal.SIGKILL)  # as the kernel does when the machine has no memory left
        case Seed.SENTENCE:
            raise UserError("Give {n} classes.", n=2)
        case Seed.OTHER:
            raise ZeroDivisionError("secret")
        case Seed.ENDLESS:
            while not should_stop():
                yield Notice("by {pid}", {"pid": os.getpid()})
            yield Notice("cut short")
        case _:
            yield Notice("by {pid}", {"pid": os.getpid(), **options})
    yield end
