"""Serve ``/metrics``: this process's figures in Prometheus' text format, for administrators."""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Iterator
from secrets import compare_digest
from typing import get_args

import streamlit as st
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from streamlit.runtime import Runtime
from streamlit.runtime.stats import ACTIVE_SESSIONS_FAMILY

from da_core.jobs.scheduling.run_view import RunState
from da_core.settings import settings
from da_core.system.server_metrics import REGISTRY
from pages.operations.readiness import OK, readiness
from pages.session import origin

_OVER = {"done", "cancelled", "failed"}


class ServerNow(Collector):
    """Gauges read at each request: the queue, the sessions, the threads, and readiness as in ``/ready``."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Read each gauge once."""
        from da_core.jobs.queue import queue

        counts = queue().count()
        runs = GaugeMetricFamily("da_lab_runs", "Unfinished runs.", labels=["state"])
        for state in get_args(RunState):
            if state not in _OVER:
                runs.add_metric([state], counts.get(state, 0))
        yield runs
        longest = queue().longest_wait()
        yield GaugeMetricFamily("da_lab_longest_wait_seconds", "Longest waiting time of a queued run.", longest)
        yield GaugeMetricFamily("da_lab_sessions", "Connected browser tabs.", connected())
        yield GaugeMetricFamily("process_threads", "Threads of the process.", _threads())
        ready = GaugeMetricFamily("da_lab_ready", "1 if a part works, else 0.", labels=["part"])
        for part, state in readiness().look().items():
            ready.add_metric([part], float(state == OK))
        yield ready


def connected() -> int:
    """Count the sessions that are connected to this server."""
    if not Runtime.exists():
        return 0
    stats = Runtime.instance().stats_mgr.get_stats([ACTIVE_SESSIONS_FAMILY])
    return sum(getattr(stat, "value", 0) for stat in stats.get(ACTIVE_SESSIONS_FAMILY, ()))


def _threads() -> int:
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError:  # not Linux: those that Python knows
        return threading.active_count()


def may_read(request: Request) -> bool:
    """Tell whether a request may see the figures: by the operator's token or, without one, from this machine.

    The latter holds only while nothing but localhost's names leads here: behind a proxy everybody comes from this
    machine, and may send any Host.
    """
    token = settings().metrics_token.get_secret_value()
    if token:
        return compare_digest(request.headers.get("Authorization", "").encode(), f"Bearer {token}".encode())
    return (
        st.get_option("server.address") in origin.LOCAL
        and origin.LOCAL.issuperset(origin.names())
        and request.client is not None
        and request.client.host in origin.LOCAL
        and origin.is_local(request.headers.get("Host"))
        and not {"forwarded", "x-forwarded-for"} & {name.lower() for name in request.headers}
    )


@functools.cache
def _register() -> None:
    REGISTRY.register(ServerNow())


def metrics(request: Request) -> Response:
    """Serve the figures, or 403 with a sentence; Starlette calls this in a thread."""
    if not may_read(request):
        return PlainTextResponse("These figures are for the server's administrator; see DA_LAB_METRICS_TOKEN.", 403)
    _register()
    return Response(generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)
