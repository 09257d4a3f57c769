"""The log of this server: Streamlit's loggers, too, write as the settings say, and errors are counted."""

from __future__ import annotations

import logging

from streamlit import logger as streamlit_loggers

from da_core.settings import settings
from da_core.system import structured_logs
from da_core.system.server_metrics import ERRORS


class ErrorCount(logging.Handler):
    """Counts the errors that are logged, for ``/metrics``."""

    def emit(self, record: logging.LogRecord) -> None:
        """Count one."""
        ERRORS.labels(record.name).inc()


def set_up() -> None:
    """Write all that is logged from now on as ``DA_LAB_LOG`` says."""
    structured_logs.set_up(settings().log)
    logging.root.addHandler(ErrorCount(logging.ERROR))
    streamlit_loggers.setup_formatter = _hand_on  # which else gives each new logger a handler of its own
    # the app writes what Streamlit says of an error on a page, with the number that the visitor sees
    logging.getLogger("streamlit.error_util").addFilter(lambda record: record.msg != "Uncaught app execution")


def _hand_on(logger: logging.Logger) -> None:
    logger.propagate = True
