"""Points in the plane that a hand has arranged: a shape, what is done to its target, and points of one's own."""

from __future__ import annotations

import base64
import binascii
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from da_core import params
from da_core.data.pair import Domain, DomainPair, Provenance
from da_core.data.source import DataSource
from da_core.data.sources.toys import CENTRES, Labels, Points
from da_core.errors import UserError
from da_core.params import hyper

Shape = Literal["moons", "blobs", "rings", "spirals", "xor", "line", "none"]
LETTERS = ("A", "B", "C")
REACH = 8.0
"""A point of one's own lies between −8 and 8 on both axes."""
MOST_POINTS = 2000
"""Points of one's own, of both domains and all classes together."""
_STEPS = 4095
_POOL = 20
"""Points drawn for each one that the selection keeps."""


class DrawnPoints(DataSource):
    """A shape, and a target that is the same shape selected, turned, stretched, moved or labelled otherwise.

    Target points x with class y are made from those of the source's shape in this order: selected with probability in
    proportion to e^(b x₁), so that P(y | x) stays and p_t(x) / p_s(x) is known; labelled as the shape would be if it
    were turned by ``concept``; then x → R(turn) S(stretch) x + move + move of class y.
    """

    name = "drawn"
    title = "Drawn by hand"
    summary = "A shape whose target you turn, stretch, move and select from, and points that you draw."
    area = "points"
    shift = "appearance"
    kind = "features"

    class Params(params.Params):
        shape: Shape = hyper("moons", title="Shape", help="Arrangement of the classes. None leaves your own points.")
        count: int = hyper(300, ge=20, le=1000, step=20, title="Points", help="Points per domain.")
        noise: float = hyper(
            0.15,
            ge=0,
            le=1,
            step=0.05,
            symbol="σ",
            title="Noise",
            help=("Standard deviation around the shape; larger values mix the classes."),
        )
        source_ratio: float = hyper(
            1.0,
            ge=0.1,
            le=10,
            step=0.1,
            title="Class A in the source",
            help="Number of class A points for each point of another class.",
        )
        target_ratio: float = hyper(
            1.0,
            ge=0,
            le=10,
            step=0.1,
            title="Class A in the target",
            help="Number of class A points for each point of another class; 0 leaves the class out.",
        )
        turn: float = hyper(
            40.0,
            ge=-180,
            le=180,
            step=5,
            symbol="α",
            unit="°",
            title="Rotation",
            help=("Angle by which the target is rotated."),
        )
        stretch: float = hyper(
            1.0, ge=0.25, le=4, step=0.05, title="Stretch", help="Factor by which the target is widened and flattened."
        )
        right: float = hyper(
            0.0, ge=-6, le=6, step=0.1, title="Move right", help=("Distance that the target is moved to the right.")
        )
        up: float = hyper(0.0, ge=-6, le=6, step=0.1, title="Move up", help="Distance that the target is moved up.")
        selection: float = hyper(
            0.0,
            ge=-4,
            le=4,
            step=0.25,
            symbol="b",
            title="Selection",
            help="The target prefers points on the right (or, below 0, on the left): e^(b x₁). Their classes stay.",
        )
        concept: float = hyper(
            0.0,
            ge=-180,
            le=180,
            step=5,
            unit="°",
            title="Class rotation",
            help="Target points stay in place but are labelled as if the shape were rotated.",
        )
        class_moves: str = hyper("", title="Class moves", help="Shift of each target class: “0.5,0;0,-1”.")
        points: str = hyper("", title="Your own points", help="Points that you drew, in the playground's short form.")

    params: Params

    def load(self, seed: int) -> DomainPair:
        """Draw the pair. Raises `UserError` for points or moves that cannot be read and classes that are missing."""
        rng = np.random.default_rng([seed, 0xD7A3])
        own = decode_points(self.params.points)
        Xs, ys = _drawn(self.params, self.params.source_ratio, rng)
        Xt, yt = _shifted(self.params, rng)
        Xs, ys = _joined(Xs, ys, *own[0])
        Xt, yt = _joined(Xt, yt, *own[1])
        if not len(Xt):
            raise UserError("The target has no points; draw some, or choose a shape.")
        if len(np.unique(ys)) < 2:
            raise UserError(
                "The source has points of one class only, but a classifier needs at least two; draw points of "
                "another class."
            )
        classes = max(2, int(max(ys.max(), yt.max())) + 1)
        if (np.bincount(ys, minlength=classes) == 0).any():
            raise UserError("The target has a class that the source lacks; draw points of that class in the source.")
        return DomainPair(
            source=Domain("source", Xs.astype(np.float32), ys),
            target=Domain("target", Xt.astype(np.float32), yt),
            classes=LETTERS[:classes],
            provenance=Provenance(
                title=self.title,
                origin="Generated by this project's code, and drawn by hand.",
                licence="Made by this project's code: MIT, as the project.",
                shift=_shift_of(self.params),
            ),
            columns=("x1", "x2"),
        )

    def true_weights(self, X: NDArray[Any], y: Labels) -> Points | None:
        """Compute the density ratio where the target is selected from the source or has other class proportions."""
        if _shift_of(self.params) not in ("covariate", "label") or self.params.points:
            return None
        ratio = np.exp(self.params.selection * X[:, 0].astype(np.float64))
        if self.params.target_ratio != self.params.source_ratio:
            classes = _class_count(self.params.shape)
            ratio *= (_shares(self.params.target_ratio, classes) / _shares(self.params.source_ratio, classes))[y]
        weights: Points = ratio / ratio.mean()
        return weights

    def partway(self, share: float) -> DrawnPoints:
        """Take a share, from 0 to 1, of the way on which the target is moved, turned and stretched."""
        whole = self.params
        moves = _class_moves(whole.class_moves) * share
        parts = {
            "turn": whole.turn * share,
            "right": whole.right * share,
            "up": whole.up * share,
            "stretch": whole.stretch**share,
            "class_moves": ";".join(f"{across!r},{up!r}" for across, up in moves.tolist()) if moves.any() else "",
        }
        return DrawnPoints(**{**whole.model_dump(), **parts})


