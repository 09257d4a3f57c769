"""Step 1 · Hold source and target as a `DomainPair`, and split them for training and scoring."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from da_core.data.layout import Layout
from da_core.errors import UserError
from da_core.events import Notice

ShiftKind = Literal["appearance", "covariate", "label", "concept", "unknown"]
SampleKind = Literal["pictures", "features", "texts", "sounds"]

SOUND_RATE = 16_000
"""Samples a second of every sound that is kept."""
UNKNOWN = -1
"""The class of a target sample that has no label."""


@dataclass(frozen=True)
class Domain:
    """One domain's samples and their classes ``y`` (n,) int64, `UNKNOWN` where a target sample has no label.

    ``X``: pictures (n, h, w, 3) uint8, features (n, d) float32, texts (n,) str, or sounds (n, t) int16 at
    `SOUND_RATE`. What a person is shown beside or instead of a row of numbers: ``captions`` (n,) str, and ``sounds``
    (n, t) int16 where the samples are not sounds themselves.
    """

    name: str
    X: NDArray[Any]
    y: NDArray[np.int64]
    captions: NDArray[np.str_] | None = None
    sounds: NDArray[np.int16] | None = None

    def __len__(self) -> int:
        return len(self.y)

    def class_counts(self, classes: int) -> NDArray[np.int64]:
        """Count the samples of each class, of those that have a label: (classes,)."""
        return np.bincount(self.y[self.y != UNKNOWN], minlength=classes)

    @property
    def audio(self) -> NDArray[np.int16] | None:
        """Return the sound (t,) of each sample, whether it is the sample or goes with it."""
        return self.X if self.X.dtype == np.int16 else self.sounds


@dataclass(frozen=True)
class Provenance:
    """The origin, licence and kind of shift of a pair; ``origin`` and ``licence`` are sentences to show."""

    title: str
    origin: str
    licence: str
    shift: ShiftKind


@dataclass(frozen=True)
class Split:
    """Rows of a pair: what a method may learn from and what is kept for scoring. All (n,) int64, sorted.

    ``few`` are target training rows whose labels a method was allowed to see; they are never among the scored ones.
    """

    source_train: NDArray[np.int64]
    source_test: NDArray[np.int64]
    target_train: NDArray[np.int64]
    target_test: NDArray[np.int64]
    few: NDArray[np.int64]


@dataclass(frozen=True)
class DomainPair:
    """Source and target over the same classes."""

    source: Domain
    target: Domain
    classes: tuple[str, ...]
    provenance: Provenance
    flips: bool = False
    """Whether a picture mirrored left to right is still one of its class (a street: yes; a digit: no)."""
    columns: tuple[str, ...] = ()
    """What each feature is called, where features have names."""
    notices: tuple[Notice, ...] = ()
    """What a user should know about how the pair was read, such as files that were left out."""
    reading: dict[str, Any] = field(default_factory=dict)
    """How a user's own files were understood: columns, the values that are source and target, what was filled in."""
    layout: Layout = field(default_factory=Layout)
    """What could be chosen otherwise in a user's own files."""

    def __post_init__(self) -> None:
        if self.source.X.shape[1:] != self.target.X.shape[1:]:
            raise UserError(
                "Source samples have shape {source}, target samples {target}; give both the same shape.",
                source=self.source.X.shape[1:],
                target=self.target.X.shape[1:],
            )
        if len(self.classes) < 2:
            raise UserError("There is only one class, but a classifier needs at least two.")
        if (self.source.y == UNKNOWN).any():
            raise UserError("Some source samples have no label; only the target's labels may be missing.")
        if (self.source.y == self.source.y[:1]).all():
            raise UserError(
                "All source samples have the class “{name}”; a classifier needs a source with at least two classes.",
                name=self.classes[self.source.y[0]] if len(self.source) else "–",
            )

    @property
    def target_labelled(self) -> bool:
        """Tell whether any target sample has a label; where none has, nothing can be scored on the target."""
        return bool((self.target.y != UNKNOWN).any())

    @property
    def kind(self) -> SampleKind:
        """Tell what a sample is, in the words of the networks' ``takes``."""
        return kind_of_samples(self.source.X)

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """Return (h, w, 3) of a picture, (d,) of a feature vector, () of a text, (t,) of a sound."""
        return tuple(self.source.X.shape[1:])

    def split(self, held_out: float, seed: int, few_per_class: int = 0, source_per_class: int | None = None) -> Split:
        """Hold out a share of each class of each domain for scoring (0: fit and score on everything).

        Samples without a label are held out like a class of their own. With ``few_per_class`` = k, k target training
        samples a class (all there are, if fewer) are set apart as ``few``; when nothing is held out they are taken out
        of the scored rows. With ``source_per_class`` = n, n of the source's training samples a class (all there are,
        if fewer) are drawn to learn from and the others are left out. Deterministic in ``seed``.
        """
        rng = np.random.default_rng([seed, 0x5B117])
        source_train, source_test = _stratified(self.source.y, held_out, rng)
        target_train, target_test = _stratified(self.target.y, held_out, rng)
        few = _few(self.target.y, target_train, few_per_class, rng)
        if source_per_class is not None:
            of_source = np.random.default_rng([seed, 0x50CA])  # the other draws stay what they are without it
            source_train = _few(self.source.y, source_train, source_per_class, of_source)
            source_test = source_train if held_out == 0 else source_test
        return Split(source_train, source_test, target_train, np.setdiff1d(target_test, few), few)


def kind_of_samples(X: NDArray[Any]) -> SampleKind:
    """Tell what samples are, in the words of the networks' ``takes``, by their array's axes and type."""
    match X.ndim, X.dtype:
        case 4, _:
            return "pictures"
        case 2, np.int16:
            return "sounds"
        case 2, _:
            return "features"
        case _:
            return "texts"


def _stratified(
    y: NDArray[np.int64], held_out: float, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    everything = np.arange(len(y), dtype=np.int64)
    if held_out == 0:
        return everything, everything
    test: list[NDArray[np.int64]] = []
    for label in np.unique(y):
        rows = rng.permutation(np.flatnonzero(y == label))
        # at least one sample of each class on each side, where there are two
        count = min(max(round(held_out * len(rows)), 1), len(rows) - 1)
        test.append(rows[:count])
    held = np.sort(np.concatenate(test))
    return np.setdiff1d(everything, held), held


def _few(y: NDArray[np.int64], rows: NDArray[np.int64], per_class: int, rng: np.random.Generator) -> NDArray[np.int64]:
    if per_class == 0:
        return np.empty(0, dtype=np.int64)
    known = rows[y[rows] != UNKNOWN]
    chosen = [rng.permutation(known[y[known] == label])[:per_class] for label in np.unique(y[known])]
    return np.sort(np.concatenate([rows[:0], *chosen]))
