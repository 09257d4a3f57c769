"""Digits on photographs: whose difference they are, that no digit is in both domains, and that they repeat."""

from __future__ import annotations

import numpy as np
import pytest

from da_core.data.pair import DomainPair
from da_core.data.sources.digits import read_mnist
from da_core.data.sources.mnist_m import MnistM
from tests.support.pairs import load


@pytest.fixture(scope="module")
def pair() -> DomainPair:
    return load(MnistM, {"count": 2500}, 3)


def test_both_domains_are_balanced_and_said_to_be_what_they_are(pair: DomainPair) -> None:
    assert (pair.sample_shape, pair.flips, pair.provenance.shift) == ((32, 32, 3), False, "appearance")
    for domain in (pair.source, pair.target):
        assert np.bincount(domain.y).tolist() == [250] * 10
        assert domain.X.dtype == np.uint8


def test_the_source_is_mnist_itself_with_a_rim(pair: DomainPair) -> None:
    known = {picture.tobytes(): label for picture, label in zip(*read_mnist(), strict=True)}
    inner = np.ascontiguousarray(pair.source.X[:, 2:-2, 2:-2, 0])
    assert [known[picture.tobytes()] for picture in inner] == pair.source.y.tolist()
    assert (pair.source.X[..., :1] == pair.source.X).all()
    assert pair.source.X[:, [0, 1, -1, -2]].max() == 0


def test_the_target_is_coloured_and_busy(pair: DomainPair) -> None:
    rim = pair.target.X[:, 0].astype(float)
    assert rim.std() > 10
    assert np.abs(rim[..., 0] - rim[..., 2]).mean() > 3
