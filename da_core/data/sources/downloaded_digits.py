"""Load the sets that papers on domain adaptation use, in full: they are downloaded once."""

from __future__ import annotations

import bz2
import gzip
import io
from collections.abc import Callable
from typing import Literal

import numpy as np

from da_core import params
from da_core.data.download import MissingError, Remote, damaged, missing
from da_core.data.pair import Domain, DomainPair
from da_core.data.source import DataSource
from da_core.data.sources.digits import CLASSES, Labels, Pictures, centre_ink
from da_core.data.sources.mnist_m import add_rim, blend_with_photos
from da_core.params import hyper

_CLOTHES = (
    "T-shirt",
    "trousers",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "ankle boot",
)
_MNIST = ("https://ossci-datasets.s3.amazonaws.com/mnist/", "http://yann.lecun.com/exdb/mnist/")
_FASHION = ("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",)
_USPS = ("https://www.csie.ntu.edu.tw/~cjlin/libsvmtools/datasets/multiclass/",)
_SVHN = ("http://ufldl.stanford.edu/housenumbers/",)


def _remote(of: str, bases: tuple[str, ...], name: str, md5: str, size: int) -> Remote:
    return Remote(of, of.lower(), name, tuple(base + name for base in bases), md5, size)


SETS: dict[str, tuple[Remote, ...]] = {
    "mnist": (
        _remote("MNIST", _MNIST, "train-images-idx3-ubyte.gz", "f68b3c2dcbeaaa9fbdd348bbdeb94873", 9_912_422),
        _remote("MNIST", _MNIST, "train-labels-idx1-ubyte.gz", "d53e105ee54ea40749a09fcbcd1e9432", 28_881),
    ),
    "fashion": (
        _remote("FashionMNIST", _FASHION, "train-images-idx3-ubyte.gz", "8d4fb7e6c68d591d4c3dfef9ec88bf0d", 26_421_880),
        _remote("FashionMNIST", _FASHION, "train-labels-idx1-ubyte.gz", "25c81989df183df01b3e8a0aad5dffbe", 29_515),
    ),
    "usps": (_remote("USPS", _USPS, "usps.bz2", "ec16c51db3855ca6c91edd34d0e9b197", 6_579_383),),
    "svhn": (_remote("SVHN", _SVHN, "test_32x32.mat", "eb5a983be6a315427106f1b164d9cef3", 64_275_384),),
}
"""The files of each set. Of SVHN it is the test part alone: 26,032 pictures in a third of the bytes."""


class DownloadedDigits(DataSource):
    """USPS, MNIST, SVHN and FashionMNIST in pairs; “photos” blends others of the same set with photographs.

    USPS and MNIST are cropped and scaled alike, bright ink on black; otherwise pictures keep their frame.
    """

    name = "downloaded_digits"
    title = "USPS, MNIST, SVHN, FashionMNIST"
    summary = "The digits and clothes that papers report on, in full; they are downloaded once."
    area = "digits"
    shift = "appearance"
    kind = "pictures"
    origin = (
        "USPS: Hull, 1994, as LIBSVM's data sets have it. MNIST: LeCun, Cortes and Burges. SVHN: Netzer "
        "et al., 2011, its test part. FashionMNIST: Xiao, Rasul and Vollgraf, 2017. Pictures are drawn from "
        "them at random; photographs are those that come with scikit-learn."
    )
    licence = "USPS: not stated. MNIST: CC BY-SA 3.0. SVHN: for non-commercial use. FashionMNIST: MIT."

    class Params(params.Params):
        pair: Literal["usps→mnist", "mnist→usps", "svhn→mnist", "mnist→photos", "fashion→photos"] = hyper(
            "usps→mnist", title="Pair"
        )
        """The labelled set and the set to adapt to."""
        count: int = hyper(4000, ge=100, le=25_000, step=100, title="Pictures", help="Maximum pictures per domain.")

    params: Params

    def remotes(self) -> tuple[Remote, ...]:
        return tuple(remote for name in self.params.pair.split("→") for remote in SETS.get(name, ()))

    def load(self, seed: int) -> DomainPair:
        if lacking := missing(self.remotes()):
            raise MissingError(lacking)
        rng = np.random.default_rng([seed, 0xD161])
        names = first, second = self.params.pair.replace("photos", "photo").split("→")
        if second in SETS:
            prepare = _rim_if_grey if first == "svhn" else centre_ink
            parts = [(prepare(X), y) for X, y in (_drawn(*_read(name), self.params.count, rng) for name in names)]
        else:
            X, y = _drawn(*_read(first), 2 * self.params.count, rng)
            half = len(y) // 2
            parts = [(add_rim(X[:half]), y[:half]), (blend_with_photos(add_rim(X[half:]), rng), y[half:])]
        source, target = (Domain(name, *part) for name, part in zip(names, parts, strict=True))
        return self.pair(source, target, _CLOTHES if first == "fashion" else CLASSES, flips=first == "fashion")


