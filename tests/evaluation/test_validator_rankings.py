"""Models whose true order is known: one ranking that each validator has to get right, and one it is known to get wrong.

The second is the failing case that its docstring tells of.
"""

from __future__ import annotations

import numpy as np
import pytest

from da_core.errors import UserError
from da_core.evaluation.validators import pick_validator, validators
from da_core.evaluation.validators.circular import CircularValidation
from da_core.evaluation.validators.dev import DEV
from da_core.evaluation.validators.entropy import Entropy
from da_core.evaluation.validators.few_labels import FewLabels
from da_core.evaluation.validators.information_maximisation import InformationMaximisation
from da_core.evaluation.validators.iwcv import IWCV
from da_core.evaluation.validators.mixval import MixVal
from da_core.evaluation.validators.nuclear_norm import NuclearNorm
from da_core.evaluation.validators.snd import SND
from da_core.evaluation.validators.source_accuracy import SourceAccuracy
from da_core.evaluation.validators.target_accuracy import TargetAccuracy
from da_core.evaluation.validators.validator import LabelledValidator, ModelOutputs, UnlabelledValidator
from tests.support.validated_models import outputs, softmax_of


def test_those_without_labels_have_no_place_where_a_target_label_could_be() -> None:
    assert [name for name in ModelOutputs.__dataclass_fields__ if "label" in name] == ["source_labels"]
    for name, kind in validators().items():
        assert issubclass(kind, UnlabelledValidator) == (kind.labels == "none"), name
        assert issubclass(kind, LabelledValidator) == (kind.labels != "none"), name


def test_the_oracle_says_what_it_costs_before_it_can_be_had() -> None:
    with pytest.raises(UserError, match="no longer be reported as unsupervised"):
        pick_validator("target_accuracy")
    assert pick_validator("target_accuracy", unlocked=True) is TargetAccuracy
    assert pick_validator("snd") is SND
    with pytest.raises(UserError, match=r"no validator “sdn”; did you mean snd"):
        pick_validator("sdn")


# Source accuracy, and what mends it under covariate shift


def where_it_is_right(X: np.ndarray, right: np.ndarray, moved: np.ndarray) -> ModelOutputs:
    """A model of two classes that is ``right`` (n,) on some of the source X (n, 1); the target lies at ``moved``."""
    return outputs(
        Ps=softmax_of(1 - right.astype(int), 2),
        ys=np.zeros(len(X), int),
        Pt=softmax_of(np.zeros(len(moved), int), 2),
        Fs=X,
        Ft=moved,
    )


@pytest.fixture
def covariate_shift() -> tuple[ModelOutputs, ModelOutputs]:
    """The target lies right of the source. One model is right left of 1, the other right of −½: better on the target,
    and worse on the source.
    """
    rng = np.random.default_rng(1)
    X, moved = rng.normal(size=(600, 1)), rng.normal(1.5, 0.6, (600, 1))
    return where_it_is_right(X, X[:, 0] < 1, moved), where_it_is_right(X, X[:, 0] > -0.5, moved)


