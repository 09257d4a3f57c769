"""Count a server's work for Prometheus. No label names a visitor or a run, and each takes a few values only."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector

REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)  # memory, processor, open files

RUNS_ENDED = Counter("da_lab_runs_ended", "Runs that have ended.", ["outcome"], registry=REGISTRY)
STAGE_SECONDS = Histogram(
    "da_lab_stage_seconds",
    "Duration of each stage of finished runs, in seconds.",
    ["stage"],
    buckets=(0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000, 3000),
    registry=REGISTRY,
)
PAGE_SECONDS = Histogram(
    "da_lab_page_seconds",
    "Duration of a page's script, in seconds; parts that redraw themselves are not counted.",
    ["screen"],
    buckets=(0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 1.5, 2, 5, 10),
    registry=REGISTRY,
)
ERRORS = Counter("da_lab_errors", "Errors in the log, by module.", ["logger"], registry=REGISTRY)
UPLOADED = Counter("da_lab_uploaded_bytes", "Bytes that visitors have uploaded.", registry=REGISTRY)

for _outcome in ("done", "cancelled", "failed"):  # from 0 on, so that the first one is an increase
    RUNS_ENDED.labels(_outcome)