def _rim_if_grey(X: Pictures) -> Pictures:
    """Bring pictures to 32 × 32 in colour: grey ones of 28 × 28 get a rim."""
    return X if X.ndim == 4 else add_rim(X)


def _drawn(X: Pictures, y: Labels, count: int, rng: np.random.Generator) -> tuple[Pictures, Labels]:
    rows = rng.permutation(len(y))[:count]
    return X[rows], y[rows]


def _read(name: str) -> tuple[Pictures, Labels]:
    """Read pictures (n, h, w) or (n, h, w, 3) and labels (n,) of a set. Raises `UserError` for damaged files."""
    files = SETS[name]
    contents = [remote.read() for remote in files]
    try:
        return _READERS[name](*contents)
    except Exception as error:  # damaged data makes gzip, bz2, NumPy and SciPy raise errors of many kinds
        raise damaged(files) from error


def _read_idx(images: bytes, labels: bytes) -> tuple[Pictures, Labels]:
    """Read MNIST's format: big-endian numbers of what follows (16 and 8 bytes), then one byte a pixel and a label."""
    X = np.frombuffer(gzip.decompress(images), np.uint8, offset=16).reshape(-1, 28, 28)
    y = np.frombuffer(gzip.decompress(labels), np.uint8, offset=8).astype(np.int64)
    return _checked(X, y)


def _read_usps(lines: bytes) -> tuple[Pictures, Labels]:
    """Read LIBSVM's format: a label from 1 to 10, then ``column:value`` with values from −1 to 1."""
    text = bz2.decompress(lines).decode("ascii").replace(":", " ")
    table = np.loadtxt(io.StringIO(text), dtype=np.float32, ndmin=2)
    pixels = (table[:, 2::2].reshape(-1, 16, 16) + 1) / 2 * 255
    return _checked(pixels.clip(0, 255).astype(np.uint8), table[:, 0].astype(np.int64) - 1)


def _read_svhn(matrices: bytes) -> tuple[Pictures, Labels]:
    """Read MATLAB's format: X (32, 32, 3, n), y from 1 to 10, where 10 is the digit 0."""
    from scipy.io import loadmat

    arrays = loadmat(io.BytesIO(matrices), variable_names=["X", "y"])
    return _checked(np.ascontiguousarray(arrays["X"].transpose(3, 0, 1, 2)), arrays["y"].ravel().astype(np.int64) % 10)


def _checked(X: Pictures, y: Labels) -> tuple[Pictures, Labels]:
    if len(X) != len(y) or not 0 <= y.min() <= y.max() < len(CLASSES):
        raise ValueError("pictures and labels do not go together")
    return X, y


_READERS: dict[str, Callable[..., tuple[Pictures, Labels]]] = {
    "mnist": _read_idx,
    "fashion": _read_idx,
    "usps": _read_usps,
    "svhn": _read_svhn,
}