def test_source_accuracy_ranks_by_the_source_and_is_blind_to_the_target(covariate_shift) -> None:
    good, bad = (outputs(Ps=softmax_of(np.arange(30) % 3, 3), ys=ys) for ys in (np.arange(30) % 3, np.arange(30) // 10))
    assert SourceAccuracy().score(good) > SourceAccuracy().score(bad)
    worse_on_target, better_on_target = covariate_shift
    assert SourceAccuracy().score(worse_on_target) > SourceAccuracy().score(better_on_target)


@pytest.mark.parametrize("kind", [IWCV, DEV])
def test_importance_weights_find_the_model_that_is_right_where_the_target_is(kind, covariate_shift) -> None:
    worse, better = covariate_shift
    assert kind().score(better) > kind().score(worse) + 0.3


@pytest.mark.parametrize("kind", [IWCV, DEV])
def test_importance_weights_are_blind_to_labels_that_mean_something_else_on_the_target(kind) -> None:
    """Both domains lie alike and the target's classes are exchanged: who is right on the source is wrong there."""
    X, moved = np.random.default_rng(0).normal(size=(2, 200, 1))
    y, called = (X[:, 0] > 0).astype(int), (moved[:, 0] > 0).astype(int)
    right_on_source = outputs(Ps=softmax_of(y, 2), ys=y, Fs=X, Ft=moved, Pt=softmax_of(called, 2))
    right_on_target = outputs(Ps=softmax_of(1 - y, 2), ys=y, Fs=X, Ft=moved, Pt=softmax_of(1 - called, 2))
    assert kind().score(right_on_source) > 0.95 > 0.05 > kind().score(right_on_target)


# What looks at the target's predictions


def even(sure: float) -> ModelOutputs:
    return outputs(Pt=softmax_of(np.arange(60) % 3, 3, sure))


COLLAPSED = outputs(Pt=softmax_of(np.zeros(60, int), 3, 9.0))


def test_entropy_ranks_by_sureness_and_likes_a_collapsed_model_best() -> None:
    assert Entropy().score(even(5)) > Entropy().score(even(2)) > Entropy().score(even(0.5))
    assert Entropy().score(COLLAPSED) > Entropy().score(even(5))
    assert Entropy().score(outputs(Pt=np.eye(3)[np.arange(9) % 3])) == 0


def test_neighbourhoods_rank_by_how_dense_they_are_and_a_collapsed_model_is_the_densest() -> None:
    rng = np.random.default_rng(0)
    scattered = outputs(Pt=rng.dirichlet(np.ones(3), 60))
    loose = outputs(Pt=np.stack([rng.dirichlet(20 * np.eye(3)[k] + 1) for k in np.arange(60) % 3]))
    assert SND().score(even(5)) > SND().score(loose) > SND().score(scattered)
    assert SND().score(COLLAPSED) == pytest.approx(np.log(59))
    assert SND().score(COLLAPSED) > SND().score(even(5))


@pytest.mark.parametrize("kind", [InformationMaximisation, NuclearNorm])
def test_sure_and_varied_beats_unsure_and_collapsed_and_also_one_that_is_right_about_a_rare_class(kind) -> None:
    assert kind().score(even(5)) > kind().score(even(1)) > kind().score(even(0.1))
    assert kind().score(even(5)) > kind().score(COLLAPSED)
    truth = (np.arange(60) < 3).astype(int)  # 57 of class 0, and 3 of class 1
    right, spread = outputs(Pt=softmax_of(truth, 2, 5)), outputs(Pt=softmax_of(np.arange(60) % 2, 2, 5))
    assert kind().score(spread) > kind().score(right)


# What asks the model again


def clusters() -> tuple[np.ndarray, np.ndarray]:
    """Two clusters of the target in the plane, left and right of 0."""
    rng = np.random.default_rng(0)
    y = np.arange(200) % 2
    return rng.normal(size=(200, 2)) * 0.4 + np.array([[-2, 0], [2, 0]])[y], y


def split_at(border: float, X: np.ndarray) -> np.ndarray:
    return softmax_of((X[:, 0] > border).astype(int), 2)


def with_border(border: float) -> ModelOutputs:
    """A model whose border is at x = ``border``."""
    X, _ = clusters()
    seen = outputs(Pt=split_at(border, X))
    mixed = lambda to, share: split_at(border, share * X + (1 - share) * X[to])  # noqa: E731
    return ModelOutputs(**{**vars(seen), "predict_mixed": mixed})


def test_mixtures_find_the_border_between_clusters_and_like_a_collapsed_model_best() -> None:
    between, beside, within = with_border(0), with_border(-1), with_border(2)
    assert MixVal().score(between) > MixVal().score(beside)
    assert MixVal().score(between) > MixVal().score(within)
    assert MixVal().score(with_border(9)) == 1 > MixVal().score(within)
    assert MixVal(seed=1).score(within) == MixVal(seed=1).score(within) != MixVal(seed=2).score(within)


def back_and_forth(turn: float) -> ModelOutputs:
    """Four classes around the origin, the target's turned by ``turn`` of a full circle; the nearest centre decides."""
    rng, y = np.random.default_rng(0), np.arange(160) % 4
    angle = 2 * np.pi * (np.arange(4) / 4 + 1 / 8)
    centres = 3 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    c, s = np.cos(2 * np.pi * turn), np.sin(2 * np.pi * turn)
    Fs, Ft = (centres[y] + rng.normal(size=(160, 2)) * 0.5 for _ in range(2))
    Ft = Ft @ np.array([[c, s], [-s, c]])
    nearest = [((F[:, None] - centres) ** 2).sum(2).argmin(1) for F in (Fs, Ft)]
    return outputs(Ps=softmax_of(nearest[0], 4), Pt=softmax_of(nearest[1], 4), ys=y, Fs=Fs, Ft=Ft)


def test_the_way_back_finds_a_collapse_and_is_blind_to_classes_that_changed_places() -> None:
    """Turned by a quarter, every class lies where another was: all of the target is wrong, all comes back right."""
    good, all_wrong = back_and_forth(0), back_and_forth(0.25)
    one_class = softmax_of(np.zeros(160, int), 4)
    collapsed = outputs(Ps=good.source_probabilities, Pt=one_class, ys=good.source_labels, Ft=good.target_features)
    assert CircularValidation().score(good) > 0.95
    assert CircularValidation().score(collapsed) == 0.25
    truth = np.arange(160) % 4
    assert (all_wrong.target_probabilities.argmax(1) == truth).mean() < 0.05
    assert CircularValidation().score(all_wrong) > 0.95


# What has labels


def test_with_labels_the_better_model_wins_and_with_one_of_each_class_luck_may() -> None:
    y = np.arange(100) % 2
    better, worse = (np.where(np.arange(100) < right, y, 1 - y) for right in (80, 60))
    few, lucky = np.arange(55, 85), np.arange(98, 100)  # at the end both are wrong
    for kind, rows in ((FewLabels, few), (TargetAccuracy, np.arange(100))):
        scores = [kind().score(softmax_of(model[rows], 2), y[rows]) for model in (better, worse)]
        assert scores[0] > scores[1]
    turned = np.where(np.arange(100) >= 98, y, worse)  # of two samples it happens to be right
    scores = [FewLabels().score(softmax_of(model[lucky], 2), y[lucky]) for model in (better, turned)]
    assert scores == [0, 1]


def test_the_best_of_many_coins_by_their_own_accuracy_is_no_better_than_a_coin() -> None:
    rng = np.random.default_rng(0)
    y, again = rng.integers(0, 2, 50), rng.integers(0, 2, 5000)
    coins = rng.integers(0, 2, (200, 50))
    chosen = [TargetAccuracy().score(softmax_of(coin, 2), y) for coin in coins]
    assert max(chosen) > 0.62
    fresh = TargetAccuracy().score(softmax_of(rng.integers(0, 2, 5000), 2), again)
    assert fresh == pytest.approx(0.5, abs=0.03)
