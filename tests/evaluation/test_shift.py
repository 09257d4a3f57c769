"""Shift measures: known answers and properties."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ortho_group

from da_core.errors import UserError
from da_core.evaluation.shift.domain_distances import (
    MOST_ROWS,
    interpret_shift,
    measures,
    neighbour_mix,
    proxy_a_distance,
)
from da_core.evaluation.shift.kernel_means import discrepancy, mean_kernel
from da_core.events import Shift
from da_core.methods import methods
from da_core.methods.base import FeatureAlignment


def apart(*given) -> float:
    return proxy_a_distance(*given)[0]


def mmd(Fs, Ft) -> float:
    of_source = np.repeat([1.0, 0.0], [len(Fs), len(Ft)])[:, None]
    return float(discrepancy(mean_kernel(Fs, Ft), of_source, 1 - of_source)[0])


def two(shift: float, n_s: int = 500, n_t: int = 500, d: int = 20):
    rng = np.random.default_rng(0)
    Ft = rng.normal(size=(n_t, d))
    Ft[:, 0] += shift
    return rng.normal(size=(n_s, d)), Ft


def test_the_same_distribution_is_near_zero_and_far_ones_are_far():
    same, near, far = (measures(*two(shift)) for shift in (0, 1, 20))
    assert same.proxy_a_distance < 0.2
    assert abs(same.mmd) < 0.005
    assert same.proxy_a_distance < near.proxy_a_distance < far.proxy_a_distance == 2
    assert same.mmd < near.mmd < far.mmd


def test_proxy_a_distance_of_two_normals_is_that_of_the_best_boundary():
    # error of the best boundary between N(0,1) and N(2,1) is Phi(-1) = .1587
    assert apart(*two(2, 4000, 4000, d=1)) == pytest.approx(2 * (1 - 2 * 0.1587), abs=0.06)


def test_more_samples_in_one_domain_do_not_look_like_shift():
    # a classifier that always answers “source” would be right in 90 % of an unbalanced sample
    assert apart(*two(0, 1800, 200)) < 0.3


def test_repeated_samples_do_not_lie_apart():
    # each row five times over, a fresh classifier would find a copy of what it has seen
    pairs = [np.random.default_rng(seed).normal(size=(2, 40, 50)) for seed in range(10)]
    once = [apart(*pair) for pair in pairs]
    five = [apart(*pair.repeat(5, axis=1)) for pair in pairs]
    assert np.mean(five) == pytest.approx(np.mean(once), abs=0.2)
    assert max(five) < 0.8
    # and a copy is no evidence of its own: the interval is as wide
    (low, high), (low_5, high_5) = (
        np.mean([proxy_a_distance(*pair.repeat(times, axis=1))[1] for pair in pairs], axis=0) for times in (1, 5)
    )
    assert high_5 - low_5 > 0.5 * (high - low)


def test_samples_that_stand_in_both_domains_are_no_shift():
    rng = np.random.default_rng(0)
    F = rng.normal(size=(60, 50))
    assert np.mean([apart(F, F[rng.permutation(60)], seed) for seed in range(5)]) < 0.05


def test_rows_that_repeat_unevenly_and_domains_of_one_point_are_measured():
    rng = np.random.default_rng(0)
    Fs, Ft = rng.normal(size=(30, 3)), rng.normal(size=(50, 3)) + 5
    assert apart(Fs.repeat(rng.integers(1, 9, 30), axis=0), Ft) > 1.8
    assert apart(np.zeros((40, 3)), np.ones((30, 3))) == 2
    assert apart(np.zeros((40, 3)), Ft) == 2
    assert apart(np.concatenate([np.zeros((40, 3)), Ft]), np.zeros((30, 3))) < 1.5


@pytest.fixture(scope="module")
def relu_features() -> tuple[np.ndarray, np.ndarray]:
    """Features of one domain after a ReLU, half of the columns nearly always 0, and the samples' classes."""
    rng = np.random.default_rng(0)
    y = np.arange(1200) % 4
    X = rng.normal(size=(1200, 10)) + 2 * np.eye(10)[y]
    return np.maximum(X @ rng.normal(size=(10, 64)) - np.repeat([1.0, 11.0], 32), 0).astype(np.float32), y


