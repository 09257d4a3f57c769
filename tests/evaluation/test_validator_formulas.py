"""Each validator against a derivation that shares no code with it: NumPy another way, SciPy, or skada's scorers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import entropy, norm
from skada.metrics import (
    CircularValidation,
    DeepEmbeddedValidation,
    ImportanceWeightedScorer,
    MixValScorer,
    PredictionEntropyScorer,
    SoftNeighborhoodDensity,
)
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, mutual_info_score
from sklearn.pipeline import make_pipeline

from da_core.evaluation.shift import domain_odds
from da_core.evaluation.validators import circular, dev
from da_core.evaluation.validators.dev import DEV, controlled_risk
from da_core.evaluation.validators.entropy import Entropy
from da_core.evaluation.validators.few_labels import FewLabels
from da_core.evaluation.validators.information_maximisation import InformationMaximisation
from da_core.evaluation.validators.iwcv import IWCV
from da_core.evaluation.validators.mixval import MixVal
from da_core.evaluation.validators.nuclear_norm import NuclearNorm
from da_core.evaluation.validators.snd import SND
from da_core.evaluation.validators.source_accuracy import SourceAccuracy
from da_core.evaluation.validators.target_accuracy import TargetAccuracy
from da_core.evaluation.validators.validator import LabelledTarget
from da_core.methods.reweighting.domain_classifier import DomainClassifier
from tests.support.validated_models import outputs, softmax_of

SOURCE, TARGET = 1, -2
"""What skada calls the domains."""


@pytest.fixture
def model():
    """A model of three classes on blobs that the target has moved: features, probabilities, labels."""
    rng = np.random.default_rng(3)
    ys, yt = np.arange(90) % 3, np.arange(75) % 3
    centres = np.array([[0.0, 0.0], [3.0, 0.0], [0.0, 3.0]])
    Fs, Ft = centres[ys] + rng.normal(size=(90, 2)), centres[yt] + rng.normal(size=(75, 2)) + [1.0, 0.5]
    head = LogisticRegression().fit(Fs, ys)
    return outputs(Ps=head.predict_proba(Fs), Pt=head.predict_proba(Ft), ys=ys, Fs=Fs, Ft=Ft), head


class Known(BaseEstimator):  # type: ignore[misc]
    """An estimator for skada that has its answers in a table: the first column of X says which row it is."""

    def __init__(self, P=None):
        self.P = P

    def fit(self, X, y=None):
        return self

    def __sklearn_is_fitted__(self):
        return True

    def _rows(self, X):
        return np.asarray(X)[:, 0].astype(int)

    def predict_proba(self, X, sample_domain=None, allow_source=False):
        return self.P[self._rows(X)]

    def predict(self, X, sample_domain=None, allow_source=False):
        return self.predict_proba(X).argmax(axis=1)

    def score(self, X, y, sample_weight=None, sample_domain=None, allow_source=False):
        return accuracy_score(y, self.predict(X), sample_weight=sample_weight)


def scored(scorer, estimator, seen, X=None) -> float:
    """Score as skada does: both domains in one table, source labels given and the target's masked."""
    n_s, n_t = len(seen.source_labels), len(seen.target_probabilities)
    X = np.arange(n_s + n_t, dtype=float)[:, None] if X is None else X
    y = np.concatenate([seen.source_labels, np.full(n_t, -1)])
    return scorer(estimator, X, y, sample_domain=np.repeat([SOURCE, TARGET], [n_s, n_t]))


def known(seen) -> Known:
    return Known(np.concatenate([seen.source_probabilities, seen.target_probabilities]))


def test_source_accuracy_is_scikit_learns(model):
    seen, head = model
    assert SourceAccuracy().score(seen) == head.score(seen.source_features, seen.source_labels)


def test_entropy_is_scipys_and_skadas_times_the_number_of_classes(model):
    """In skada the mean is over samples and classes, in the paper over samples."""
    seen, _ = model
    assert Entropy().score(seen) == pytest.approx(-entropy(seen.target_probabilities, axis=1).mean())
    assert Entropy().score(seen) == pytest.approx(3 * scored(PredictionEntropyScorer(), known(seen), seen), abs=1e-5)


def test_soft_neighbourhood_density_is_skadas_and_that_of_a_loop(model):
    seen, _ = model
    assert SND().score(seen) == pytest.approx(scored(SoftNeighborhoodDensity(), known(seen), seen), rel=1e-6)
    P, total = seen.target_probabilities, 0.0
    for j in range(len(P)):
        others = np.delete(P, j, axis=0)
        cosine = others @ P[j] / np.sqrt((others**2).sum(1) * (P[j] ** 2).sum())
        total += entropy(np.exp(cosine / 0.2))
    assert SND(temperature=0.2).score(seen) == pytest.approx(total / len(P))


