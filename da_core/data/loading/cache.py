"""Cache domain pairs: in memory for pages and runs to share, and on disk for the next start."""

from __future__ import annotations

import functools
import hashlib
import json
import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

import numpy as np
from cachetools import LRUCache, TTLCache
from pydantic import TypeAdapter

from da_core.data import download
from da_core.data.download import missing
from da_core.data.layout import Layout
from da_core.data.loading.inspection import Inspection, read_places
from da_core.data.loading.limited_reading import ReadingLimitError, call_limited
from da_core.data.pair import Domain, DomainPair, Provenance
from da_core.data.readers.archive import file_stamps
from da_core.data.readers.tables import GUESSES
from da_core.data.readers.uploads import own_files_in_errors, place_name, resolve_place
from da_core.data.source import DataSource
from da_core.data.sources import sources
from da_core.data.sources.own_files import Files
from da_core.errors import UserError
from da_core.events import Notice
from da_core.experiment import DataSpec
from da_core.own_names import mark_own, own_names_in
from da_core.registry import resolve
from da_core.settings import settings
from da_core.whole_files import finish, keep_below, mark_used, new_file

__all__ = ["fetch", "inspect_files", "known_sizes", "load_pair", "pair_in_memory", "resolve_place"]

_MEMORY_BYTES = 512 * 2**20
_DISK_BYTES = 4 * 2**30

_ARRAYS = ("X", "y", "captions", "sounds")

Sizes = tuple[int, int, tuple[int, ...]]
"""How many samples source and target have, and the shape of one."""
Stamps = list[list[tuple[str, int, int]]]

_memory: LRUCache[str, DomainPair] = LRUCache(
    _MEMORY_BYTES, getsizeof=lambda pair: sum(array.nbytes for array in _arrays(pair).values())
)
_sizes: LRUCache[str, Sizes] = LRUCache(1000)
_failures: TTLCache[str, ReadingLimitError] = TTLCache(maxsize=200, ttl=60)
_memory_lock = threading.Lock()
_making: WeakValueDictionary[str, threading.Lock] = WeakValueDictionary()
"""By key, so that one pair is not made by two threads, and no pair waits for another."""

_log = logging.getLogger(__name__)


def load_pair(spec: DataSpec, seed: int = 0) -> DomainPair:
    """Load the pair that ``spec`` names; its arrays are shared and read-only.

    ``seed`` is the data's own, apart from the run's: runs of different seeds see the same pictures. Raises `UserError`
    for an unknown source, settings out of bounds, or files that cannot be used.
    """
    source = resolve(sources(), spec)
    if isinstance(source, Files) and spec.source:
        inspection = inspect_files(spec)
        if inspection.problem is not None:
            raise inspection.problem
        assert inspection.pair is not None
        return inspection.pair
    if spec.source or (spec.target and not isinstance(source, Files)):
        raise UserError("“{name}” does not use files of yours; choose the data set “files” for them.", name=spec.name)
    on_disk = source.area != "points"  # points are drawn faster than read
    return _cached(_key_of(spec, source, seed), lambda: source.load(seed), on_disk)


def inspect_files(spec: DataSpec) -> Inspection:
    """Read a user's own files, which ``spec`` names, unless they are known. What is wrong is returned, not raised."""
    inspection = Inspection()

    def read(files: Files) -> DomainPair:
        nonlocal inspection
        inspection = call_limited([*map(place_name, spec.places)], read_places, files, spec, _places(spec))
        if inspection.problem is not None:
            raise inspection.problem
        assert inspection.pair is not None
        return inspection.pair

    try:
        with own_files_in_errors(spec.places):
            files = resolve(sources(), spec)
            assert isinstance(files, Files)
            stamps = [list(file_stamps(place)) for place in _places(spec)]
            pair = _read_unless_failed(_key_of(spec, files, 0, stamps), functools.partial(read, files))
            if inspection.pair is not None:
                _keep_settled(spec, inspection, stamps)
    except UserError as error:
        return Inspection(None, error, inspection.layout)
    return Inspection(pair, None, pair.layout)


def _read_unless_failed(key: str, read: Callable[[], DomainPair]) -> DomainPair:
    """Read a user's own files; those that came to a limit not again for a while."""
    with _memory_lock:
        failure = _failures.get(key)
    if failure is not None:
        raise ReadingLimitError(failure.message, **failure.values)
    try:
        return _cached(key, read)
    except ReadingLimitError as error:
        with _memory_lock:
            _failures[key] = error
        raise


def _keep_settled(spec: DataSpec, inspection: Inspection, stamps: Stamps) -> None:
    """Keep what was just read under the spec that leaves nothing to guess, so that to use it reads nothing."""
    pair = inspection.pair
    assert pair is not None
    with suppress(UserError):  # nothing says yet which domain is the source
        settled = inspection.settle(spec)
        of_same_source = not pair.layout.domains or settled.params["source_domain"] == pair.reading.get("source")
        if settled != spec and of_same_source:
            notices = tuple(notice for notice in pair.notices if notice.message not in GUESSES)
            _cached(_key_of(settled, resolve(sources(), settled), 0, stamps), lambda: replace(pair, notices=notices))