@pytest.mark.parametrize("name", [name for name, kind in methods().items() if issubclass(kind, FeatureAlignment)])
def test_what_a_map_sets_apart_is_not_called_a_shift(name, relu_features):
    F, y = relu_features
    fitted_s, fitted_t, Fs, Ft = np.split(F, 4)
    method = methods()[name]()
    assert isinstance(method, FeatureAlignment)
    method.fit(fitted_s, fitted_t, y[:300])
    before, after = measures(Fs, Ft), measures(method.map_source(Fs), method.map_target(Ft))
    assert before.proxy_a_distance < 0.3
    assert after.proxy_a_distance < 0.6 or "not from a shift" in says(before, after)


@pytest.mark.parametrize("name", ["coral", "linear_ot", "mmd_ls"])
def test_a_linear_map_does_not_give_the_source_away_by_its_lost_zeros(name, relu_features):
    F, y = relu_features
    fitted_s, fitted_t, Fs, Ft = np.split(F, 4)
    method = methods()[name]()
    assert isinstance(method, FeatureAlignment)
    method.fit(fitted_s, fitted_t, y[:300])
    assert apart(method.map_source(Fs), method.map_target(Ft)) < 0.4


def test_columns_that_are_nearly_always_zero_do_not_hide_a_shift(relu_features):
    Fs, Ft = np.split(relu_features[0], 2)
    alive = Fs.std(axis=0) > np.median(Fs.std(axis=0))
    assert apart(Fs, Ft + alive * Fs.std(axis=0)) > 1.8


def test_a_column_of_another_unit_counts_as_much():
    Fs, Ft = two(2)
    unit = np.geomspace(1, 1e6, 20)
    assert apart(Fs * unit, Ft * unit) == pytest.approx(apart(Fs, Ft), abs=0.01)


def test_proxy_a_distance_repeats_with_its_seed():
    Fs, Ft = two(1)
    assert apart(Fs, Ft, 3) == apart(Fs, Ft, 3)
    assert len({apart(Fs, Ft, seed) for seed in range(5)}) > 1


def test_mmd_by_hand():
    # 0, 1 | 3, 4: squared distances within are 1 and 1, between 9, 16, 4, 9; their median is 6.5
    def kernel(squared):
        return np.mean([np.exp(-squared / (f * 6.5)) for f in (0.25, 0.5, 1, 2, 4)])

    expected = kernel(1) + kernel(1) - 2 * np.mean([kernel(9), kernel(16), kernel(4), kernel(9)])
    assert mmd(np.array([[0.0], [1.0]]), np.array([[3.0], [4.0]])) == pytest.approx(expected, abs=1e-12)


def test_mmd_is_zero_on_average_without_shift():
    rng = np.random.default_rng(0)
    draws = [mmd(rng.normal(size=(30, 3)), rng.normal(size=(40, 3))) for _ in range(200)]
    assert abs(np.mean(draws)) < 3 * np.std(draws) / np.sqrt(len(draws))


def test_mmd_does_not_see_turns_moves_or_units():
    Fs, Ft = two(1)
    Q = ortho_group.rvs(20, random_state=0)
    assert mmd(Fs @ Q * 1e3 + 1e4, Ft @ Q * 1e3 + 1e4) == pytest.approx(mmd(Fs, Ft), rel=1e-6)
    assert mmd(Ft, Fs) == pytest.approx(mmd(Fs, Ft))


def test_mmd_of_many_rows_is_that_of_a_part():
    Fs, Ft = two(1, 3 * MOST_ROWS, 3 * MOST_ROWS)
    assert measures(Fs, Ft).mmd == pytest.approx(mmd(Fs[:MOST_ROWS], Ft[:MOST_ROWS]), rel=0.2)