def decode_points(text: str) -> tuple[tuple[Points, Labels], tuple[Points, Labels]]:
    """Read own points: (X (n, 2), y (n,)) of the source, then of the target. Raises `UserError` for what is none.

    The text is URL-safe base64 of, for each domain and class A, B, C in turn, a two-byte count and three bytes a point,
    12 bits each of x and y between −`REACH` and `REACH`.
    """
    domains = []
    if len(text) > 4 * MOST_POINTS + 16:
        raise UserError("There are more than {count} points of your own; remove some.", count=MOST_POINTS)
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        at = 0
        for _domain in range(2):
            X, y = [np.empty((0, 2))], [np.empty(0, np.int64)]
            for label in range(len(LETTERS) if text else 0):
                count = int.from_bytes(data[at : at + 2], "big")
                raw = np.frombuffer(data, np.uint8, 3 * count, at + 2).reshape(-1, 3).astype(np.int64)
                across, up = raw[:, 0] << 4 | raw[:, 1] >> 4, (raw[:, 1] & 15) << 8 | raw[:, 2]
                X.append(np.stack([across, up], axis=1) / _STEPS * 2 * REACH - REACH)
                y.append(np.full(count, label, np.int64))
                at += 2 + 3 * count
            domains.append((np.concatenate(X), np.concatenate(y)))
        if at != len(data):
            raise ValueError("bytes are left over")
    except (ValueError, binascii.Error):
        raise UserError("The points in this link cannot be read; draw them again.") from None
    return domains[0], domains[1]


def encode_points(source: tuple[Points, Labels], target: tuple[Points, Labels]) -> str:
    """Write own points as `decode_points` reads them; what lies farther out than `REACH` is brought in."""
    whole = b""
    for X, y in (source, target):
        for label in range(len(LETTERS)):
            places = np.clip(np.round((X[y == label] + REACH) / (2 * REACH) * _STEPS), 0, _STEPS).astype(np.int64)
            across, up = places[:, 0], places[:, 1]
            packed = np.stack([across >> 4, (across & 15) << 4 | up >> 8, up & 255], axis=1).astype(np.uint8)
            whole += len(packed).to_bytes(2, "big") + packed.tobytes()
    return base64.urlsafe_b64encode(whole).decode().rstrip("=")


def _drawn(params: DrawnPoints.Params, ratio: float, rng: np.random.Generator, pool: int = 1) -> tuple[Points, Labels]:
    """Draw points of the shape, ``pool`` times as many as asked for, class A in the proportion that was asked for."""
    if params.shape == "none":
        return np.empty((0, 2)), np.empty(0, np.int64)
    shares = np.cumsum([0, *_shares(ratio, _class_count(params.shape))])
    y = np.repeat(np.arange(len(shares) - 1), np.diff(np.round(shares * params.count * pool).astype(int)))
    y = rng.permutation(y)
    X = _SHAPES[params.shape](y, rng)
    return X + rng.normal(scale=params.noise * _SCALES.get(params.shape, 1.0), size=X.shape), y


