"""The extractors that learn nothing: against their definitions, computed slowly, and what light must not change."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from scipy.fft import dct

from da_core.data.pair import SOUND_RATE
from da_core.data.readers.sounds import log_mel
from da_core.events import Finished
from da_core.experiment import Experiment
from da_core.networks import networks
from da_core.networks.extractor import FixedExtractor
from da_core.run import run
from tests.support.webcams import WEBCAMS, needs_webcams

PICTURES = {"pixels", "hog", "log_edges"}


def computed(name: str, X: NDArray[Any], **params: bool | float | str) -> NDArray[np.float32]:
    extractor = networks()[name]
    assert issubclass(extractor, FixedExtractor)
    return extractor(**params).compute(X)


def scene(side: int = 24, seed: int = 0, count: int = 3) -> NDArray[np.uint8]:
    """Smooth grey pictures with values from 40 to 120."""
    coarse = np.random.default_rng(seed).integers(40, 121, (count, 6, 6), dtype=np.uint8)
    grey = [np.asarray(Image.fromarray(one).resize((side, side), Image.Resampling.BILINEAR)) for one in coarse]
    return np.stack([np.stack([one] * 3, axis=-1) for one in grey])


def sounds(count: int = 4, seconds: float = 0.5, seed: int = 0) -> NDArray[np.int16]:
    rng = np.random.default_rng(seed)
    return rng.normal(scale=1000, size=(count, int(seconds * SOUND_RATE))).astype(np.int16)


def test_what_learns_nothing_computes_the_same_rows_whatever_the_other_samples_are() -> None:
    fixed = {name for name, network in networks().items() if issubclass(network, FixedExtractor)}
    assert fixed == PICTURES | {"mfcc"}
    for name in fixed:
        X = scene() if name in PICTURES else sounds()
        rows = computed(name, X)
        assert rows.dtype == np.float32
        np.testing.assert_allclose(computed(name, X[1:2]), rows[1:2], atol=1e-5)
        extractor = networks()[name]()
        assert not extractor.learns
        assert extractor.feature_dim(X.shape[1:]) == rows.shape[1]
        Xs, Xt = extractor.prepare(X, X[:2], np.arange(1), np.arange(1))
        np.testing.assert_array_equal(Xs[:2], Xt)
        network = extractor.network(Xs.shape[1:], 2, seed=0)
        np.testing.assert_array_equal(network.embed(torch.from_numpy(Xs)), rows)
        assert [name for name, _ in network.features.named_parameters()] == []


def test_pixels_are_the_picture_or_its_mean_over_blocks() -> None:
    X = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3), dtype=np.uint8)
    np.testing.assert_allclose(computed("pixels", X), X.transpose(0, 3, 1, 2).reshape(2, -1) / 255, atol=1e-6)
    blocks = X.reshape(2, 4, 2, 4, 2, 3).mean((2, 4)).transpose(0, 3, 1, 2).reshape(2, -1) / 255
    np.testing.assert_allclose(computed("pixels", X, side=4), blocks, atol=1e-6)
    grey = [[Image.fromarray(one).convert("L")] for one in X]
    expected = np.stack([np.asarray(one[0]).reshape(-1) for one in grey]) / 255
    np.testing.assert_allclose(computed("pixels", X, channels="brightness"), expected, atol=1 / 255)


def by_loops(values: NDArray[np.float64], cells: int, directions: int, least: float) -> NDArray[np.float64]:
    """HOG of one picture of brightness (h, w), pixel by pixel: sides are multiples of ``cells``."""
    side = values.shape[0]
    step, H = side // cells, np.zeros((cells, cells, directions))
    for y in range(side):
        for x in range(side):
            dy = values[min(y + 1, side - 1), x] - values[max(y - 1, 0), x]
            dx = values[y, min(x + 1, side - 1)] - values[y, max(x - 1, 0)]
            place = (math.atan2(dy, dx) % math.pi) / math.pi * directions
            first, share = int(place) % directions, place % 1
            for direction, part in ((first, 1 - share), ((first + 1) % directions, share)):
                H[y // step, x // step, direction] += math.hypot(dx, dy) * part / step**2
    blocks = []
    for row in range(cells - 1):
        for column in range(cells - 1):
            block = H[row : row + 2, column : column + 2].ravel()
            for cut in (0.2, math.inf):
                block = np.minimum(block / math.sqrt((block**2).sum() + least**2), cut)
            blocks.append(block)
    return np.array(blocks)


@pytest.mark.parametrize("name", ["hog", "log_edges"])
def test_edges_are_sorted_and_evened_out_as_the_paper_says(name: str) -> None:
    X, cells, directions = scene(count=1), 4, 9
    grey = X[0, :, :, 0].astype(float)
    values, least = (np.sqrt(grey / 255), 1e-3) if name == "hog" else (np.log(grey), 0.01)
    expected = by_loops(values, cells, directions, least)
    mine = computed(name, X, cells=cells)[0].reshape(2, 2, directions, cells - 1, cells - 1)
    by_block = mine.transpose(3, 4, 0, 1, 2).reshape(len(expected), -1)
    np.testing.assert_allclose(by_block, expected, atol=1e-4)


@pytest.mark.parametrize("name", ["hog", "log_edges"])
def test_a_brighter_light_changes_nothing(name: str) -> None:
    X = scene()
    np.testing.assert_allclose(computed(name, 2 * X), computed(name, X), atol=1e-3)
    assert np.abs(computed("pixels", 2 * X) - computed("pixels", X)).max() > 0.1


def test_the_largest_gradient_of_the_three_channels_counts() -> None:
    X = np.full((1, 16, 16, 3), 100, np.uint8)
    X[:, :, 8:, 1] = 200  # green steps up where red steps down a little
    X[:, :, 8:, 0] = 90
    alone = np.repeat(X[..., 1:2], 3, axis=3)
    np.testing.assert_allclose(computed("hog", X), computed("hog", alone), atol=1e-6)


@pytest.mark.parametrize("name", sorted(PICTURES))
@pytest.mark.parametrize("side", [8, 28, 33, 128])
def test_pictures_of_every_side_have_finite_rows_even_where_nothing_is_in_them(name: str, side: int) -> None:
    for level in (0, 255):
        rows = computed(name, np.full((2, side, side, 3), level, np.uint8))
        assert np.isfinite(rows).all()
    if name != "pixels":
        assert not rows.any()


def test_coefficients_are_the_cosine_transform_of_log_mel_and_deltas_its_slopes() -> None:
    X = sounds()
    C = dct(log_mel(X).astype(np.float64), axis=1, norm="ortho")[:, :13]
    D = np.empty_like(C)
    last = C.shape[2] - 1
    for t in range(C.shape[2]):
        ahead = [C[:, :, min(t + k, last)] - C[:, :, max(t - k, 0)] for k in (1, 2)]
        D[:, :, t] = (ahead[0] + 2 * ahead[1]) / 10
    expected = np.concatenate([C.mean(2), D.mean(2), C.std(2), D.std(2)], axis=1)
    np.testing.assert_allclose(computed("mfcc", X, deltas="first"), expected, atol=1e-3)
    assert computed("mfcc", X).shape == (4, 2 * 3 * 13)
    assert computed("mfcc", X, deltas="none", deviations=False).shape == (4, 13)


def test_a_louder_sound_moves_the_first_coefficient_alone() -> None:
    X = sounds()
    change = (computed("mfcc", 4 * X) - computed("mfcc", X)).mean(axis=0)
    assert change[0] == pytest.approx(math.sqrt(40) * math.log(16), rel=0.01)
    np.testing.assert_allclose(np.delete(change, 0), 0, atol=0.02)


def test_silence_and_a_short_sound_have_finite_rows() -> None:
    for samples in (10, SOUND_RATE):
        assert np.isfinite(computed("mfcc", np.zeros((2, samples), np.int16))).all()


@needs_webcams
@pytest.mark.parametrize(
    ("network", "flat"),
    [
        ("hog", {"method": "coral"}),
        ("log_edges", {"method": "coral"}),
        ("log_edges", {"method": "source_only", "prepare": "zscore_domain"}),
        ("log_edges", {"method": "self_training"}),
    ],
)
def test_real_nights_are_told_apart_by_what_light_cannot_change(network: str, flat: dict[str, str]) -> None:
    """Ten webcams by day and by night: with default settings, and without a single epoch of training."""
    places = {"data": "files", "data.source": str(WEBCAMS / "day"), "data.target": str(WEBCAMS / "night")}
    *_, end = run(Experiment.from_flat(places | flat | {"network": network}), embed=False)
    assert isinstance(end, Finished)
    for model in (end.result.source_only, end.result.adapted):
        assert model.target is not None
        assert model.target.accuracy >= 0.8
