"""What a server says in its log: one record a line, as text or as JSON, with the run that it is about and no secret."""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Literal, TextIO

LogFormat = Literal["text", "json"]

_ABOUT: ContextVar[str] = ContextVar("the run that this thread works for", default="")
_OURS = ("da_lab", "da_core.jobs")
"""The loggers whose INFO is of use to an operator; that of the readers of files repeats visitors' file names."""
_SECRETS = {
    r"(da_lab_owner\w*|_streamlit_\w+|authorization)(\W{1,4})(?:bearer\s+)?[\w.|%+/=-]{8,}": r"\1\2…",
    r"(://[^\s:/@]*):[^\s@/]+@": r"\1:…@",  # the password in a database's URL
    r"(upload:[0-9a-f]{8})[0-9a-f]{56}\.\w+(?:/[^\s'\"”&]*)?": r"\1…",  # who knows the place may open the file
}


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


class JsonLines(logging.Formatter):
    """A JSON object a record: time (UTC), level, logger, message, run and exception where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """Write one line."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": scrubbed(record.getMessage()),
        }
        if run := _ABOUT.get():
            line["run"] = run
        if record.exc_info:
            line["exception"] = scrubbed(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)


class TextLines(logging.Formatter):
    """A line a record, as Streamlit writes them; what goes on below is indented, so that no text poses as a record."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """Write the line, and the exception below it."""
        first, *more = scrubbed(super().format(record)).splitlines()
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
            hand_on(logger)


def hand_on(logger: logging.Logger) -> None:
    """Have a logger that writes to the terminal by itself leave that to the root."""
    for handler in list(logger.handlers):
        if type(handler) is logging.StreamHandler:
            logger.removeHandler(handler)
            logger.propagate = True