def _shifted(params: DrawnPoints.Params, rng: np.random.Generator) -> tuple[Points, Labels]:
    X, y = _drawn(params, params.target_ratio, rng, _POOL if params.selection else 1)
    if params.selection and len(X):
        chance = np.exp(params.selection * (X[:, 0] - X[:, 0].max() * np.sign(params.selection)))
        chosen = rng.choice(len(X), params.count, replace=False, p=chance / chance.sum())
        X, y = X[chosen], y[chosen]
    if params.concept and len(X):
        from scipy.spatial import cKDTree

        Xc, yc = _drawn(params, params.source_ratio, rng, 4)
        y = yc[cKDTree(Xc @ _rotation(params.concept).T).query(X)[1]]
    moved = (X * [params.stretch, 1 / params.stretch]) @ _rotation(params.turn).T + [params.right, params.up]
    return moved + _class_moves(params.class_moves)[y], y


def _class_moves(text: str) -> Points:
    """Read “0.5,0;0,-1” as (3, 2); classes that are not named stay."""
    moves = np.zeros((len(LETTERS), 2))
    try:
        for place, pair in enumerate(filter(None, text.split(";"))):
            across, up = pair.split(",")
            moves[place] = float(across), float(up)
    except (ValueError, IndexError):
        moves[:] = np.nan
    if not (np.abs(moves) <= 2 * REACH).all():
        raise UserError("Moves of the classes are written “0.5,0;0,-1”: two numbers for each class, of at most 16.")
    return moves


def _joined(X: Points, y: Labels, own_X: Points, own_y: Labels) -> tuple[Points, Labels]:
    return np.concatenate([X, own_X]), np.concatenate([y, own_y])


def _shift_of(params: DrawnPoints.Params) -> Literal["appearance", "covariate", "label", "concept"]:
    """Name the kind of shift: that of what was done to the target, appearance where several things were."""
    moved = (params.turn, params.stretch, params.right, params.up, params.class_moves) != (0, 1, 0, 0, "")
    if not moved and not params.concept:
        if params.selection:
            return "covariate" if params.source_ratio == params.target_ratio else "appearance"
        return "label" if params.source_ratio != params.target_ratio else "appearance"
    return "concept" if params.concept and not moved else "appearance"


def _class_count(shape: str) -> int:
    return 3 if shape == "blobs" else 2


def _shares(ratio: float, classes: int) -> Points:
    shares = np.array([ratio, *[1.0] * (classes - 1)])
    found: Points = shares / shares.sum()
    return found


def _rotation(degrees: float) -> Points:
    """(2, 2) matrix that turns a column vector counter-clockwise."""
    angle = np.deg2rad(degrees)
    found: Points = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return found


def _moons(y: Labels, rng: np.random.Generator) -> Points:
    along = rng.uniform(0, np.pi, len(y))
    arch = 1.6 * np.c_[np.cos(along) - 0.5, np.sin(along) - 0.25]
    found: Points = np.where(y[:, None] == 0, arch, -arch)
    return found


def _blobs(y: Labels, rng: np.random.Generator) -> Points:
    found: Points = CENTRES[y] - CENTRES.mean(axis=0)
    return found


def _rings(y: Labels, rng: np.random.Generator) -> Points:
    angle, radius = rng.uniform(0, 2 * np.pi, len(y)), np.where(y == 0, 0.7, 2.0)
    found: Points = np.c_[radius * np.cos(angle), radius * np.sin(angle)]
    return found


def _spirals(y: Labels, rng: np.random.Generator) -> Points:
    turned = np.sqrt(rng.uniform(0.03, 1, len(y))) * 3 * np.pi
    radius = turned / (3 * np.pi) * 2.4
    found: Points = np.where(y == 0, 1, -1)[:, None] * np.c_[radius * np.cos(turned), radius * np.sin(turned)]
    return found


def _xor(y: Labels, rng: np.random.Generator) -> Points:
    sign = rng.choice([-1.0, 1.0], len(y))
    found: Points = np.c_[sign, np.where(y == 0, sign, -sign)] * 1.2
    return found


def _line(y: Labels, rng: np.random.Generator) -> Points:
    """Clusters of alternating classes along one axis, as `Subspace` has them; unequal gaps tell its ends apart."""
    at = np.where(y == 0, np.where(rng.random(len(y)) < 0.5, -1.6, 2.2), 0.0)
    found: Points = np.c_[at, np.zeros(len(y))]
    return found


_SHAPES = {"moons": _moons, "blobs": _blobs, "rings": _rings, "spirals": _spirals, "xor": _xor, "line": _line}
_SCALES = {"blobs": 5.0, "xor": 3.0, "spirals": 0.7}
"""How much of a noise there is where the shape is wide: σ = 0.15 then shows about the same."""
