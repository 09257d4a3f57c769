"""Points in the plane: one kind of shift each, small enough to see all of it.

All are drawn from known distributions, so what a method ought to find is known as well.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from da_core import params
from da_core.data.pair import Domain, DomainPair, Provenance
from da_core.data.source import DataSource
from da_core.experiment import HeadSpec, MethodSpec, NetworkSpec, TrainingSpec, UsualSpec
from da_core.params import hyper

Points = NDArray[np.float64]
Labels = NDArray[np.int64]

CENTRES = np.array([[2.5, 0.0], [-2.5, 0.0], [0.0, 3.0]])
"""Where the three classes of the blobs lie; each has a standard deviation of 1."""


class Count(params.Params):
    """How many points."""

    count: int = hyper(1000, ge=50, le=20_000, step=50, title="Points", help="Points drawn for each domain.")


class Toy(DataSource, abstract=True):
    """A pair of point clouds; a subclass draws one domain after the other."""

    area = "points"
    kind = "features"
    usual = UsualSpec(network=NetworkSpec(name="mlp"), training=TrainingSpec(epochs=100))
    classes: tuple[str, ...] = ("A", "B")
    Params: ClassVar[type[params.Params]] = Count
    params: Count

    def load(self, seed: int) -> DomainPair:
        # a stream of its own: a permutation drawn elsewhere from the same seed would repeat that of the labels
        rng = np.random.default_rng([seed, 0x70F5])
        Xs, ys = self.source(rng)
        Xt, yt = self.target(rng)
        return DomainPair(
            source=Domain("source", Xs.astype(np.float32), ys),
            target=Domain("target", Xt.astype(np.float32), yt),
            classes=self.classes,
            provenance=Provenance(
                title=self.title,
                origin="Drawn by this project's code from distributions that its file states.",
                licence="Made by this project's code: MIT, as the project.",
                shift=self.shift,
            ),
            columns=("x1", "x2"),
        )

    def source(self, rng: np.random.Generator) -> tuple[Points, Labels]:
        raise NotImplementedError

    def target(self, rng: np.random.Generator) -> tuple[Points, Labels]:
        raise NotImplementedError


class Moons(Toy):
    """Two half circles that interlock; the target is turned about their common centre."""

    name = "moons"
    title = "Moons, turned"
    summary = "Two interlocking half circles; in the target they are turned."
    shift = "appearance"
    # transport of the points themselves, as its authors show it
    usual = UsualSpec(
        network=NetworkSpec(name="identity"),
        head=HeadSpec(name="svm"),
        method=MethodSpec(name="class_regularised_ot"),
    )

    class Params(Count):
        angle: float = hyper(
            40.0, ge=0, le=180, step=5, symbol="α", unit="°", title="Angle", help="How far the target is turned."
        )
        noise: float = hyper(
            0.1, ge=0, le=1, step=0.05, symbol="σ", title="Noise", help="Standard deviation around the half circles."
        )

    params: Params

    def source(self, rng: np.random.Generator) -> tuple[Points, Labels]:
        y = _balanced(self.params.count, 2, rng)
        along = rng.uniform(0, np.pi, self.params.count)
        arch = np.c_[np.cos(along) - 0.5, np.sin(along) - 0.25]
        X = np.where(y[:, None] == 0, arch, -arch)
        return X + rng.normal(scale=self.params.noise, size=X.shape), y

    def target(self, rng: np.random.Generator) -> tuple[Points, Labels]:
        X, y = self.source(rng)
        return X @ _rotation(self.params.angle).T, y


class Blobs(Toy):
    """Three round classes; the target is moved and stretched, as a change of light does to features."""

    name = "blobs"
    title = "Blobs, moved"
    summary = "Three round classes; in the target all of them are moved and stretched alike."
    shift = "appearance"
    classes = ("A", "B", "C")

    class Params(Count):
        move: float = hyper(3.0, ge=0, le=10, step=0.5, title="Move", help="How far the target is moved.")
        stretch: float = hyper(
            1.5, ge=0.25, le=4, step=0.25, title="Stretch", help="How much wider, and by as much flatter, it is."
        )

    params: Params

    def source(self, rng: np.random.Generator) -> tuple[Points, Labels]:
        return _blobs(_balanced(self.params.count, 3, rng), rng)

    def target(self, rng: np.random.Generator) -> tuple[Points, Labels]:
        X, y = self.source(rng)
        return X * [self.params.stretch, 1 / self.params.stretch] + self.params.move * np.array([1.0, -0.5]), y


class Covariate(Toy):
    """Source x ~ N(0, I), target x ~ N((m, 0), s² I); one curved border between the classes for both.

    P(y | x) is the same in both domains, and the density ratio is known; see `density_ratio`.
    """

    name = "covariate"
    title = "Covariate shift"
    summary = "Other points are common in the target; what a point means stays the same. The density ratio is known."
    shift = "covariate"
    # weights matter where the model cannot fit everywhere
    usual = UsualSpec(
        network=NetworkSpec(name="identity"), head=HeadSpec(name="logistic"), method=MethodSpec(name="kmm")
    )

    class Params(Count):
        mean: float = hyper(1.5, ge=0, le=4, step=0.25, symbol="m", title="Mean", help="Where the target is centred.")
        spread: float = hyper(
            0.6, ge=0.2, le=2, step=0.1, symbol="s", title="Spread", help="Standard deviation of the target."
        )

    params: Params

    def source(self, rng: np.random.Generator) -> tuple[Points, Labels]:
        X = rng.normal(size=(self.params.count, 2))
        return X, _bent(X, rng)

    def target(self, rng: np.random.Generator) -> tuple[Points, Labels]:
        X = rng.normal(size=(self.params.count, 2)) * self.params.spread + [self.params.mean, 0]
        return X, _bent(X, rng)

    def true_weights(self, X: NDArray[Any], y: Labels) -> Points:
        return self.density_ratio(X)

    def density_ratio(self, X: NDArray[Any]) -> Points:
        """Compute p_t(x) / p_s(x) of points X (n, 2): (n,)."""
        to_target = np.square((X - [self.params.mean, 0]) / self.params.spread).sum(axis=1)
        ratio: Points = np.exp((np.square(X).sum(axis=1) - to_target) / 2) / self.params.spread**2
        return ratio


class LabelShift(Toy):
    """Three round classes that overlap; the same classes are common in other proportions."""

    name = "label_shift"
    title = "Label shift"
    summary = "Other classes are common in the target; what a class looks like stays the same."
    shift = "label"
    classes = ("A", "B", "C")

    class Params(Count):
        rarest: float = hyper(
            0.1, ge=0.02, le=0.33, step=0.01, title="Rarest class", help="Its share; the commonest has what is left."
        )

    params: Params

    def source(self, rng: np.random.Generator) -> tuple[Points, Labels]:
        return self._drawn((0, 1, 2), rng)

    def target(self, rng: np.random.Generator) -> tuple[Points, Labels]:
        return self._drawn((2, 1, 0), rng)

    def true_weights(self, X: NDArray[Any], y: Labels) -> Points:
        share = self._shares()
        ratio: Points = (share[::-1] / share)[y]
        return ratio

    def _shares(self) -> Points:
        """Of the classes in the source; in the target they are the other way round."""
        return np.array([2 / 3 - self.params.rarest, 1 / 3, self.params.rarest])

    def _drawn(self, order: tuple[int, ...], rng: np.random.Generator) -> tuple[Points, Labels]:
        share = self._shares()[list(order)]
        y = np.repeat(np.arange(3), np.diff(np.round(np.cumsum([0, *share]) * self.params.count).astype(int)))
        return _blobs(rng.permutation(y), rng, scale=0.6)


class Concept(Toy):
    """The same points, told apart by another line."""

    name = "concept"
    title = "Concept shift"
    summary = "The same points are common, but some of them mean another class in the target."
    shift = "concept"

    class Params(Count):
        angle: float = hyper(
            35.0, ge=0, le=180, step=5, symbol="α", unit="°", title="Angle", help="How far the border is turned."
        )

    params: Params

    def source(self, rng: np.random.Generator) -> tuple[Points, Labels]:
        return self._told_apart(self.params.count, 0.0, rng)

    def target(self, rng: np.random.Generator) -> tuple[Points, Labels]:
        return self._told_apart(self.params.count, self.params.angle, rng)

    def _told_apart(self, count: int, angle: float, rng: np.random.Generator) -> tuple[Points, Labels]:
        X = rng.normal(size=(count, 2))
        return X, ((X @ _rotation(angle))[:, 0] > 0).astype(np.int64)


class Subspace(Toy):
    """Clusters of alternating classes along one axis; in the target along the other."""

    name = "subspace"
    title = "Subspace shift"
    summary = "The classes alternate along one axis in the source and along the other in the target."
    shift = "appearance"

    class Params(Count):
        noise: float = hyper(
            0.15, ge=0.02, le=0.5, step=0.01, symbol="σ", title="Noise", help="Standard deviation around each centre."
        )

    params: Params

    def source(self, rng: np.random.Generator) -> tuple[Points, Labels]:
        place = _balanced(self.params.count, 3, rng)  # unequal gaps tell the two ends of the axis apart
        X = np.c_[np.array([-1.0, 0.0, 2.0])[place], np.zeros(self.params.count)]
        return X + rng.normal(scale=self.params.noise, size=X.shape), (place == 1).astype(np.int64)

    def target(self, rng: np.random.Generator) -> tuple[Points, Labels]:
        X, y = self.source(rng)
        return X[:, ::-1].copy(), y


def _balanced(count: int, classes: int, rng: np.random.Generator) -> Labels:
    """(count,) labels in random order, each class as often as the others."""
    return rng.permutation(np.arange(count, dtype=np.int64) % classes)


def _blobs(y: Labels, rng: np.random.Generator, scale: float = 1.0) -> tuple[Points, Labels]:
    return scale * CENTRES[y] + rng.normal(size=(len(y), 2)), y


def _bent(X: Points, rng: np.random.Generator) -> Labels:
    """Labels by a curved border, P(y = 1 | x) = 1 / (1 + e^(−6 (x₂ − x₁² / 2 + 1/2)))."""
    score = 6 * (X[:, 1] - X[:, 0] ** 2 / 2 + 0.5)
    return (rng.random(len(X)) < 1 / (1 + np.exp(-score))).astype(np.int64)


def _rotation(degrees: float) -> Points:
    """(2, 2) matrix that turns a column vector counter-clockwise."""
    angle = np.deg2rad(degrees)
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
