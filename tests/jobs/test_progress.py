"""Progress in the course: counted, each visitor's own, and forgotten when asked."""

from __future__ import annotations

from pathlib import Path

from da_core.jobs.database.run_database import RunDatabase


def test_progress_is_counted_kept_and_nobody_elses(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'runs.db'}"
    database = RunDatabase(url)
    for outcome in ("wrong", "wrong", "right"):
        database.count_progress("ann", "check", "night_why", outcome)
    database.count_progress("ann", "chapter", "night", "read")
    database.count_progress("bob", "guess", "night_houses", "skipped")

    mine = RunDatabase(url).progress("ann")
    assert mine.times("check", "night_why", "wrong") == 2
    assert mine.names("check", "right") == {"night_why"}
    assert mine.names("chapter", "read") == {"night"}
    assert mine.total("guess", "skipped") == 0

    database.reset_progress("ann")
    assert not database.progress("ann").counts
    assert database.progress("bob").total("guess", "skipped") == 1
    assert b"ann" not in (tmp_path / "runs.db").read_bytes()
