"""Sets that are downloaded: their formats are read right, and what we fetch is what torchvision fetches."""

from __future__ import annotations

import bz2
import gzip
import io
import re
import struct
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from da_core.cli.run_command import download_missing
from da_core.data.download import MissingError
from da_core.data.loading.cache import fetch, load_pair
from da_core.data.sources import movielens, sources
from da_core.data.sources.downloaded_digits import SETS
from da_core.errors import UserError
from da_core.experiment import DataSpec
from tests.support.pairs import load
from tests.support.shelf import Shelf, opened


@pytest.fixture(autouse=True)
def place(data_dir: Path) -> Path:
    return data_dir / "downloads"


def put(folder: Path, files: dict[str, bytes]) -> None:
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)


def idx(X: np.ndarray, y: np.ndarray) -> dict[str, bytes]:
    return {
        "train-images-idx3-ubyte.gz": gzip.compress(struct.pack(">4I", 2051, *X.shape) + X.tobytes()),
        "train-labels-idx1-ubyte.gz": gzip.compress(struct.pack(">2I", 2049, len(y)) + y.astype(np.uint8).tobytes()),
    }


def usps(X: np.ndarray, y: np.ndarray) -> bytes:
    values = X.reshape(len(X), -1) / 255 * 2 - 1
    lines = [
        f"{label + 1} " + " ".join(f"{column}:{value:.4f}" for column, value in enumerate(row, 1))
        for label, row in zip(y, values, strict=True)
    ]
    return bz2.compress("\n".join(lines).encode())


def svhn(X: np.ndarray, y: np.ndarray) -> bytes:
    from scipy.io import savemat

    file = io.BytesIO()
    savemat(file, {"X": X.transpose(1, 2, 3, 0), "y": np.where(y == 0, 10, y)[:, None]})
    return file.getvalue()


