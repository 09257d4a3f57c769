"""Each validator against a derivation that shares no code with it: NumPy another way, SciPy, or a loop."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import entropy, norm
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, mutual_info_score

from da_core.errors import UserError
from da_core.evaluation.validators.circular import CircularValidation
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
from tests.support.validated_models import outputs, softmax_of


@pytest.fixture
def model():
    """A model of three classes on blobs that the target has moved: features, probabilities, labels."""
    rng = np.random.default_rng(3)
    ys, yt = np.arange(90) % 3, np.arange(75) % 3
    centres = np.array([[0.0, 0.0], [3.0, 0.0], [0.0, 3.0]])
    Fs, Ft = centres[ys] + rng.normal(size=(90, 2)), centres[yt] + rng.normal(size=(75, 2)) + [1.0, 0.5]
    head = LogisticRegression().fit(Fs, ys)
    return outputs(Ps=head.predict_proba(Fs), Pt=head.predict_proba(Ft), ys=ys, Fs=Fs, Ft=Ft), head


def test_source_accuracy_is_scikit_learns(model):
    seen, head = model
    assert SourceAccuracy().score(seen) == head.score(seen.source_features, seen.source_labels)


def test_entropy_is_scipys(model):
    seen, _ = model
    assert Entropy().score(seen) == pytest.approx(-entropy(seen.target_probabilities, axis=1).mean())


def test_soft_neighbourhood_density_is_that_of_a_loop(model):
    seen, _ = model
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


def test_dev_is_a_share_or_refused_where_the_domains_do_not_overlap() -> None:
    rng = np.random.default_rng(0)
    Xs, Xt, y = rng.normal(size=(60, 2)), rng.normal(size=(60, 2)) + 30, rng.integers(0, 2, 60)
    seen = outputs(Ps=softmax_of(y, 2), ys=1 - y, Fs=Xs, Ft=Xt, Pt=np.eye(2)[y])
    with pytest.raises(UserError, match="hardly overlap"):
        DEV().score(seen)
    assert 0 <= DEV().score(replace(seen, target_features=Xs[::-1] + 0.5)) <= 1


def test_the_way_back_is_a_classifier_of_the_targets_predictions_judged_on_the_source(model):
    seen, _ = model
    back = LogisticRegression(C=1e3).fit(seen.target_features, seen.target_probabilities.argmax(axis=1))
    expected = back.score(seen.source_features, seen.source_labels)
    assert CircularValidation().score(seen) == pytest.approx(expected, abs=0.05)


def test_mixed_samples_are_judged_by_their_larger_part_as_in_a_loop(model):
    seen, head = model
    F = seen.target_features
    predicted, partner = head.predict(F), np.random.default_rng(5).permutation(75)
    right: dict[bool, list[bool]] = {True: [], False: []}
    for i, j in enumerate(partner):
        mixed = head.predict(0.7 * F[i : i + 1] + 0.3 * F[j : j + 1])
        right[predicted[i] == predicted[j]].append(mixed[0] == predicted[i])
    ours = replace(seen, predict_mixed=lambda to, share: head.predict_proba(share * F + (1 - share) * F[to]))
    assert MixVal(seed=5, share=0.7).score(ours) == pytest.approx((np.mean(right[True]) + np.mean(right[False])) / 2)


@pytest.mark.parametrize("kind", [FewLabels, TargetAccuracy])
def test_with_labels_it_is_scikit_learns_accuracy(kind):
    rng = np.random.default_rng(0)
    P, y = rng.dirichlet(np.ones(4), 50), rng.integers(0, 4, 50)
    assert kind().score(P, y) == accuracy_score(y, P.argmax(axis=1))
