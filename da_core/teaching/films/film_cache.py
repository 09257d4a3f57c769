"""Make films for all visitors: once each, streamed while they are made, and kept in a bounded cache."""

from __future__ import annotations

import functools
import threading
from collections import OrderedDict
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from da_core.errors import UserError
from da_core.experiment import Experiment
from da_core.system.app_files import ASSETS
from da_core.teaching.films.film_file import SUFFIX

SHIPPED = ASSETS / "playground" / "films"
"""Films of the presets, by their keys."""
MOST_BYTES = 64 * 2**20
"""Of films in memory."""
MOST_WAITING = 40
"""Films that are asked for and not whole yet."""
_WORKERS = 2


@dataclass(eq=False)
class StreamedFilm:
    """A film that is being made or whole: its bytes record by record. ``watchers`` are those who read it now.

    One that could not be made ends with a ``problem``.
    """

    records: list[bytes] = field(default_factory=list)
    whole: bool = False
    watchers: int = 0
    problem: UserError | None = None
    changed: threading.Condition = field(default_factory=threading.Condition)

    def add(self, record: bytes) -> None:
        """Add a record."""
        with self.changed:
            self.records.append(record)
            self.changed.notify_all()

    def end(self) -> None:
        """Say that there is nothing more to come."""
        with self.changed:
            self.whole = True
            self.changed.notify_all()

    def wait(self, seen: int, timeout: float) -> tuple[list[bytes], bool]:
        """Return the records from ``seen`` on, once there are some, and whether these are the last."""
        with self.changed:
            self.changed.wait_for(lambda: len(self.records) > seen or self.whole, timeout)
            return self.records[seen:], self.whole


class FilmCache:
    """Makes films in threads of its own. Safe to use from many threads."""

    def __init__(self, workers: int = _WORKERS, most_bytes: int = MOST_BYTES, shipped: Path = SHIPPED) -> None:
        self._streams: OrderedDict[str, StreamedFilm] = OrderedDict()
        self._lock = threading.Lock()
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="film")
        self._most_bytes, self._shipped = most_bytes, shipped

    def watch(self, experiment: Experiment, acts: str = "", *, still: bool = False) -> StreamedFilm:
        """Begin to watch a film, or the still of its end, which is made now if there is none; `leave` it afterwards.

        Raises `UserError` for what no film is made of, and where too many wait.
        """
        from da_core.teaching.films import direction, filming

        filming.check(experiment)
        direction.read(acts)
        key = filming.film_key(experiment, acts, still=still)
        with self._lock:
            stream = self._streams.get(key)
            if stream is None:
                if sum(not one.whole for one in self._streams.values()) >= MOST_WAITING:
                    raise UserError("Many films are being made just now; try again in a moment.")
                stream = self._streams[key] = StreamedFilm()
                shipped = self._shipped / f"{key}{SUFFIX}"
                if not (acts or still) and shipped.exists():
                    stream.records, stream.whole = [shipped.read_bytes()], True
                else:
                    film = functools.partial(filming.film_bytes, experiment, acts, still=still)
                    self._threads.submit(self._make, key, stream, film)
            self._streams.move_to_end(key)
            stream.watchers += 1
        return stream

    def leave(self, stream: StreamedFilm) -> None:
        """Stop watching. A film that nobody watches is not made to its end."""
        with self._lock:
            stream.watchers -= 1

    def close(self) -> None:
        """End all that is being made."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _make(self, key: str, stream: StreamedFilm, film: Callable[[], Generator[bytes]]) -> None:
        try:
            with closing(film()) as records:
                for record in records:
                    stream.add(record)
                    if self._is_abandoned(key, stream):
                        break
        except UserError as error:
            with self._lock:
                self._streams.pop(key, None)
                stream.problem = error
        stream.end()
        self._keep_bounded()

    def _is_abandoned(self, key: str, stream: StreamedFilm) -> bool:
        """Tell whether nobody watches any more; the film is forgotten then and made again for the next visitor."""
        with self._lock:
            if stream.watchers:
                return False
            self._streams.pop(key, None)
            return True

    def _keep_bounded(self) -> None:
        with self._lock:
            size = sum(sum(map(len, stream.records)) for stream in self._streams.values())
            for key in list(self._streams):
                if size <= self._most_bytes:
                    break
                if self._streams[key].whole and not self._streams[key].watchers:
                    size -= sum(map(len, self._streams.pop(key).records))


def warm_up() -> None:
    """Make two small films: the first of a process imports for a second what all others use."""
    from da_core.experiment import DataSpec, TrainingSpec
    from da_core.teaching.films.filming import film_of
    from da_core.teaching.films.presets import suited

    few = DataSpec(name="drawn", params={"count": 20})
    small = Experiment(data=few, training=TrainingSpec(epochs=1, least_steps=1), device="cpu")
    for method in ("dann", "optimal_transport"):
        film_of(suited(small, method))


@functools.cache
def film_cache() -> FilmCache:
    """Return the cache of this process."""
    return FilmCache()
