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
from collections.abc import Callable, Hashable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from da_core.jobs.store import Record

if TYPE_CHECKING:
    from da_core.evaluation.embedding import LayoutSettings

log = logging.getLogger(__name__)

NEAREST = 5
"""Neighbours of a sample in the other domain that are shown."""
SEEDS = 5
TSNE_MOST = 300
"""Of each domain in t-SNE, whose time grows faster than their number."""
_KEPT = 48
_ASKERS = 256
_TOKEN = "lab.layouts"

Kind = Literal["umap", "pca", "tsne", "seeds", "neighbours"]
Pieces = Iterator[tuple[str, NDArray[Any]]]


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
    return workshop().of((record.run_id, settings), asker(), settings.layout, lambda: stops(record, settings))


def seeds(record: Record, settings: LayoutSettings) -> Made:
    """UMAP layouts of "after" by `SEEDS` seeds, from the chosen one on, each turned onto the first."""
    key = (record.run_id, settings, "seeds")
    return workshop().of(key, asker(), "seeds", lambda: _seeds(record, settings))


def neighbours(record: Record) -> Made:
    """Before and after, each sample's `NEAREST` of the other domain in feature space, nearest first: (n, k) indices."""
    return workshop().of((record.run_id, "neighbours"), asker(), "neighbours", lambda: _neighbours(record))


def features(record: Record, when: Literal["before", "after"]) -> NDArray[np.float32]:
    """Held-out features (n, d), source first."""
    evidence = record.evidence
    return np.concatenate([evidence.source_features[when], evidence.target_features[when]])


def stops(record: Record, settings: LayoutSettings) -> Pieces:
    """Make what `travel` tells of, piece by piece, here and now."""
    from da_core.evaluation import embedding

    evidence, before, after = record.evidence, features(record, "before"), features(record, "after")
    if settings.layout == "tsne":
        rows = _some(len(evidence.source_label), len(before))
        for name, points in embedding.travel(before[rows], after[rows], {}, settings):
            everywhere = np.full((len(before), 2), np.nan, np.float32)
            everywhere[rows] = points
            yield name, everywhere
        return
    own = embedding.LayoutSettings(settings.layout, record.experiment.seed)
    names = [f"{when}/{settings.layout}" for when in ("before", "after")]
    ends = None
    if settings == own and all(name in evidence.embeddings for name in names):
        ends = (evidence.embeddings[names[0]], evidence.embeddings[names[1]])
    for name, points in embedding.travel(before, after, evidence.snapshots, settings, ends):
        yield name, points
        if name == "after":
            yield "kept", np.array(embedding.kept_neighbours(after, points))


def _seeds(record: Record, settings: LayoutSettings) -> Pieces:
    from da_core.evaluation import embedding

    first = None
    for seed in range(settings.seed, settings.seed + SEEDS):
        points = embedding.umap(features(record, "after"), seed, None, settings.neighbours, settings.min_dist)
        first = points if first is None else first
        yield str(seed), embedding.aligned(points, first)


def _neighbours(record: Record) -> Pieces:
    from da_core.methods.distances import nearest

    evidence = record.evidence
    for when in ("before", "after"):
        Fs, Ft = evidence.source_features[when], evidence.target_features[when]  # type: ignore[index]
        _far, of_source = nearest(Fs, Ft, min(NEAREST, len(Ft)))
        _far, of_target = nearest(Ft, Fs, min(NEAREST, len(Fs)))
        k = min(of_source.shape[1], of_target.shape[1])
        yield when, np.concatenate([of_source[:, :k] + len(Fs), of_target[:, :k]])


def _some(source_count: int, count: int) -> NDArray[np.int64]:
    """At most `TSNE_MOST` rows of each domain, evenly spaced."""
    parts = ((0, source_count), (source_count, count))
    return np.concatenate(
        [np.linspace(low, high - 1, min(high - low, TSNE_MOST)).astype(np.int64) for low, high in parts]
    )
