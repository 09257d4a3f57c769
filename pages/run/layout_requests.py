"""Layouts of a run's features beyond those that the run has made itself: the epochs on the way, other settings, t-SNE.

All are computed by one thread in the background, at most one of each kind for each page that looks on: what a reader
has turned away from is not finished.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal

from cachetools import FIFOCache
from numpy.typing import NDArray

from da_core.evaluation.layouts import Pieces
from da_core.jobs.store import Record
from pages.session import state
from pages.session.background import Background

if TYPE_CHECKING:
    from da_core.evaluation.umap_and_pca import LayoutSettings

log = logging.getLogger(__name__)

_ASKERS = 256
"""Requests that are remembered, of all pages together: more than there are pages at once."""

Kind = Literal["umap", "pca", "tsne", "seeds", "neighbours"]


@dataclass(frozen=True)
class LayoutProgress:
    """Layouts computed so far, by name; ``failed`` where an error ended it, which is in the log."""

    pieces: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    done: bool = False
    failed: bool = False


class LayoutQueue:
    """A `Background` whose work comes piece by piece, and ends as soon as no page wants it any more."""

    def __init__(self) -> None:
        self._requests: FIFOCache[tuple[str, Kind], Hashable] = FIFOCache(_ASKERS)
        self._lock = Lock()
        self._current: tuple[Hashable, LayoutProgress] = (None, LayoutProgress())
        """The key that the thread works on, and how far it is."""
        self.background = Background(self._compute, keep=48)

    def request(self, key: Hashable, asker: str, kind: Kind, compute: Callable[[], Pieces]) -> LayoutProgress:
        """Return what there is of the layouts that ``key`` names, and begin them if they are new.

        They replace what ``asker`` wanted of this kind before.
        """
        with self._lock:
            self._requests[asker, kind] = key
            work = self.background.submit(key, key, compute)
        if work.done():
            return work.result()
        current, progress = self._current
        return progress if current == key else LayoutProgress()

    def _compute(self, key: Hashable, compute: Callable[[], Pieces]) -> LayoutProgress:
        pieces: dict[str, NDArray[Any]] = {}
        try:
            if self._is_unwanted(key):
                return LayoutProgress()
            for name, piece in compute():
                pieces = pieces | {name: piece}  # never changed under a reader's hands
                self._current = key, LayoutProgress(pieces)
                if self._is_unwanted(key):
                    return LayoutProgress(pieces)
        except Exception:  # a page shows the rest without it
            log.exception("a layout could not be made")
            return LayoutProgress(pieces, done=True, failed=True)
        return LayoutProgress(pieces, done=True)

    def _is_unwanted(self, key: Hashable) -> bool:
        """Tell whether no page needs it any more; it is then dropped, and started again when one does."""
        with self._lock:
            if key in self._requests.values():
                return False
            self.background.forget(key)
            return True


layout_queue = LayoutQueue()


def request(record: Record, kind: Kind, compute: Callable[..., Pieces], *settings: LayoutSettings) -> LayoutProgress:
    """Request what a function of `da_core.evaluation.layouts` computes of a run, for the page that is drawn."""
    key = (record.run_id, kind, *settings)
    return layout_queue.request(key, state.session_name(), kind, lambda: compute(record, *settings))
