"""What is recommended is measured, needs no target labels, and is source only where the evidence is not clear."""

from __future__ import annotations

import numpy as np
import pytest

from da_core.data.loading.cache import load_pair
from da_core.data.pair import UNKNOWN, Domain, DomainPair
from da_core.errors import UserError
from da_core.evaluation.quick_comparison import CANDIDATES
from da_core.evaluation.recommendation import Recommendation, recommend, without_target_labels
from da_core.evaluation.shift.class_shares import estimate_class_shares
from da_core.evaluation.shift.shift_report import data_report
from da_core.events import Finished
from da_core.experiment import DataSpec
from da_core.run import run
from tests.bench.real_pairs import null_pair, planted_pairs

SMALL = {"street": {"count": 400}}
"""Settings of pairs that take seconds to draw."""


def spec(name: str) -> DataSpec:
    return DataSpec(name=name, params=SMALL.get(name, {}))


def recommended(pair: DomainPair, data: DataSpec) -> Recommendation:
    return recommend(data_report(without_target_labels(pair)), pair, data)


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("vowels", "coral"),
        ("covariate", "rulsif"),
        ("label_shift", "em_prior"),
        ("street", "deep_jdot"),
        ("wine", "source_only"),
    ],
)
def test_the_first_suits_the_shift_and_runs(name: str, first: str) -> None:
    pair = load_pair(spec(name))
    found = recommended(pair, spec(name))
    assert found.suggestions[0].method == found.experiment.method.name == first
    assert found.experiment.data == spec(name)
    assert [each.method for each in found.comparison.candidates] == list(CANDIDATES)
    assert all(
        np.isfinite([each.certainty, each.circular, each.weighted]).all() for each in found.comparison.candidates
    )
    assert (found.certainty == "unclear") == (first == "source_only")
    if name != "street":  # it takes a minute
        *_, finished = run(found.experiment, embed=False)
        assert isinstance(finished, Finished)
        target = finished.result.adapted.target, finished.result.source_only.target
        assert target[0] is not None
        assert target[1] is not None
        assert target[0].accuracy >= target[1].accuracy + (0.0 if first == "source_only" else 0.05)


@pytest.mark.parametrize("name", ["moons", "covariate", "street"])
def test_where_nothing_shifts_nothing_is_compared(name: str) -> None:
    found = recommended(null_pair(load_pair(spec(name)), seed=0), spec(name))
    assert [one.method for one in found.suggestions] == ["source_only"]
    assert not found.comparison.candidates
    assert found.certainty == "clear"


def test_the_target_has_no_label_left() -> None:
    pair = load_pair(spec("moons"))
    seen = without_target_labels(pair)
    assert (seen.target.y == UNKNOWN).all()
    np.testing.assert_array_equal(seen.source.y, pair.source.y)
    assert (pair.target.y != UNKNOWN).all(), "the pair itself keeps them"


def test_other_class_shares_keep_maps_of_whole_domains_away() -> None:
    """A site with other gauges and other shares: scaling each domain by itself puts classes on one another."""
    pairs = dict(planted_pairs(("iris", "wine")))
    assert recommended(pairs["iris+site"], spec("vowels")).suggestions[0].method == "source_only"
    assert recommended(pairs["iris+label"], spec("vowels")).suggestions[0].method in ("source_only", "em_prior")


@pytest.mark.parametrize(
    ("planted", "said"), [("wine+gauges", "should help"), ("digits+site", "may hurt"), ("digits+none", "")]
)
def test_the_report_predicts_what_scaling_each_domain_does(planted: str, said: str) -> None:
    pair = dict(planted_pairs((planted.split("+")[0],)))[planted]
    reasons = [reason.message for reason in data_report(without_target_labels(pair)).reasons]
    assert [said for reason in reasons if reason.startswith("Scaling each")] == ([said] if said else [])
    assert all(said in reason for reason in reasons if reason.startswith("Scaling each"))


def test_class_shares_that_only_seem_to_differ_are_not_claimed() -> None:
    """Men and children say the same vowels equally often; one of two estimates says otherwise."""
    reasons = [reason.message for reason in data_report(without_target_labels(load_pair(spec("vowels")))).reasons]
    assert any("two estimates disagree" in reason for reason in reasons)
    assert not any("{before:.0%}" in reason for reason in reasons)


def test_class_shares_are_estimated_though_gauges_differ() -> None:
    """Each column of the target has another zero point and scale, and one class is five times as frequent."""
    rng = np.random.default_rng(0)
    means = np.array([[0, 0, 0], [3, 1, -2], [-1, 4, 2]])
    ys, yt = np.repeat([0, 1, 2], 100), np.repeat([0, 1, 2], [250, 50, 50])
    Fs, Ft = means[ys] + rng.normal(size=(300, 3)), means[yt] + rng.normal(size=(350, 3))
    moved = 5 + Ft * [0.5, 2, 3]
    shares = estimate_class_shares(Fs, ys, moved, 3)
    assert shares is not None
    np.testing.assert_allclose(shares.rescaled, np.bincount(yt) / 350, atol=0.05)
    assert (shares.low <= shares.rescaled).all()
    assert (shares.rescaled <= shares.high).all()
    assert shares.change > 0.3
    alike = estimate_class_shares(Fs, ys, 5 + Fs * [0.5, 2, 3], 3)
    assert alike is not None
    assert alike.change < 0.05
    assert estimate_class_shares(Fs[:101], ys[:101], moved, 3) is None, "a class of one sample"


@pytest.mark.parametrize("name", ["label_shift", "covariate", "moons"])
def test_thirty_samples_are_too_few_to_name_the_wrong_shift(name: str) -> None:
    pair = load_pair(spec(name))
    right = {"label_shift": "label", "covariate": "covariate", "moons": "appearance"}[name]
    for seed in range(3):
        rows = [np.random.default_rng(seed).permutation(len(domain))[:30] for domain in (pair.source, pair.target)]
        source, target = (Domain(d.name, d.X[r], d.y[r]) for d, r in zip((pair.source, pair.target), rows, strict=True))
        few = DomainPair(source, target, pair.classes, pair.provenance)
        report = data_report(without_target_labels(few), seed)
        assert report.verdict in ("few", right)
        if report.verdict == "few":
            found = recommend(report, few, spec(name))
            assert found.suggestions[0].method == "source_only"
            assert found.certainty == "unclear"


def test_a_source_of_one_class_is_refused_in_a_sentence() -> None:
    pair = load_pair(spec("moons"))
    ill = pair.source.y == 1
    with pytest.raises(UserError, match="All source samples have the class"):
        DomainPair(Domain("ill", pair.source.X[ill], pair.source.y[ill]), pair.target, pair.classes, pair.provenance)


def test_a_suggestion_that_was_compared_brings_its_network_along() -> None:
    pair = load_pair(spec("vowels"))
    found = recommended(pair, spec("vowels"))
    usual = found.experiment.model_copy(update={"network": found.experiment.network.model_copy(update={"name": "mlp"})})
    assert found.put_on(usual, "coral").network == found.comparison.experiment.network
    assert found.put_on(usual, "dann").network.name == "mlp", "not compared: nothing but the method changes"