def test_information_maximisation_is_the_mutual_information_of_sample_and_class(model):
    seen, _ = model
    joint = seen.target_probabilities / len(seen.target_probabilities)  # of a sample drawn evenly, and its class
    independent = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0)
    assert InformationMaximisation().score(seen) == pytest.approx(entropy(joint.ravel(), independent.ravel()))
    hard = outputs(Pt=np.eye(3)[np.array([0, 0, 1, 2, 2, 2])])
    assert InformationMaximisation().score(hard) == pytest.approx(mutual_info_score(range(6), [0, 0, 1, 2, 2, 2]))


def test_the_nuclear_norm_is_the_sum_of_square_roots_of_eigenvalues_and_1_at_most(model):
    seen, _ = model
    P = seen.target_probabilities
    by_eigenvalues = np.sqrt(np.linalg.eigvalsh(P.T @ P).clip(0)).sum() / np.sqrt(75 * 3)
    assert NuclearNorm().score(seen) == pytest.approx(by_eigenvalues)
    assert NuclearNorm().score(outputs(Pt=np.eye(3)[np.arange(9) % 3])) == pytest.approx(1)


def test_weighted_accuracy_is_skadas_for_the_same_weights(model):
    seen, _ = model
    weights = DomainClassifier().weights(seen.source_inputs, seen.target_inputs)

    class Ratio(BaseEstimator):  # type: ignore[misc]
        """Of the source (90 rows) its density is 1, of the target (75) our weight: their ratio is then our weight."""

        def fit(self, X):
            self.of_target = len(X) == 75
            return self

        def score_samples(self, X):
            rows = X[:, 0].astype(int)
            return np.log(weights[rows]) if self.of_target else np.zeros(len(X))

    estimator = known(seen).set_score_request(sample_weight=True, sample_domain=True, allow_source=True)
    theirs = scored(ImportanceWeightedScorer(weight_estimator=Ratio()), estimator, seen)
    assert IWCV().score(seen) == pytest.approx(theirs)


def test_weighted_accuracy_estimates_that_on_the_target_under_covariate_shift():
    """With x of N(0, 1), and N(1, 0.7²) on the target; the model is right exactly where x < 0.8: Φ((0.8 − 1)/0.7)."""
    rng = np.random.default_rng(0)
    Xs, Xt = rng.normal(size=(3000, 1)), rng.normal(1, 0.7, (3000, 1))
    right = Xs[:, 0] < 0.8
    seen = outputs(Ps=softmax_of((~right).astype(int), 2), ys=np.zeros(3000, int), Fs=Xs, Ft=Xt, Pt=np.eye(2)[:2])
    seen = replace(seen, source_inputs=Xs, target_inputs=Xt)
    truth = norm.cdf((0.8 - 1) / 0.7)
    assert SourceAccuracy().score(seen) == pytest.approx(norm.cdf(0.8), abs=0.02)
    assert IWCV().score(seen) == pytest.approx(truth, abs=0.06)
    assert DEV().score(seen) == pytest.approx(truth, abs=0.06)


def test_the_controlled_risk_is_the_regression_line_of_weighted_loss_on_weight_where_the_weight_is_1():
    rng = np.random.default_rng(0)
    weights, loss = rng.gamma(2, 0.7, 200), (rng.random(200) < 0.3).astype(float)
    slope, intercept = np.polyfit(weights, weights * loss, 1)
    assert controlled_risk(weights, loss) == pytest.approx(slope + intercept)
    assert controlled_risk(np.ones(200), loss) == pytest.approx(loss.mean())


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("scale", [1.0, 1e-200, 1e250])
def test_the_controlled_risk_needs_no_division_that_fails(scale: float) -> None:
    assert controlled_risk(np.array([scale]), np.array([True])) == pytest.approx(scale), "one has no variance"
    alike = scale * np.array([1.0, 1.0 + 1e-16, 1.0 - 1e-16])
    assert controlled_risk(alike, np.array([1.0, 0.0, 0.0])) == pytest.approx(scale / 3), "rounding is no variance"
    weights, loss = np.array([1.0, 2.0, 6.0]), np.array([0.0, 1.0, 0.0])
    eta = -np.cov(weights * loss, weights)[0, 1] / weights.var(ddof=1)
    expected = scale * 2 / 3 + eta * (3 * scale - 1)
    assert controlled_risk(scale * weights, loss) == pytest.approx(expected), "however large or small they are"