def fetch(spec: DataSpec) -> Iterator[float]:
    """Download what `load_pair` lacks, yielding the share that is here; nothing where it lacks nothing."""
    source = resolve(sources(), spec)
    remotes = source.remotes()
    if missing(remotes) and not _file(_key_of(spec, source, 0)).exists():
        yield from download.fetch(remotes)


def pair_in_memory(spec: DataSpec) -> DomainPair | None:
    """Return the pair that ``spec`` names if it is in memory; nothing is made or read for it."""
    try:
        return _recall(_key_of(spec, resolve(sources(), spec), 0))
    except (UserError, OSError):
        return None


def known_sizes(spec: DataSpec) -> Sizes | None:
    """Return the sizes of the pair that ``spec`` names, if it was loaded before or its settings say; else None."""
    try:
        source = resolve(sources(), spec)
        key = _key_of(spec, source, 0)
    except (UserError, OSError):
        return None
    with _memory_lock:
        if (sizes := _sizes.get(key)) is not None:
            return sizes
    count, side = getattr(source.params, "count", None), getattr(source.params, "size", 32)
    return (count, count, (side, side, 3)) if count else None


def _key_of(spec: DataSpec, source: DataSource, seed: int, stamps: Stamps | None = None) -> str:
    """Make a pair's key of its settings and, of a user's own files, their stamps."""
    if not spec.source:
        return _key(spec.name, source.params.model_dump(), seed)
    names = [place_name(place) for place in spec.places]
    return _key(spec.name, source.params.model_dump(), names, *(stamps or map(list, map(file_stamps, _places(spec)))))


def _places(spec: DataSpec) -> tuple[Path, Path]:
    """Source and target of a user's own files; one place may hold both."""
    assert spec.source is not None
    first = resolve_place(spec.source)
    return first, resolve_place(spec.target) if spec.target else first


def _key(*parts: Any) -> str:
    return hashlib.sha256(json.dumps([_code(), *parts], sort_keys=True).encode()).hexdigest()[:32]


@functools.cache
def _code() -> str:
    """Compute a digest of the code that makes pairs: when it changes, they are made again."""
    files = sorted(Path(__file__).parents[1].rglob("*.py"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def _cached(key: str, make: Callable[[], DomainPair], on_disk: bool = True) -> DomainPair:
    with _memory_lock:
        lock = _making.setdefault(key, threading.Lock())
    with lock:
        pair = _recall(key)
        if pair is None:
            file = _file(key)
            pair = _read(file) if on_disk else None
            if pair is None:
                pair = make()
                if on_disk:
                    _write(pair, file)
            for array in _arrays(pair).values():
                array.setflags(write=False)
            with _memory_lock, suppress(ValueError):  # it alone takes more than all may
                _sizes[key] = len(pair.source), len(pair.target), pair.sample_shape
                _memory[key] = pair
    return pair


def _file(key: str) -> Path:
    return settings().data_dir / "pairs" / f"{key}.npz"


def _recall(key: str) -> DomainPair | None:
    with _memory_lock:
        return _memory.get(key)


def _arrays(pair: DomainPair) -> dict[str, np.ndarray]:
    """Collect the arrays that both domains have."""
    return {
        f"{role}_{name}": getattr(domain, name)
        for role, domain in (("source", pair.source), ("target", pair.target))
        for name in _ARRAYS
        if getattr(domain, name) is not None
    }


def _write(pair: DomainPair, file: Path) -> None:
    """Keep a pair on disk. A full one only costs the cache."""
    about = {
        "names": [pair.source.name, pair.target.name],
        "classes": pair.classes,
        "provenance": asdict(pair.provenance),
        "flips": pair.flips,
        "columns": pair.columns,
        "notices": [asdict(notice) for notice in pair.notices],
        "reading": pair.reading,
        "layout": asdict(pair.layout),
    }
    about["own"] = sorted(set(own_names_in(about)))
    try:
        with new_file(file.parent) as new:
            arrays: dict[str, Any] = {"about": np.array(json.dumps(about)), **_arrays(pair)}
            np.savez(new, **arrays)
            os.replace(finish(new), file)
        keep_below(file.parent, _DISK_BYTES)
    except OSError as error:
        _log.warning("This pair is not kept on disk: %s", error)


def _read(file: Path) -> DomainPair | None:
    """Read the pair kept in ``file``; None where there is none or it is broken."""
    try:
        with np.load(file, allow_pickle=False) as stored:
            about = json.loads(str(stored["about"]))
            about = mark_own(about, set(about.pop("own")))
            source, target = (
                Domain(name, *(stored.get(f"{role}_{part}") for part in _ARRAYS))
                for role, name in zip(("source", "target"), about["names"], strict=True)
            )
            pair = DomainPair(
                source=source,
                target=target,
                classes=tuple(about["classes"]),
                provenance=Provenance(**about["provenance"]),
                flips=about["flips"],
                columns=tuple(about["columns"]),
                notices=tuple(Notice(**notice) for notice in about["notices"]),
                reading=about["reading"],
                layout=TypeAdapter(Layout).validate_python(about["layout"]),
            )
        mark_used(file)
        return pair
    except FileNotFoundError:
        return None
    except Exception as error:  # whatever is wrong with it, making the pair again mends it
        _log.warning("%s is broken (%s) and is made again.", file.name, error)
        return None
