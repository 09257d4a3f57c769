"""The report names the shift that was planted, and none where there is none."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from da_core.data.loading.cache import load_pair
from da_core.data.pair import Domain, DomainPair, Provenance
from da_core.data.sources import sources
from da_core.evaluation.shift_report import comparable, data_report
from da_core.experiment import DataSpec
from tests.support.pairs import load

PLANTED = {
    "moons": "appearance",
    "blobs": "appearance",
    "subspace": "appearance",
    "covariate": "covariate",
    "label_shift": "label",
    "concept": "concept",
    "wine": "covariate",
    "cancer": "covariate",
    "diabetes": "covariate",
    "hillside": "covariate",
    "ratings": "covariate",
    "digits_mnist": "appearance",
    "mnist_m": "appearance",
    "street": "appearance",
}


SMALL = {"street": {"count": 400}, "mnist_m": {"count": 600}}
"""Settings of pairs that take seconds to draw."""


def toy(name: str, **values) -> DomainPair:
    return load(sources()[name], values)


@pytest.mark.parametrize(("name", "verdict"), PLANTED.items())
def test_the_planted_shift_is_named(name, verdict):
    report = data_report(load_pair(DataSpec(name=name, params=SMALL.get(name, {}))))
    assert report.verdict == verdict
    assert report.reasons
    assert report.family == {"appearance": "alignment", "concept": "adaptation"}.get(verdict, "reweighting")


@pytest.mark.parametrize(("name", "values"), [("moons", {"angle": 0}), ("covariate", {"mean": 0, "spread": 1})])
def test_without_a_shift_nothing_is_to_be_done(name, values):
    report = data_report(toy(name, **values))
    assert report.verdict == "none"
    assert report.family is None
    assert report.interval[0] < 0.1


def test_another_liking_of_the_same_users_and_films_is_a_concept_shift():
    assert data_report(toy("ratings", shift="what they like")).verdict == "concept"


def test_class_proportions_are_read_without_the_targets_labels():
    pair = toy("label_shift", count=2000)
    report = data_report(pair)
    truth = np.bincount(pair.target.y) / len(pair.target)
    np.testing.assert_allclose(report.proportions, truth, atol=0.12)
    hidden = dataclasses.replace(pair.target, y=np.random.default_rng(0).permutation(pair.target.y))
    np.testing.assert_array_equal(data_report(dataclasses.replace(pair, target=hidden)).proportions, report.proportions)


def test_it_repeats():
    first, again = data_report(toy("blobs")), data_report(toy("blobs"))
    assert (first.interval, first.p_value, first.verdict) == (again.interval, again.p_value, again.verdict)


def test_darkness_is_the_first_thing_to_be_said_of_dark_pictures():
    rng = np.random.default_rng(0)
    day = rng.integers(100, 255, (80, 16, 16, 3), dtype=np.uint8)
    y = np.arange(80) % 2
    about = Provenance("t", "o", "l", "appearance")
    report = data_report(DomainPair(Domain("day", day, y), Domain("night", day // 8, y), ("a", "b"), about))
    brightness = next(drift for drift in report.drifts if drift.name == "brightness")
    assert brightness.effect < -3
    assert brightness.target == pytest.approx(brightness.source / 8, rel=0.05)


def test_pictures_of_any_size_are_averaged_down():
    X = np.full((4, 20, 13, 3), 51, np.uint8)
    about = Provenance("t", "o", "l", "appearance")
    X[2:] = 102
    pair = DomainPair(Domain("s", X, np.array([0, 1, 0, 1])), Domain("t", X, np.array([0, 1, 0, 1])), ("a", "b"), about)
    Fs, _ = comparable(pair, np.arange(4), np.arange(4))
    assert Fs.shape == (4, 192)
    np.testing.assert_allclose(Fs[2:], 2 * Fs[:2])


def test_texts_are_compared_by_their_words():
    about = Provenance("t", "o", "l", "appearance")
    calm = np.array(["the film was good", "the film was bad"] * 30)
    loud = np.array(["LOVED it!!!", "hated it!!!"] * 30)
    y = np.arange(60) % 2
    report = data_report(DomainPair(Domain("news", calm, y), Domain("posts", loud, y), ("a", "b"), about))
    assert report.verdict == "appearance"
    assert report.proxy_a_distance == pytest.approx(2)
    assert {drift.name for drift in report.drifts} >= {"words", "exclamation marks"}
