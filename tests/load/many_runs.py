"""A list of very many runs, of which no folder is there: as many settings as a course has, two runs of each."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from da_core.experiment import Experiment
from da_core.jobs.database.run_database import RunDatabase
from da_core.jobs.store import new_run_id
from tests.support import made_up_run

METHODS = ("dann", "coral", "tca", "mcd", "source_only")


def enter(file: Path, count: int) -> None:
    """Make the database of runs in ``file``, with so many runs in it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    database, result, now = RunDatabase(f"sqlite:///{file}"), made_up_run.finished().result, datetime.now(UTC)
    for number in range(count):
        flat = {"method": METHODS[number % len(METHODS)], "seed": str(number // 2), "data.count": str(200 + number % 7)}
        experiment = Experiment.from_flat(flat)
        database.add(new_run_id(experiment), experiment, result, now - timedelta(minutes=number))
