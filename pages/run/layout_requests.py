"""Layouts of a run's features beyond those that the run has made itself: the epochs on the way, other settings, t-SNE.

All are made by one thread in the background, at most one piece of work of each kind for each page that looks on: what a
reader has turned away from is not finished.
"""

from __future__ import annotations

import functools
import logging
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import streamlit as st
from numpy.typing import NDArray

from da_core.evaluation import layouts
from da_core.evaluation.layouts import Pieces
from da_core.jobs.store import Record

if TYPE_CHECKING:
    from da_core.evaluation.embedding import LayoutSettings

log = logging.getLogger(__name__)

_KEPT = 48
_ASKERS = 256
_TOKEN = "lab.layouts"

Kind = Literal["umap", "pca", "tsne", "seeds", "neighbours"]


@dataclass
class Made:
    """What has been made so far, by name; ``failed`` where it came to nothing, as the log tells."""

    pieces: dict[str, NDArray[Any]] = field(default_factory=dict)
    done: bool = False
    failed: bool = False


class Workshop:
    """Makes what pages ask for, piece by piece, in one thread; remembers what was asked for last."""

    def __init__(self) -> None:
        self._made: OrderedDict[Hashable, Made] = OrderedDict()
        self._wanted: OrderedDict[tuple[str, Kind], Hashable] = OrderedDict()
        self._lock = threading.Lock()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="layouts")

    def of(self, key: Hashable, asker: str, kind: Kind, make: Callable[[], Pieces]) -> Made:
        """What ``key`` names, begun if it is new. It takes the place of what the asker wanted of this kind before."""
        with self._lock:
            self._wanted[asker, kind] = key
            self._wanted.move_to_end((asker, kind))
            while len(self._wanted) > _ASKERS:
                self._wanted.popitem(last=False)
            made = self._made.get(key)
            if made is None:
                made = self._made[key] = Made()
                while len(self._made) > _KEPT:
                    self._made.popitem(last=False)
                self._thread.submit(self._work, key, made, make)
            self._made.move_to_end(key)
            return made

    def _work(self, key: Hashable, made: Made, make: Callable[[], Pieces]) -> None:
        try:
            if not self._forgotten(key, made):
                for name, piece in make():
                    made.pieces = made.pieces | {name: piece}  # never changed under a reader's hands
                    if self._forgotten(key, made):
                        return
                made.done = True
        except Exception:  # a page shows the rest without it
            log.exception("a layout could not be made")
            made.failed = made.done = True

    def _forgotten(self, key: Hashable, made: Made) -> bool:
        """Whether nobody wants it any more; then it would be begun anew if somebody did."""
        with self._lock:
            if key in self._wanted.values():
                return False
            if self._made.get(key) is made:
                del self._made[key]
            return True


@functools.cache
def workshop() -> Workshop:
    """This server's."""
    return Workshop()


def asker() -> str:
    """A name for this session, so that two pages of one visitor do not take each other's work away."""
    if _TOKEN not in st.session_state:
        st.session_state[_TOKEN] = secrets.token_hex(8)
    return str(st.session_state[_TOKEN])


def travel(record: Record, settings: LayoutSettings) -> Made:
    """Layouts of ``record`` by stop: before, after, the epochs on the way; ``"kept"`` is the share of kept neighbours.

    t-SNE has no epochs on the way, and leaves samples out (NaN).
    """
    return workshop().of((record.run_id, settings), asker(), settings.layout, lambda: layouts.stops(record, settings))


def seeds(record: Record, settings: LayoutSettings) -> Made:
    """UMAP layouts of "after" by `SEEDS` seeds, from the chosen one on, each turned onto the first."""
    key = (record.run_id, settings, "seeds")
    return workshop().of(key, asker(), "seeds", lambda: layouts.by_seed(record, settings))


def neighbours(record: Record) -> Made:
    """Before and after, each sample's `NEAREST` of the other domain in feature space, nearest first: (n, k) indices."""
    return workshop().of((record.run_id, "neighbours"), asker(), "neighbours", lambda: layouts.neighbours(record))
