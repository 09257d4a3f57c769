"""Rooms in a database of their own, and a small lecture."""

from __future__ import annotations

from pathlib import Path

import pytest

from da_core.jobs.database.room_database import RoomDatabase
from da_core.jobs.database.run_database import RunDatabase
from da_core.teaching.hall.lecture import Lecture, read_lecture
from da_core.teaching.hall.rooms import Rooms

LECTURE = """
title: Night
language: en
slides:
  - title: Hello
    lines: [Look here.]
    notes: Speak up.
  - title: Why?
    question:
      text: Why did it fail?
      choices:
        - {text: Too few pictures., why: More of the same tell no more.}
        - {text: It never met the night., right: true, why: That is it.}
    twin:
      text: And in fog?
      choices:
        - {text: It has met fog., why: It has met clear days.}
        - {text: Fog is only grey.}
        - {text: It never met fog., right: true}
  - title: Guess
    prediction: {text: "How many?", answer: 52}
  - title: Draw
    sketch: {text: "How does it go?", x: [0, 8], y: [0, 10], outcome: [0, 1, 2, 3, 4, 5, 6, 7, 8]}
"""


class Clock:
    """Time that goes on when a test says so."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def lecture() -> Lecture:
    return read_lecture(LECTURE)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> RunDatabase:
    if request.param == "sqlite":
        return RunDatabase(f"sqlite:///{tmp_path / 'runs.db'}")
    return RunDatabase(request.getfixturevalue("postgresql"))


@pytest.fixture
def room_tables(database: RunDatabase) -> RoomDatabase:
    return RoomDatabase(database)


@pytest.fixture
def rooms(room_tables: RoomDatabase, clock: Clock) -> Rooms:
    return Rooms(lambda: room_tables, clock)
