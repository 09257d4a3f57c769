"""Digits: known counts, made alike where they should be, and labels that belong to their pictures."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier

from da_core.data.pair import Domain, DomainPair
from da_core.data.sources import digits
from da_core.data.sources.digits import DigitsMnist, DigitsNight
from tests.support.pairs import load


@pytest.fixture(scope="module")
def scanners() -> DomainPair:
    return load(DigitsMnist, {})


@pytest.fixture(scope="module")
def night() -> DomainPair:
    return load(DigitsNight, {"count": 1000}, 3)


def test_both_collections_are_whole(scanners: DomainPair) -> None:
    assert (scanners.source.name, scanners.target.name) == ("digits", "mnist")
    assert np.bincount(scanners.target.y).tolist() == [500] * 10
    assert len(scanners.source) == 1797
    assert np.bincount(scanners.source.y).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]  # as published
    assert scanners.sample_shape == (32, 32, 3)
    assert scanners.classes == tuple("0123456789")
    assert not scanners.flips


def test_both_are_bright_on_black_and_of_one_size(scanners: DomainPair) -> None:
    for domain in (scanners.source, scanners.target):
        assert domain.X.dtype == np.uint8
        assert (domain.X[:, 0] == 0).all()  # the rim is background
        assert (domain.X.max((1, 2, 3)) > 200).all()
        assert (domain.X[..., :1] == domain.X).all()
        ink = domain.X[..., 0] > 20
        sides = np.stack([ink.any(1).sum(1), ink.any(2).sum(1)]).max(0)
        assert np.mean(abs(sides - 24) <= 1) > 0.995  # but for a stray dot or two


def test_direction_turns_them_round(scanners: DomainPair) -> None:
    turned = load(DigitsMnist, {"direction": "mnist→digits"})
    np.testing.assert_array_equal(turned.source.X, scanners.target.X)
    np.testing.assert_array_equal(turned.target.y, scanners.source.y)


def _neighbour_accuracy(domain: Domain) -> float:
    flat = domain.X.reshape(len(domain), -1).astype(np.float32)
    odd, even = slice(1, None, 2), slice(0, None, 2)
    return KNeighborsClassifier(1).fit(flat[odd], domain.y[odd]).score(flat[even], domain.y[even])


def test_labels_belong_to_their_pictures(scanners: DomainPair) -> None:
    assert _neighbour_accuracy(scanners.source) > 0.95
    assert _neighbour_accuracy(scanners.target) > 0.9


def test_nights_are_dark_and_warm(night: DomainPair) -> None:
    assert (night.source.name, night.target.name) == ("day", "night")
    assert night.source.X.mean() > 2 * night.target.X.mean()
    warmth = [domain.X[..., 0].mean() / domain.X[..., 2].mean() for domain in (night.source, night.target)]
    assert warmth[1] > 1.2 * warmth[0]
    for domain in (night.source, night.target):
        assert np.bincount(domain.y).tolist() == [100] * 10
        assert domain.X.shape == (1000, 32, 32, 3)


def test_no_digit_is_in_both_domains(monkeypatch: pytest.MonkeyPatch) -> None:
    for lit in ("_written", "_by_day", "_by_night"):
        monkeypatch.setattr(digits, lit, lambda ink, rng: ink)
    pair = load(DigitsNight, {"count": 2500})
    day, night = ({picture.tobytes() for picture in domain.X} for domain in (pair.source, pair.target))
    assert len(day) == len(night) == 2500
    assert not day & night
