"""Yield real pairs of domains, and planted shifts on top of them: what advice is measured on.

They come from the folder of shared data where that is there, from scikit-learn's tables and from the built-in sets.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import zipfile
from collections.abc import Callable, Collection, Iterator
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from da_core.data.loading.cache import load_pair
from da_core.data.pair import Domain, DomainPair, Provenance
from da_core.data.sources import sources
from da_core.experiment import DataSpec

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
MOST = 1500
"""Rows of a domain, at most."""

Rows = NDArray[Any]
Labels = NDArray[np.int64]


def _pair(name: str, source: tuple[Rows, Labels], target: tuple[Rows, Labels]) -> DomainPair:
    """Keep the classes that both domains have, and at most `MOST` rows of each domain."""
    shared = np.intersect1d(source[1], target[1])
    domains = []
    for side, (X, y) in (("source", source), ("target", target)):
        rows = np.flatnonzero(np.isin(y, shared))
        rows = np.sort(np.random.default_rng(0).permutation(rows)[:MOST])
        domains.append(Domain(side, X[rows], np.searchsorted(shared, y[rows]).astype(np.int64)))
    return DomainPair(domains[0], domains[1], tuple(map(str, shared)), Provenance(name, "", "", "unknown"))


def _gas() -> Iterator[tuple[str, DomainPair]]:
    batches = {}
    for number in (1, 2, 3, 4, 5, 6, 8, 9):
        lines = (SHARED / "gas" / f"batch{number}.dat").read_text().splitlines()
        X = np.array([[float(part.split(":")[1]) for part in line.split()[1:]] for line in lines], np.float32)
        batches[number] = X, np.array([int(line.split(";")[0]) for line in lines])
    for one, other in ((1, 2), (1, 3), (2, 3), (3, 4), (4, 5), (5, 6), (6, 8), (8, 9), (1, 9), (2, 6), (6, 2), (3, 6)):
        yield f"gas{one}-{other}", _pair("gas", batches[one], batches[other])


def _rooms() -> Iterator[tuple[str, DomainPair]]:
    with zipfile.ZipFile(SHARED / "rooms" / "IndoorMovement.zip") as archive:

        def table(name: str) -> list[list[float]]:
            rows = list(csv.reader(io.TextIOWrapper(archive.open(name), "utf-8")))[1:]
            return [[float(value) for value in row] for row in rows if row]

        y = np.array([int(row[1] > 0) for row in table("dataset/MovementAAL_target.csv")])
        group = np.array([int(row[1]) for row in table("groups/MovementAAL_DatasetGroup.csv")])
        series = [np.array(table(f"dataset/MovementAAL_RSS_{n + 1}.csv")) for n in range(len(y))]
    X = np.stack([np.concatenate([s.mean(0), s.std(0), s[:5].mean(0), s[-5:].mean(0)]) for s in series]).astype(
        np.float32
    )
    for one, other in permutations((1, 2, 3), 2):
        yield (
            f"rooms{one}-{other}",
            _pair("rooms", (X[group == one], y[group == one]), (X[group == other], y[group == other])),
        )


def _bikes() -> Iterator[tuple[str, DomainPair]]:
    rows = list(csv.DictReader((SHARED / "bikes" / "hour.csv").open()))
    columns = ("hr", "holiday", "weekday", "workingday", "weathersit", "temp", "hum", "windspeed")
    X = np.array([[float(row[name]) for name in columns] for row in rows], np.float32)
    rented, year, season = (np.array([int(row[name]) for row in rows]) for name in ("cnt", "yr", "season"))
    free = X[:, 3] == 0
    splits = {"years": (year == 0, year == 1), "work-free": (~free, free), "free-work": (free, ~free)}
    splits |= {"winter-summer": (season == 1, season == 3), "spring-autumn": (season == 2, season == 4)}
    for name, (one, other) in splits.items():
        y = np.digitize(rented, np.quantile(rented[one], [1 / 3, 2 / 3]))
        yield f"bikes-{name}", _pair("bikes", (X[one], y[one]), (X[other], y[other]))


def _airfoil() -> Iterator[tuple[str, DomainPair]]:
    table = np.loadtxt(SHARED / "airfoil" / "airfoil.txt", dtype=np.float32)
    X, y = table[:, :5], (table[:, 5] > np.median(table[:, 5])).astype(int)
    X[:, [0, 4]] = np.log(X[:, [0, 4]])
    for column, name in ((3, "speed"), (2, "chord"), (1, "angle")):
        high = X[:, column] > np.median(X[:, column])
        rest = np.delete(X, column, axis=1)
        yield f"airfoil-{name}", _pair("airfoil", (rest[~high], y[~high]), (rest[high], y[high]))


def _opinions() -> Iterator[tuple[str, DomainPair]]:
    domains = {}
    for name in ("tweets", "nytEditorialSnippets", "movieReviewSnippets", "amazonReviewSnippets"):
        text = (SHARED / "sentiment" / f"{name}_GroundTruth.txt").read_text("utf-8", "replace")
        rows = [line.split("\t", 2) for line in text.splitlines() if line.count("\t") > 1]
        score = np.array([float(row[1]) for row in rows])
        clear = np.abs(score) > 0.5
        domains[name[:3]] = np.array([row[2] for row in rows])[clear], (score[clear] > 0).astype(int)
    for one, other in permutations(domains, 2):
        yield f"text-{one}-{other}", _pair("opinions", domains[one], domains[other])


def _digits() -> Iterator[tuple[str, DomainPair]]:
    from PIL import Image

    with np.load(SHARED / "digits" / "usps_16x16.npz") as usps, np.load(SHARED / "digits" / "mnist_t10k.npz") as mnist:
        small = np.stack(
            [
                np.asarray(Image.fromarray(x[4:24, 4:24]).resize((16, 16), Image.Resampling.BILINEAR))
                for x in mnist["X"][:3000]
            ]
        )
        domains = [
            (np.repeat(X[..., None], 3, axis=3), y)
            for X, y in ((usps["X_train"][:3000], usps["y_train"][:3000]), (small, mnist["y"][:3000]))
        ]
    yield "usps-mnist", _pair("digits", domains[0], domains[1])
    yield "mnist-usps", _pair("digits", domains[1], domains[0])


def _webcams() -> Iterator[tuple[str, DomainPair]]:
    from PIL import Image

    domains = []
    for side in ("day", "night"):
        files = sorted((SHARED / "webcams" / side).glob("*/*.jpg"))
        X = np.stack([np.asarray(Image.open(file).convert("RGB").resize((32, 32))) for file in files])
        domains.append((X, np.array([int(file.parent.name[3:]) for file in files])))
    yield "webcams", _pair("webcams", domains[0], domains[1])


def _built_in() -> Iterator[tuple[str, DomainPair]]:
    for one, other in permutations(("men", "women", "children"), 2):
        yield f"vowels-{one}-{other}", load_pair(DataSpec(name="vowels", params={"source": one, "target": other}))
    columns = {
        "wine": ("malic acid", "alcohol", "magnesium", "phenols", "hue"),
        "cancer": ("concavity", "radius", "texture", "smoothness", "symmetry"),
        "diabetes": ("cholesterol / HDL", "age", "body mass index", "blood pressure", "blood sugar"),
    }
    for name, splitting in columns.items():
        for column in splitting:
            yield f"{name}-{column}", load_pair(DataSpec(name=name, params={"column": column}))
    yield "ratings", load_pair(DataSpec(name="ratings"))
    yield "hillside", load_pair(DataSpec(name="hillside", params={"count": 2000}))
    yield "digits_night", load_pair(DataSpec(name="digits_night"))
    yield "digits_mnist", load_pair(DataSpec(name="digits_mnist"))
    yield "mnist_m", load_pair(DataSpec(name="mnist_m"))
    yield "street", load_pair(DataSpec(name="street", params={"count": 1200}))
    yield "sentiment", load_pair(DataSpec(name="sentiment", params={"count": 1200}))


def real_pairs() -> Iterator[tuple[str, DomainPair]]:
    """Yield the real pairs that are on this machine by name."""
    for group in (
        _built_in,
        *((_gas, _rooms, _bikes, _airfoil, _opinions, _digits, _webcams) if SHARED.exists() else ()),
    ):
        yield from group()


def _tables() -> Iterator[tuple[str, Rows, Labels]]:
    """Yield real tables without a shift."""
    from sklearn import datasets

    for name in ("wine", "breast_cancer", "iris", "digits"):
        X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
        yield name, X.astype(np.float32), y.astype(np.int64)
    vowels = load_pair(DataSpec(name="vowels", params={"source": "women", "target": "men"}))
    yield "vowels", vowels.target.X, vowels.target.y
    if SHARED.exists():
        for name, pair in _gas():
            if name in ("gas2-3", "gas6-8"):
                yield name.split("-")[0], pair.source.X, pair.source.y


def planted_pairs(tables: Collection[str] = ()) -> Iterator[tuple[str, DomainPair]]:
    """Yield label, covariate, concept and site shifts (other shares and gauges at once) of these tables, or of all."""
    for name, X, y in _tables():
        if tables and name not in tables:
            continue
        for kind, plant in PLANTED.items():
            rng = np.random.default_rng([len(name), len(kind), len(y)])
            half = rng.permutation(len(y)) % 2 == 0
            yield f"{name}+{kind}", _pair(name, (X[half], y[half]), plant(X[~half], y[~half], rng))


def _none(X: Rows, y: Labels, rng: np.random.Generator) -> tuple[Rows, Labels]:
    return X, y


def _label(X: Rows, y: Labels, rng: np.random.Generator) -> tuple[Rows, Labels]:
    share = rng.permutation(np.geomspace(0.12, 1, len(np.unique(y))))
    keep = rng.random(len(y)) < share[np.unique(y, return_inverse=True)[1]]
    return X[keep], y[keep]


def _covariate(X: Rows, y: Labels, rng: np.random.Generator) -> tuple[Rows, Labels]:
    from sklearn.decomposition import PCA

    along = PCA(1).fit_transform((X - X.mean(0)) / np.maximum(X.std(0), 1e-9))[:, 0]
    keep = rng.random(len(y)) < 1 / (1 + np.exp(-2.5 * along / along.std()))
    return X[keep], y[keep]


def _concept(X: Rows, y: Labels, rng: np.random.Generator) -> tuple[Rows, Labels]:
    one, other = rng.permutation(np.unique(y))[:2]
    renamed = (y == one) & (rng.random(len(y)) < 0.5)
    return X, np.where(renamed, other, y)


def _gauges(X: Rows, y: Labels, rng: np.random.Generator) -> tuple[Rows, Labels]:
    scale = X.std(0)
    gauges = X * rng.uniform(0.7, 1.4, X.shape[1]) + rng.normal(0, 0.8, X.shape[1]) * scale
    return gauges.astype(np.float32), y


def _site(X: Rows, y: Labels, rng: np.random.Generator) -> tuple[Rows, Labels]:
    return _label(*_gauges(X, y, rng), rng)


PLANTED: dict[str, Callable[[Rows, Labels, np.random.Generator], tuple[Rows, Labels]]] = {
    "none": _none,
    "label": _label,
    "covariate": _covariate,
    "concept": _concept,
    "gauges": _gauges,
    "site": _site,
}


def null_pair(pair: DomainPair, seed: int) -> DomainPair:
    """Deal a pair's source out at random into two domains."""
    order = np.random.default_rng(seed).permutation(len(pair.source))
    source, target = (Domain("half", pair.source.X[rows], pair.source.y[rows]) for rows in np.array_split(order, 2))
    return dataclasses.replace(pair, source=source, target=target)


def built_in_of(name: str, pair: DomainPair) -> DataSpec:
    """Name the built-in set that a pair comes from, or one whose usual network suits its samples."""
    base = name.split("-")[0].split("+")[0]
    usual = {"features": "vowels", "pictures": "street", "texts": "sentiment", "sounds": "street"}[pair.kind]
    return DataSpec(name=base if base in sources() and "+" not in name else usual)