def test_features_that_collapsed_onto_one_point_show_no_shift():
    F = np.full((20, 3), 0.3, dtype=np.float32)
    assert measures(F, F).mmd == 0
    assert measures(F, F).proxy_a_distance == 0


def test_one_sample_is_too_few():
    with pytest.raises(UserError, match="fewer than two samples"):
        measures(np.zeros((1, 3)), np.ones((5, 3)))


def test_coral_distance_of_known_covariances():
    # C_s = I, C_t = diag(9, 1): the difference is 8² = 64, the sum 10² + 2² = 104
    rng = np.random.default_rng(0)
    Fs, Ft = rng.normal(size=(1000, 2)) + 7, rng.normal(size=(1000, 2)) * [3, 1] - 5
    distance = measures(Fs, Ft).coral
    assert distance == pytest.approx(64 / 104, abs=0.05)
    assert measures(100 * Fs, 100 * Ft).coral == pytest.approx(distance)


def test_coral_distance_is_not_made_of_noise():
    # the plain estimate of two equal covariances of 60 samples in 50 dimensions is near .45
    rng = np.random.default_rng(0)
    draws = [measures(rng.normal(size=(60, 50)), rng.normal(size=(60, 50))).coral for _ in range(20)]
    assert np.mean(draws) < 0.03


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mmd", "coral", "classwise"])
def test_intervals_hold_the_true_value_about_as_often_as_they_say(name):
    rng = np.random.default_rng(0)

    def draw(count: int) -> tuple[np.ndarray, ...]:
        ys, yt = rng.integers(0, 2, count), rng.integers(0, 2, count)
        Fs, Ft = rng.normal(size=(count, 2)) + 2 * ys[:, None], rng.normal(size=(count, 2)) * [2, 1] + yt[:, None]
        return Fs, Ft, ys, yt

    Fs, Ft, ys, yt = draw(1000)
    truth = getattr(measures(Fs, Ft, ys=ys, yt=yt), name)
    held = []
    for seed in range(25):
        Fs, Ft, ys, yt = draw(120)
        low, high = measures(Fs, Ft, seed, ys=ys, yt=yt).intervals[name]
        held.append(low <= truth <= high)
    assert np.mean(held) >= 0.8


def test_weights_that_undo_a_shift_bring_every_measure_down():
    rng = np.random.default_rng(0)
    Fs, Ft = rng.normal(size=(1000, 1)), rng.normal(size=(1000, 1)) + 1
    weights = np.exp(Fs[:, 0] - 0.5)  # N(1, 1) over N(0, 1)
    plain, weighed = measures(Fs, Ft), measures(Fs, Ft, weights=weights / weights.mean())
    assert plain.proxy_a_distance > 0.6 > 0.3 > weighed.proxy_a_distance
    assert plain.mmd > 0.1 > 0.02 > weighed.mmd
    assert weighed.coral < 0.02  # weights move the mean, around which a covariance is taken


def test_a_class_whose_samples_weigh_nothing_is_left_out_of_the_classwise_distance():
    Fs, Ft = two(1)
    y = np.arange(500) % 2
    without = measures(Fs, Ft, ys=y, yt=y, weights=2.0 * y)
    assert np.isfinite(without.classwise)
    assert without.classwise == measures(Fs, Ft, ys=y, yt=np.where(y == 1, 1, -1), weights=2.0 * y).classwise
    assert np.isfinite(without.intervals["classwise"]).all()


def test_classwise_distance_sees_swapped_classes_that_the_whole_does_not():
    rng = np.random.default_rng(0)
    y = np.arange(400) % 2
    F = rng.normal(size=(400, 3)) + 4 * y[:, None]
    G = rng.normal(size=(400, 3)) + 4 * y[:, None]
    matched, swapped = measures(F, G, ys=y, yt=y), measures(F, G, ys=y, yt=1 - y)
    assert matched.mmd == swapped.mmd < 0.01
    assert matched.classwise < 0.01
    assert swapped.classwise > 0.5


