"""What thirty ask is made once; what nobody watches any more is not made to its end."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from da_core.errors import UserError
from da_core.experiment import DataSpec, Experiment
from da_core.teaching.films import film_file, filming
from da_core.teaching.films.film_cache import FilmCache
from da_core.teaching.films.presets import suited

EXPERIMENT = filming.normalised(
    suited(Experiment(data=DataSpec(name="drawn", params={"count": 60}), device="cpu"), "coral")
)
PATIENCE = 60.0


@pytest.fixture
def cache(tmp_path: Path):
    made = FilmCache(workers=1, shipped=tmp_path)
    yield made
    made.close()


def all_of(stream) -> bytes:
    seen: list[bytes] = []
    whole = False
    while not whole:
        new, whole = stream.wait(len(seen), PATIENCE)
        seen += new
    return b"".join(seen)


def test_a_film_is_made_once_for_all(cache: FilmCache, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    original = filming.film_bytes

    def counted(*args, **options):
        made.append(args)
        return original(*args, **options)

    monkeypatch.setattr(filming, "film_bytes", counted)
    streams = [cache.watch(EXPERIMENT) for _ in range(30)]
    films = {all_of(stream) for stream in streams}
    assert len(films) == len(made) == 1
    assert film_file.read_film(films.pop()).frames


def test_a_newer_wish_ends_an_older_one(cache: FilmCache, monkeypatch: pytest.MonkeyPatch) -> None:
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
    stream = cache.watch(EXPERIMENT)
    assert started.wait(PATIENCE)
    cache.leave(stream)
    go_on.set()
    assert ended.wait(PATIENCE)
    all_of(stream)
    assert len(stream.records) <= 2


def test_memory_is_bounded(tmp_path: Path) -> None:
    small = FilmCache(workers=1, most_bytes=1, shipped=tmp_path)
    first = small.watch(EXPERIMENT)
    all_of(first)
    small.leave(first)
    other = small.watch(EXPERIMENT.model_copy(update={"seed": 1}))
    all_of(other)
    again = small.watch(EXPERIMENT)
    all_of(again)
    small.close()
    assert again is not first


def test_what_was_wrong_is_told_and_not_remembered(cache: FilmCache) -> None:
    empty = EXPERIMENT.model_copy(update={"data": DataSpec(name="drawn", params={"shape": "none"})})
    stream = cache.watch(empty)
    all_of(stream)
    assert isinstance(stream.problem, UserError)
    assert cache.watch(empty) is not stream