@pytest.mark.filterwarnings("error")
def test_weights_without_end_leave_the_controlled_risk_no_value() -> None:
    assert controlled_risk(np.array([1.0, np.inf]), np.array([0.0, 1.0])) == np.inf


def test_dev_is_one_minus_skadas_for_the_same_weights_and_loss(model, monkeypatch):
    """The default loss of skada is the cross-entropy, and its weights are of a third of the source."""
    seen, _ = model
    odds = domain_odds(seen.source_features, seen.target_features)[0]
    odds = np.where(np.isfinite(odds), odds, 0.0)
    judged: list[int] = []

    class Odds(BaseEstimator):  # type: ignore[misc]
        def fit(self, X, y):
            self.ratio_ = (y == 1).sum() / (y == 0).sum()
            return self

        def predict_proba(self, X):
            judged.extend(X[:, 0].astype(int))
            w = np.exp(odds[X[:, 0].astype(int)]) / self.ratio_  # skada multiplies by the ratio of the counts
            return np.stack([w / (1 + w), 1 / (1 + w)], axis=1)

    def wrong(y, P):
        return (P.argmax(axis=1) != y)[:, None].astype(float)

    scorer = DeepEmbeddedValidation(domain_classifier=Odds(), loss_func=wrong, random_state=0)
    estimator = known(seen).set_predict_proba_request(sample_domain=True, allow_source=True)
    theirs = scored(scorer, make_pipeline(estimator), seen)
    ours = replace(
        seen,
        source_labels=seen.source_labels[judged],
        source_probabilities=seen.source_probabilities[judged],
        source_features=seen.source_features[judged],
    )
    monkeypatch.setattr(dev, "domain_odds", lambda Fs, Ft, seed: (odds[judged], None))
    assert DEV().score(ours) == pytest.approx(1 + theirs)  # skada's sign makes the risk negative


def test_the_way_back_is_skadas_for_the_same_reverse_classifier(model, monkeypatch):
    """By default skada takes balanced accuracy."""
    seen, _ = model
    monkeypatch.setattr(circular, "fit_head", lambda _name, F, y, seed: LogisticRegression(C=1e3).fit(F, y))

    class Backward(Known):
        """Answers from the table, and when fitted anew learns from the target's rows alone."""

        def fit(self, X, y=None, sample_domain=None):
            taught = y >= 0
            self.back_ = LogisticRegression(C=1e3).fit(X[taught], y[taught])
            return self

        def predict(self, X, sample_domain=None, allow_source=False):
            return self.back_.predict(X) if hasattr(self, "back_") else self.P

    X = np.concatenate([seen.source_features, seen.target_features])
    scorer = CircularValidation(source_scorer=accuracy_score)
    theirs = scored(scorer, Backward(seen.target_probabilities.argmax(axis=1)), seen, X)
    assert circular.CircularValidation().score(seen) == pytest.approx(theirs)


def test_mixed_samples_are_judged_as_skada_does(model, monkeypatch):
    seen, head = model
    partner = np.random.RandomState(0).permutation(75)  # skada's

    class Drawn:
        def permutation(self, count):
            return partner

    monkeypatch.setattr(np.random, "default_rng", lambda seed: Drawn())
    F = seen.target_features
    ours = replace(seen, predict_mixed=lambda to, share: head.predict_proba(share * F + (1 - share) * F[to]))

    class Forward(BaseEstimator):  # type: ignore[misc]
        def fit(self, X, y=None):
            return self

        def predict(self, X, sample_domain=None):
            return head.predict(X)

        def score(self, X, y, sample_domain=None):
            return head.score(X, y)

    estimator = Forward().set_score_request(sample_domain=True)
    X = np.concatenate([seen.source_features, F])
    theirs = scored(MixValScorer(random_state=0), estimator, seen, X)
    assert 0.5 < theirs < 1
    assert MixVal().score(ours) == pytest.approx(theirs)


@pytest.mark.parametrize("kind", [FewLabels, TargetAccuracy])
def test_with_labels_it_is_scikit_learns_accuracy(kind):
    rng = np.random.default_rng(0)
    P, y = rng.dirichlet(np.ones(4), 50), rng.integers(0, 4, 50)
    assert kind().score(LabelledTarget(P, y)) == accuracy_score(y, P.argmax(axis=1))