def test_classes_that_are_unknown_or_rare_are_left_out_of_the_classwise_distance():
    Fs, Ft = two(1)
    y = np.arange(500) % 2
    assert measures(Fs, Ft, ys=y, yt=np.full(500, -1)).classwise is None
    assert measures(Fs, Ft).classwise is None
    rare = np.where(np.arange(500) < 4, 2, y)
    assert measures(Fs, Ft, ys=rare, yt=rare).classwise is not None


def says(before, after) -> str:
    return interpret_shift(Shift(before=before, after=after)).message


def test_what_the_measures_say_together():
    rng = np.random.default_rng(0)
    y = np.arange(600) % 2
    F = rng.normal(size=(600, 3)) + 4 * y[:, None]
    there, moved = rng.normal(size=(600, 3)) + 4 * y[:, None], rng.normal(size=(600, 3)) + 4 * y[:, None] + 5
    far, met = measures(F, moved, ys=y, yt=y), measures(F, there, ys=y, yt=y)
    crossed = measures(F, there, ys=y, yt=1 - y)
    assert "class by class as well" in says(far, met)
    assert "hardly class by class" in says(far, crossed)
    assert "hardly closer than before" in says(far, measures(F, moved + 0.01, ys=y, yt=y))
    assert "class by class they are farther apart" in says(
        measures(F, moved, ys=y, yt=1 - y), measures(F, moved, ys=y, yt=y)
    )
    assert "were already close" in says(met, met)
    assert "farther apart" in says(measures(F, there + 0.8), far)
    assert "cannot be judged" in says(measures(F, moved), measures(F, there))


def test_measures_that_disagree_are_not_called_closer():
    rng = np.random.default_rng(0)
    thin = 0.01 * rng.normal(size=(2, 600, 1))
    Fs, Ft = np.concatenate([rng.normal(size=(2, 600, 3)), thin], axis=2)
    overlapping = measures(Fs, Ft + np.array([1, 1, 1, 0]))
    given_away = measures(Fs, Ft + np.array([0.3, 0.3, 0.3, 0.1]))  # by a direction that hardly counts for an average
    assert "means came closer, but" in says(overlapping, given_away)
    assert "means are farther apart" in says(given_away, overlapping)


def test_neighbours_of_the_other_domain_tell_mixed_from_apart() -> None:
    rng = np.random.default_rng(0)
    Fs, Ft = rng.normal(size=(300, 4)), rng.normal(size=(100, 4))
    mix = neighbour_mix((Fs, Ft + 50), (Fs, Ft))
    assert mix.before == 0
    assert mix.after == pytest.approx(mix.even, abs=0.03)
    assert mix.even == pytest.approx(2 * 300 * 100 / (400 * 399))
    # a copy of a sample in the other domain is its neighbour, and a sample is not its own
    twins = np.arange(8.0)[:, None] * 100
    assert neighbour_mix((twins[:4], twins[:4]), (twins[:4], twins[4:])).count == 7


def test_a_direction_that_gives_the_domains_away_leaves_neighbours_mixed() -> None:
    rng = np.random.default_rng(0)
    Fs, Ft = 5 * rng.normal(size=(2, 200, 2))
    given_away = (np.column_stack([Fs, np.zeros(200)]), np.column_stack([Ft, np.ones(200)]))
    assert apart(*given_away) > 1.9
    assert neighbour_mix(given_away, given_away).after > 0.3


def test_weights_that_leave_a_half_of_the_source_empty_are_still_measured():
    rng = np.random.default_rng(0)
    Fs, Ft = rng.normal(0, 1, (60, 2)), rng.normal(6, 1, (60, 2))
    weights = np.zeros(60)
    weights[0] = 60.0  # one sample has it all, so one half has none
    assert measures(Fs, Ft, weights=weights).proxy_a_distance > 1.5, "the domains lie as far apart as ever"
