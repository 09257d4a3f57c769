"""The report names the shift that was planted, and none where there is none."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from da_core.data.loading.cache import load_pair
from da_core.data.pair import Domain, DomainPair, Provenance
from da_core.data.sources import sources
from da_core.evaluation.recommendation import without_target_labels
from da_core.evaluation.shift.comparable_samples import comparable
from da_core.evaluation.shift.shift_permutations import permutation_test
from da_core.evaluation.shift.shift_report import data_report, outside_support
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


@pytest.mark.parametrize("seed", range(3))
def test_weights_are_not_for_a_target_that_has_left_the_source(seed: int) -> None:
    moved = load_pair(DataSpec(name="blobs"), seed)
    report = data_report(without_target_labels(moved))
    assert report.verdict == "appearance"
    assert any("where the source has no samples" in reason.message for reason in report.reasons)


def test_outside_the_support_is_who_has_no_neighbour_in_it() -> None:
    grid = np.stack(np.meshgrid(np.arange(10.0), np.arange(10.0)), axis=-1).reshape(-1, 2)
    near, far = grid[:30] + 0.5, grid[:10] + 100
    assert outside_support(grid, np.concatenate([near, far])) == pytest.approx(0.25)


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
    assert (first.interval, first.test, first.verdict) == (again.interval, again.test, again.verdict)


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


def rows_pair(Xs: np.ndarray, ys: np.ndarray, Xt: np.ndarray, yt: np.ndarray) -> DomainPair:
    about = Provenance("t", "o", "l", "unknown")
    return DomainPair(Domain("s", Xs.astype(np.float32), ys), Domain("t", Xt.astype(np.float32), yt), ("a", "b"), about)


def factors(seed: int, loadings: tuple[int, int], columns: int = 800, count: int = 200) -> DomainPair:
    """Two classes along the first of five factors behind many columns, each standardised in each domain on its own."""
    domains = []
    for domain, of in enumerate(loadings):
        A = np.random.default_rng([seed, of]).normal(size=(5, columns))
        rng = np.random.default_rng([seed, domain, 7])
        y = rng.integers(0, 2, count)
        z = rng.normal(size=(count, 5))
        z[:, 0] += 2 * y - 1
        X = 0.2 * z @ A + rng.normal(size=(count, columns))
        domains += [(X - X.mean(axis=0)) / X.std(axis=0), y]
    return rows_pair(*domains)


@pytest.mark.parametrize("seed", range(3))
def test_correlations_that_turned_behind_800_standardised_columns_are_a_change_of_appearance(seed: int) -> None:
    report = data_report(factors(seed, (0, 1)))
    assert report.test.p_values["mmd"] > 0.05  # equal averages and scales: this test alone is blind
    assert report.test.p_values["coral"] < 0.01
    assert (report.verdict, report.family) == ("appearance", "alignment")


@pytest.mark.parametrize("seed", range(3))
def test_800_columns_without_a_shift_stay_without_one(seed: int) -> None:
    assert data_report(factors(seed, (0, 0))).verdict == "none"


@pytest.mark.parametrize("seed", range(3))
def test_a_covariate_shift_of_one_among_sixty_columns_is_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    Xs, Xt = rng.normal(size=(2, 500, 60))
    Xt[:, 0] += 1.5
    ys, yt = ((X[:, :10].sum(axis=1) > 0).astype(np.int64) for X in (Xs, Xt))
    assert data_report(rows_pair(Xs, ys, Xt, yt)).verdict == "covariate"


@pytest.mark.parametrize("gap", [3.0, 6.0])
def test_domains_that_are_told_apart_nearly_always_are_not_to_be_reweighted(gap: float) -> None:
    rng = np.random.default_rng(0)
    Xs, Xt = rng.normal(size=(2, 300, 6))
    Xt[:, 0] += gap + 1
    ys, yt = (Xs[:, 1] > 0).astype(np.int64), (Xt[:, 1] > 0).astype(np.int64)
    report = data_report(rows_pair(Xs, ys, Xt, yt))
    assert report.proxy_a_distance > 1.8
    assert report.family == "alignment"


def test_by_chance_alone_each_test_finds_something_as_often_as_it_should() -> None:
    found = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        Fs, Ft = rng.standard_t(5, size=(2, 60, 8))
        guess_s, guess_t = ((F[:, 0] > 0).astype(np.int64) for F in (Fs, Ft))
        halves = np.arange(120) % 2 == 0
        found.append(permutation_test(Fs, Ft, guess_s, guess_t, halves, seed).p_value)
    assert 0.35 < np.mean(found) < 0.65
    assert np.mean(np.array(found) <= 0.1) < 0.25
