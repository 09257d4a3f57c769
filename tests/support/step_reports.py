"""Steps that a process reports before it takes them, so that it can be killed at any of them and not after a time."""

from __future__ import annotations

import fnmatch
import threading
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from typing import Any
from unittest import mock

Step = int | str
"""A step by its number, from 1, or by its name, in which * stands for anything."""


def has_come(steps: Sequence[str], step: Step | None) -> bool:
    """Tell whether the last of these steps is the one that is meant."""
    return len(steps) == step if isinstance(step, int) else step is not None and fnmatch.fnmatch(steps[-1], step)


class StepReports:
    """Sends reports into a pipe. Safe to use from many threads.

    The thread that comes to the step ``last`` stays there, so that the process is killed at this step.
    """

    def __init__(self, reports: Connection, last: Step | None = None) -> None:
        self._reports = reports
        self._last = last
        self._steps: list[str] = []
        self._lock = threading.Lock()

    def send(self, report: object) -> None:
        """Report something that is no step."""
        with self._lock:
            self._reports.send(report)

    def step(self, name: str) -> None:
        """Report the next step."""
        with self._lock:
            self._reports.send(name)
            self._steps.append(name)
            stays = has_come(self._steps, self._last)
        if stays:
            threading.Event().wait()

    def calls(self, owner: object, function: str, name: Callable[..., str | None], *, after: str = "") -> None:
        """Report each call of a function as a step before it is made, by the ``name`` of its arguments, if it has one.

        Where that contains ``after``, the end of the call is a step, too.
        """
        original = getattr(owner, function)

        def reported(*args: Any, **options: Any) -> Any:
            if (step := name(*args, **options)) is not None:
                self.step(step)
            result = original(*args, **options)
            if step and after and after in step:
                self.step(f"after {step}")
            return result

        mock.patch.object(owner, function, reported).start()
