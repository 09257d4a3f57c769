"""What thirty ask is made once; what nobody watches any more is not made to its end."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from da_core.errors import UserError
from da_core.experiment import DataSpec, Experiment
from da_core.teaching.films import film_file, filming
from da_core.teaching.films.presets import suited
from da_core.teaching.films.studio import Studio

EXPERIMENT = filming.normalised(
    suited(Experiment(data=DataSpec(name="drawn", params={"count": 60}), device="cpu"), "coral")
)
PATIENCE = 60.0


@pytest.fixture
def studio(tmp_path: Path):
    made = Studio(workers=1, shipped=tmp_path)
    yield made
    made.close()


def all_of(reel) -> bytes:
    seen: list[bytes] = []
    whole = False
    while not whole:
        new, whole = reel.wait(len(seen), PATIENCE)
        seen += new
    return b"".join(seen)


def test_a_film_is_made_once_for_all(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    original = filming.film_bytes

    def counted(*args, **options):
        made.append(args)
        return original(*args, **options)

    monkeypatch.setattr(filming, "film_bytes", counted)
    reels = [studio.watch(EXPERIMENT) for _ in range(30)]
    films = {all_of(reel) for reel in reels}
    assert len(films) == len(made) == 1
    assert film_file.read_film(films.pop()).frames


def test_a_newer_wish_ends_an_older_one(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    started, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    def slow(*_args, **_options):
        try:
            for number in range(1000):
                yield bytes([number % 256])
                started.set()
                go_on.wait(PATIENCE)
        finally:
            ended.set()

    monkeypatch.setattr(filming, "film_bytes", slow)
    reel = studio.watch(EXPERIMENT)
    assert started.wait(PATIENCE)
    studio.leave(reel)
    go_on.set()
    assert ended.wait(PATIENCE)
    all_of(reel)
    assert len(reel.records) <= 2


def test_memory_is_bounded(tmp_path: Path) -> None:
    small = Studio(workers=1, most_bytes=1, shipped=tmp_path)
    first = small.watch(EXPERIMENT)
    all_of(first)
    small.leave(first)
    other = small.watch(EXPERIMENT.model_copy(update={"seed": 1}))
    all_of(other)
    again = small.watch(EXPERIMENT)
    all_of(again)
    small.close()
    assert again is not first


def test_what_was_wrong_is_told_and_not_remembered(studio: Studio) -> None:
    empty = EXPERIMENT.model_copy(update={"data": DataSpec(name="drawn", params={"shape": "none"})})
    reel = studio.watch(empty)
    all_of(reel)
    assert isinstance(reel.problem, UserError)
    assert studio.watch(empty) is not reel
