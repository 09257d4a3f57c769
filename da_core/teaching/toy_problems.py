"""Toy problems in the plane, small enough to see what a method does to every point, and which method is shown on which.

Each kind of method has a toy of its own; `EXCEPTIONS` names the methods whose idea shows better on another, or with
other hyperparameters than the published ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from da_core.params import Scalar

Points = NDArray[np.float64]
Labels = NDArray[np.int64]
COUNT = 240
"""Samples a domain; a lesson's picture shows some of them."""


@dataclass(frozen=True)
class ToyProblem:
    """Source Xs (n, 2) with labels ys, and target Xt (n, 2) with labels yt, which only score."""

    Xs: Points
    ys: Labels
    Xt: Points
    yt: Labels


@dataclass(frozen=True)
class Choice:
    """Which toy, and the hyperparameters that differ from the defaults."""

    toy: str
    params: dict[str, Scalar] = field(default_factory=dict)


BY_KIND = {
    "feature alignment": Choice("light"),
    "deep alignment": Choice("moons"),
    "reweighting": Choice("elsewhere"),
    "model adaptation": Choice("far moons"),
    "classifier adaptation": Choice("far moons"),
    "control": Choice("far moons"),
}
EXCEPTIONS: dict[str, Choice] = {
    # a projection in the plane: with two components JDA drops nothing
    "tca": Choice("aside"),
    "jda": Choice("aside", {"dimensions": 1}),
    "mida": Choice("aside"),
    "tsl": Choice("aside", {"dimensions": 1}),
    "jpca": Choice("moons", {"dimensions": 1}),
    "wdgrl": Choice("aside"),
    "bnm": Choice("aside"),
    "mcc": Choice("aside"),
    "self_training": Choice("aside"),
    "afn": Choice("moons", {"weight": 0.01}),  # its pull on the norm is made for hundreds of features
    "mcd": Choice("moons", {"weight": 0.3}),  # two linear heads on two features hardly disagree at the default
    "homm": Choice("moons", {"weight": 3.0}),  # with few features it takes more to show; on pictures 3 does as well
    # they are for, or show best on, domains whose class proportions differ
    "bbse": Choice("proportions"),
    "em_prior": Choice("proportions"),
    "energy_distance": Choice("proportions"),
    "rlls": Choice("proportions"),
    "target_shift": Choice("proportions"),
}
ON_PICTURES = {"fda", "night_augmentation"}
"""Methods that work on pictures alone, and are shown on some."""


def choose(method: str, kind: str) -> Choice:
    """Choose the toy that a method is shown on."""
    return EXCEPTIONS.get(method, BY_KIND[kind])


def generate(name: str, seed: int = 0) -> ToyProblem:
    """Generate a toy problem; the same seed gives the same points."""
    return _TOYS[name](np.random.default_rng(seed))


def _blobs(rng: np.random.Generator, proportions: tuple[float, ...], spread: float) -> tuple[Points, Labels]:
    """Three round classes at the corners of a triangle."""
    centres = np.array([[2.2, -1.0], [-2.2, -1.0], [0.0, 2.4]])
    y = rng.choice(3, COUNT, p=proportions)
    return centres[y] + spread * rng.normal(size=(COUNT, 2)), y


def _light(rng: np.random.Generator) -> ToyProblem:
    """Another light: the target is shifted, and stretched along one axis and squeezed along the other."""
    even = (1 / 3, 1 / 3, 1 / 3)
    (Xs, ys), (Xt, yt) = _blobs(rng, even, 0.7), _blobs(rng, even, 0.7)
    return ToyProblem(Xs, ys, Xt * [1.6, 0.6] + [4.0, -3.0], yt)


def _aside(rng: np.random.Generator) -> ToyProblem:
    """The target lies beside the source, and is otherwise the same."""
    (Xs, ys), (Xt, yt) = (_blobs(rng, (1 / 3, 1 / 3, 1 / 3), 0.7) for _domain in range(2))
    return ToyProblem(Xs, ys, Xt - [0.0, 2.5], yt)


def _moons(rng: np.random.Generator, degrees: float = 28.0) -> ToyProblem:
    """Two half moons that reach into one another; in the target both are turned."""

    def moons() -> tuple[Points, Labels]:
        y = rng.permutation(np.arange(COUNT) % 2)
        angle = np.pi * rng.random(COUNT)
        x = np.where(y == 0, np.cos(angle), 1 - np.cos(angle)) - 0.5
        up = np.where(y == 0, np.sin(angle), 0.5 - np.sin(angle)) - 0.25
        return 1.6 * np.stack([x, up], axis=1) + 0.13 * rng.normal(size=(COUNT, 2)), y

    (Xs, ys), (Xt, yt) = moons(), moons()
    turn = np.radians(degrees)
    rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    return ToyProblem(Xs, ys, Xt @ rotation, yt)


def _far_moons(rng: np.random.Generator) -> ToyProblem:
    """Two half moons, turned so far in the target that labels, or trust in one's own predictions, are needed."""
    return _moons(rng, degrees=40.0)


def _elsewhere(rng: np.random.Generator) -> ToyProblem:
    """The boundary is a curve, the same in both domains; the target lies at one end of what the source covers."""

    def samples(at: float, spread: float) -> tuple[Points, Labels]:
        x = at + spread * rng.normal(size=COUNT)
        up = 0.55 * x**2 - 0.6 + 1.3 * rng.normal(size=COUNT)
        return np.stack([x, up], axis=1), (up > 0.55 * x**2 - 0.6).astype(np.int64)

    (Xs, ys), (Xt, yt) = samples(-0.2, 1.1), samples(1.7, 0.6)
    return ToyProblem(Xs, ys, Xt, yt)


def _proportions(rng: np.random.Generator) -> ToyProblem:
    """Three classes that overlap and look alike in both domains; in the target one is rare and one is common."""
    (Xs, ys), (Xt, yt) = _blobs(rng, (0.45, 0.35, 0.2), 1.4), _blobs(rng, (0.05, 0.2, 0.75), 1.4)
    return ToyProblem(Xs, ys, Xt, yt)


_TOYS: dict[str, Callable[[np.random.Generator], ToyProblem]] = {
    "light": _light,
    "aside": _aside,
    "moons": _moons,
    "far moons": _far_moons,
    "elsewhere": _elsewhere,
    "proportions": _proportions,
}
