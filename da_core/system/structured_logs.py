"""Write the server's log: one record a line, as text or as JSON, with the run that it concerns and no secret."""

from __future__ import annotations

import json
import logging
import math
import re
import sys
import time
import traceback
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Literal, TextIO

LogFormat = Literal["text", "json"]

_ABOUT: ContextVar[str] = ContextVar("the run that this thread works for", default="")
_OURS = ("da_lab", "da_core.jobs")
"""The loggers whose INFO is of use to an operator; that of the readers of files repeats visitors' file names."""
_SECRETS = {
    r"(da_lab_owner\w*|_streamlit_\w+|authorization)(\W{1,4})(?:bearer\s+)?[\w.|%+/=-]{8,}": r"\1\2…",
    r"(://[^\s:/@]*):[^\s@/]+@": r"\1:…@",  # the password in a database's URL
    r"(upload:[0-9a-f]{8})[0-9a-f]{56}\.\w+(?:/[^\s'\"”&]*)?": r"\1…",  # who knows the place may open the file
}

REPEAT_SECONDS = 60.0
"""Seconds for which the trace of the same error is not written again."""
LONGEST = 20_000
"""Letters of a record or a trace: a visitor may send megabytes, which the error then repeats."""
_LONGEST_REPEAT = 200
_MOST_TRACES = 1000


@contextmanager
def about_run(run_id: str) -> Iterator[None]:
    """Have each record of this thread name the run, while the body of the ``with`` goes on."""
    before = _ABOUT.set(run_id)
    try:
        yield
    finally:
        _ABOUT.reset(before)


def scrubbed(text: str) -> str:
    """Cut cookies, passwords and the places of uploads out of a text."""
    for secret, instead in _SECRETS.items():
        text = re.sub(secret, instead, text, flags=re.IGNORECASE)
    return text


def shortened(text: str) -> str:
    """Cut the middle out of a text that is longer than `LONGEST`."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST // 2]}\n…\n{text[-LONGEST // 2 :]}"


class RareTraces(logging.Formatter):
    """Write the trace of an error once in `REPEAT_SECONDS`, and in between only its name and count.

    A visitor can send what no page of ours sends as often as they like, and the log is on a disk that all share.
    """

    def __init__(self, fmt: str | None = None) -> None:
        super().__init__(fmt)
        self._written: dict[Hashable, tuple[float, int]] = {}

    def formatException(self, ei: Any) -> str:  # noqa: N802
        """Write the trace, or one line where the same error, raised at the same place, had it written lately."""
        kind, error, trace = ei
        # of the places in any order: one that calls itself more often is the same
        place = kind, frozenset((frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(trace))
        since, repeats = self._written.get(place, (-math.inf, 0))
        if time.monotonic() - since < REPEAT_SECONDS:
            self._written[place] = since, repeats + 1
            last = scrubbed(" ".join(traceback.format_exception_only(kind, error)[-1].split()))
            return f"{last[:_LONGEST_REPEAT]} (again, {repeats + 1} times since its trace was written)"
        if len(self._written) >= _MOST_TRACES:
            self._written.clear()
        self._written[place] = time.monotonic(), 0
        return shortened(scrubbed(super().formatException(ei)))


class JsonLines(RareTraces):
    """Write a record as a JSON object: time (UTC), level, logger, message, run and exception where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """Write one line."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": shortened(scrubbed(record.getMessage())),
        }
        if run := _ABOUT.get():
            line["run"] = run
        if record.exc_info:
            line["exception"] = scrubbed(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)


class TextLines(RareTraces):
    """Write a record as a line, like Streamlit; further lines are indented, so that no text poses as a record."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """Write the line, and the exception below it."""
        first, *more = shortened(scrubbed(super().format(record))).splitlines()
        run = _ABOUT.get()
        return "\n    ".join([f"{first} [run {run}]" if run and run not in first else first, *more])


def set_up(kind: LogFormat, stream: TextIO | None = None) -> None:
    """Write the records of all loggers to ``stream``, stderr by default, and those of other handlers there no more."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines() if kind == "json" else TextLines())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.captureWarnings(True)
    for name in _OURS:
        logging.getLogger(name).setLevel(logging.INFO)
    for logger in logging.root.manager.loggerDict.values():
        if isinstance(logger, logging.Logger):
            for own in [own for own in logger.handlers if type(own) is logging.StreamHandler]:
                logger.removeHandler(own)
                logger.propagate = True
