"""The direction that best separates the domains: who lies where along it, and what it has to do with the classes."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from da_core.evaluation.shift import domain_direction
from da_core.evaluation.shift.domain_distances import domain_odds, proxy_a_distance
from tests.support import made_up_run


def evidence(source: np.ndarray, target: np.ndarray, **changed):
    """The made-up run's, with these odds before and after."""
    return dataclasses.replace(
        made_up_run.finished().evidence,
        source_odds=dict.fromkeys(("before", "after"), source.astype(np.float32)),
        target_odds=dict.fromkeys(("before", "after"), target.astype(np.float32)),
        **changed,
    )


def test_domains_that_lie_apart_are_on_either_side_and_the_share_is_the_a_distances() -> None:
    rng = np.random.default_rng(0)
    Fs, Ft = rng.normal(0, 1, (300, 5)), rng.normal(0, 1, (200, 5))
    Ft[:, 0] += 1.5
    source, target = domain_odds(Fs, Ft, seed=3)
    assert np.nanmean(source) < 0 < np.nanmean(target)
    assert np.isnan(source).sum() == 100, "the larger domain has some to spare"
    assert np.corrcoef(target, Ft[:, 0])[0, 1] > 0.9, "it is the direction of the shift"
    own = domain_direction.own_side(evidence(source, target), "after")
    assert proxy_a_distance(Fs, Ft, seed=3)[0] == pytest.approx(2 * (2 * own - 1))


def test_weights_count_after_adapting_alone() -> None:
    odds, weights = np.where(np.arange(30) < 15, -1.0, 1.0), np.where(np.arange(30) < 15, 2.0, 0.0)
    found = evidence(odds, np.ones(30), weights=weights)
    assert domain_direction.own_side(found, "before") == 0.75
    assert domain_direction.own_side(found, "after") == 1


def test_what_the_classes_make_up_of_the_spread() -> None:
    answers = made_up_run.finished().evidence.source_predicted["after"]
    by_class = evidence(answers.astype(float), answers.astype(float))
    target = {"target_predicted": dict.fromkeys(("before", "after"), answers)}
    assert domain_direction.class_share(dataclasses.replace(by_class, **target), "after") == pytest.approx(1)
    rng = np.random.default_rng(0)
    assert domain_direction.class_share(evidence(rng.normal(size=30), rng.normal(size=30)), "after") < 0.2


def test_the_ends_are_the_outermost_samples_that_have_a_place() -> None:
    source, target = np.linspace(-3, 0, 30), np.linspace(0.5, 4, 30)
    source[0] = np.nan
    left, right = domain_direction.ends(evidence(source, target), "after", 2)
    assert left.tolist() == [1, 2]
    assert right.tolist() == [59, 58]


@pytest.mark.parametrize(
    ("source", "target", "said"),
    [
        (np.tile([-1.0, 1.0], 15), np.tile([-1.0, 1.0], 15), "hardly any direction still separates"),
        (np.tile([-1.0, -2.0], 15), np.tile([1.0, 2.0], 15), "has little to do with the classes"),
        (np.repeat([-1.0, -2.0, -9.0], 10), np.repeat([1.0, 2.0, 9.0], 10), "some classes are farther apart"),
    ],
)
def test_what_it_means(source: np.ndarray, target: np.ndarray, said: str) -> None:
    labels = made_up_run.pair().source.y
    answers = dict.fromkeys(("before", "after"), labels)
    found = evidence(source, target, source_predicted=answers, target_predicted=answers)
    assert said in domain_direction.interpret_direction(found).message