def bars(side: int, count: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Grey pictures whose label can be read off: as many bright rows as the label says, and one."""
    y = np.arange(count) % 10
    X = np.zeros((count, side, side), np.uint8)
    for picture, label in zip(X, y, strict=True):
        picture[3 : 4 + label, 3 : side - 3] = 255
    return X, y


def rows_lit(X: np.ndarray) -> np.ndarray:
    return (X[..., 0].max(axis=2) > 100).sum(axis=1)


def test_each_set_is_read_as_it_is_packed(place: Path) -> None:
    for name in ("mnist", "fashionmnist"):
        put(place / name, idx(*bars(28)))
    put(place / "usps", {"usps.bz2": usps(*bars(16))})
    X, y = bars(32)
    put(place / "svhn", {"test_32x32.mat": svhn(np.repeat(X[..., None], 3, axis=3), y)})
    for pair, names in {
        "usps→mnist": ("usps", "mnist"),
        "mnist→usps": ("mnist", "usps"),
        "svhn→mnist": ("svhn", "mnist"),
        "mnist→photos": ("mnist", "photo"),
        "fashion→photos": ("fashion", "photo"),
    }.items():
        found = load_pair(DataSpec(name="downloaded_digits", params={"pair": pair, "count": 100}))
        assert (found.source.name, found.target.name) == names
        assert found.sample_shape == (32, 32, 3)
        if pair in ("svhn→mnist", "mnist→photos"):  # not scaled to the ink: rows can be counted
            np.testing.assert_array_equal(rows_lit(found.source.X), found.source.y + 1)
        assert sorted({*found.source.y}) == list(range(10))
    assert len(found.source) == len(found.target) == 30  # each picture is in one domain


def test_what_is_missing_is_said_and_then_fetched_as_a_run_does(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = DataSpec(name="downloaded_digits", params={"count": 200})
    with pytest.raises(MissingError, match=r"USPS is not on this machine yet; .* put usps.bz2, train-images"):
        load_pair(spec)
    with opened() as shelf:
        monkeypatch.setitem(SETS, "usps", (on(shelf, "usps", "usps.bz2", usps(*bars(16))),))
        monkeypatch.setitem(SETS, "mnist", tuple(on(shelf, "mnist", *file) for file in idx(*bars(28)).items()))
        assert list(fetch(spec))[-1] == 1
    assert load_pair(spec).source.name == "usps"
    for file in place.rglob("*.gz"):
        file.unlink()
    assert list(fetch(spec)) == []  # the pair is kept


def test_the_command_line_downloads_with_a_bar(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with opened() as shelf:
        monkeypatch.setitem(SETS, "mnist", tuple(on(shelf, "mnist", *file) for file in idx(*bars(28)).items()))
        download_missing(DataSpec(name="downloaded_digits", params={"pair": "mnist→photos", "count": 300}))
    said = capsys.readouterr().err
    assert "download" in said
    assert "100%" in said
    assert len(list(place.rglob("*.gz"))) == 2


def on(shelf: Shelf, of: str, name: str, content: bytes):
    return replace(shelf.remote(name, content, folder=of), of=of.upper())


@pytest.mark.filterwarnings("ignore:loadtxt")
@pytest.mark.parametrize(
    "content",
    [b"", b"no archive", gzip.compress(b"short"), bz2.compress(b"1 1:x")],
    ids=["empty", "no archive", "gzip", "bzip2"],  # gzip's bytes hold the time of day
)
def test_a_damaged_file_is_one_sentence(place: Path, content: bytes) -> None:
    put(place / "mnist", dict.fromkeys(idx(*bars(28)), content))
    put(place / "usps", {"usps.bz2": content})
    put(place / "svhn", {"test_32x32.mat": content})
    put(place / "movielens", {"ml-100k.zip": content})
    for name, params in (
        ("downloaded_digits", {"pair": "mnist→photos"}),
        ("downloaded_digits", {"pair": "usps→mnist"}),
        ("downloaded_digits", {"pair": "svhn→mnist"}),
        ("movielens", {}),
    ):
        with pytest.raises(UserError, match="cannot be read; delete the folder"):
            load_pair(DataSpec(name=name, params=params))


def test_addresses_and_checksums_are_those_of_torchvision() -> None:
    from torchvision import datasets

    for name, kind in (("mnist", datasets.MNIST), ("fashion", datasets.FashionMNIST)):
        assert [(remote.name, remote.digest) for remote in SETS[name]] == kind.resources[:2]
        assert all(url == base + r.name for r in SETS[name] for url, base in zip(r.urls, kind.mirrors, strict=True))
    for name, (url, file, md5) in (
        ("usps", datasets.USPS.split_list["train"]),
        ("svhn", datasets.SVHN.split_list["test"]),
    ):
        (remote,) = SETS[name]
        assert (remote.urls, remote.name, remote.digest) == ((url,), file, md5)


# MovieLens ----------------------------------------------------------------------------------------------------------


def ratings_archive(stars_of_women: int | None = None, users: int = 60, films: int = 40) -> bytes:
    """Users who like the first genre that they can, each with 20 ratings at times 0 … 19; every third is a woman."""
    rng = np.random.default_rng(0)
    genre = rng.integers(0, 8, films)
    flags = np.zeros((films, 19), int)
    flags[np.arange(films), np.array(movielens._GENRES)[genre]] = 1
    loves = rng.integers(0, 8, users)

    def stars(user: int, film: int) -> int:
        own = 5 if genre[film] == loves[user] else 2
        return own if user % 3 or stars_of_women is None else stars_of_women

    data = [
        f"{user + 1}\t{film + 1}\t{stars(user, film)}\t{time}"
        for user in range(users)
        for time, film in enumerate(rng.permutation(films)[:20])
    ]
    people = [f"{user + 1}|{20 + user % 40}|{'M' if user % 3 else 'F'}|student|00000" for user in range(users)]
    items = [
        f"{film + 1}|Film {film} (1995)|01-Jan-1995||http://x|" + "|".join(map(str, flags[film]))
        for film in range(films)
    ]
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, lines in (("u.data", data), ("u.user", people), ("u.item", items)):
            archive.writestr(f"ml-100k/{name}", "\n".join(lines).encode("latin-1"))
    return file.getvalue()


def test_a_row_says_what_was_known_before_it(place: Path) -> None:
    put(place / "movielens", {"ml-100k.zip": ratings_archive()})
    pair = load(sources()["movielens"], {"groups": "men→women"})
    assert (pair.source.name, pair.target.name, pair.columns) == ("men", "women", movielens.COLUMNS)
    assert (len(pair.source), len(pair.target)) == (400, 200)  # the later 10 ratings of 40 men and 20 women
    known = dict(zip(pair.columns, pair.target.X.T, strict=True))
    assert set(known["films rated"]) == {10}
    assert set(known["year of the film"]) == {1995}
    assert pair.target.captions is not None
    assert re.fullmatch(r"Film \d+ \(1995\) · № \d+ · \d+ · 10 × ★ \d\.\d", pair.target.captions[0])
    liked = pair.target.y == 1
    genres = [name for name in movielens.COLUMNS if name in ("for children", "thriller") or name.endswith(" in it")]
    stars = [name for name in movielens.COLUMNS if name.startswith("stars for")]
    of_this = sum(known[genre] * known[star] for genre, star in zip(genres, stars, strict=True))
    assert of_this[liked].mean() > of_this[~liked].mean() + 0.5


def test_the_targets_stars_are_unknown_to_the_films(place: Path) -> None:
    """Films' means come from the source: other stars of the target's users change no row of the source."""
    source = sources()["movielens"]
    put(place / "movielens", {"ml-100k.zip": ratings_archive()})
    before = load(source, {"groups": "men→women"})
    (place / "movielens" / "ml-100k.zip").write_bytes(ratings_archive(stars_of_women=1))
    after = load(source, {"groups": "men→women"})
    np.testing.assert_array_equal(before.source.X, after.source.X)
    np.testing.assert_array_equal(before.target.X[:, -1], after.target.X[:, -1])
    assert after.target.y.max() == 0
