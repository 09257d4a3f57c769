"""What is split, prepared and put on the device before a run trains anything."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from da_core.data.pair import UNKNOWN, Domain, DomainPair, Provenance
from da_core.events import LIVE
from da_core.experiment import Experiment
from da_core.training import prepared as prepared_module
from da_core.training.prepared import Prepared, prepare, set_up

ABOUT = Provenance("made", "made", "none", "covariate")


def pair(count: int = 60, unlabelled: int = 0) -> DomainPair:
    """Two classes; the target is moved and stretched, and its first samples have no label."""
    rng = np.random.default_rng(0)
    y = np.arange(count) % 2
    X = rng.normal(size=(count, 3)).astype(np.float32) + y[:, None]
    yt = y.copy()
    yt[:unlabelled] = UNKNOWN
    return DomainPair(Domain("a", X, y), Domain("b", 5 * X + 7, yt), ("x", "y"), ABOUT)


def prepared_from(monkeypatch: pytest.MonkeyPatch, made: DomainPair, **flat: str) -> Prepared:
    flat = {name.replace("__", "."): value for name, value in flat.items()}
    monkeypatch.setattr(prepared_module, "load_pair", lambda spec: made)
    return prepare(set_up(Experiment.from_flat({"network": "mlp", "method": "source_only"} | flat)))


@pytest.mark.parametrize(
    ("flat", "held_out"),
    [
        ({}, 18),
        ({"network": "identity"}, 60),  # fitted and scored on everything
        ({"network": "identity", "target_split": "0.5"}, 30),
        ({"target_split": "0"}, 60),
    ],
)
def test_the_held_out_share_is_the_experiments_or_suits_its_network(
    monkeypatch: pytest.MonkeyPatch, flat: dict[str, str], held_out: int
) -> None:
    ready = prepared_from(monkeypatch, pair(), **flat)
    assert len(ready.source_test.y) == len(ready.target_test) == held_out
    assert len(ready.source.y) == len(ready.target) == (60 if held_out == 60 else 60 - held_out)


def test_each_new_network_is_the_same_and_a_copy_is_one_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    ready = prepared_from(monkeypatch, pair())
    first, second = ready.new_network(), ready.new_network()
    for mine, other in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(mine, other)
    copy = ready.copy_of(first)
    with torch.no_grad():
        copy.head.weight.zero_()
    assert not torch.equal(copy.head.weight, first.head.weight)


def test_the_labelled_few_are_learned_from_and_never_scored(monkeypatch: pytest.MonkeyPatch) -> None:
    flat = {"method": "fine_tuning", "method__per_class": "4", "target_split": "0"}
    ready = prepared_from(monkeypatch, pair(), **flat)
    assert np.bincount(ready.few.labels).tolist() == [4, 4]
    scored = {tuple(row) for row in ready.target_test.tolist()}
    assert not scored & {tuple(row) for row in ready.few.X.tolist()}
    assert len(scored) == 60 - 8


@pytest.mark.parametrize("target_split", ["0", "0.3"])
def test_so_many_source_samples_a_class_are_drawn_anew_by_each_seed(
    monkeypatch: pytest.MonkeyPatch, target_split: str
) -> None:
    flat = {"target_split": target_split, "source_per_class": "7"}
    first, again, other = (
        prepared_from(monkeypatch, pair(), **flat, seed=seed).split.source_train for seed in ("0", "0", "1")
    )
    assert np.bincount(first % 2).tolist() == [7, 7]
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    ready, without = (
        prepared_from(monkeypatch, pair(), **flat),
        prepared_from(monkeypatch, pair(), **{**flat, "source_per_class": "999"}),
    )
    assert ready.nothing_held_out == (target_split == "0")
    assert np.array_equal(ready.split.target_train, without.split.target_train)
    if target_split == "0.3":  # what is scored does not depend on how much is learned from
        assert np.array_equal(ready.split.source_test, without.split.source_test)
        assert not np.intersect1d(ready.split.source_test, ready.split.source_train).size


def test_samples_that_can_be_scored_come_first_where_a_live_run_looks_at_some(monkeypatch: pytest.MonkeyPatch) -> None:
    made = pair(count=4 * LIVE, unlabelled=3 * LIVE)
    ready = prepared_from(monkeypatch, made, target_split="0")
    assert len(ready.target_live.y) == len(ready.source_live.y) == LIVE
    assert (ready.target_live.labels != UNKNOWN).all()
    assert len(ready.labelled_target().y) == LIVE  # and the oracle learns from no others


def test_a_third_domain_is_scaled_as_the_target_and_fits_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    made = pair()
    third = Domain("c", made.target.X[:20] + 100, made.target.y[:20])
    monkeypatch.setattr(prepared_module, "third_domain", lambda spec, of: third)
    with_third = prepared_from(monkeypatch, made, third="moons", prepare="zscore_domain")
    without = prepared_from(monkeypatch, made, prepare="zscore_domain")
    assert torch.equal(with_third.target, without.target)
    assert with_third.third is not None
    learned = made.target.X[with_third.split.target_train]
    expected = (third.X - learned.mean(0)) / learned.std(0)
    np.testing.assert_allclose(with_third.third.X.numpy(), expected, rtol=1e-4)
    assert with_third.third.labels.tolist() == third.y.tolist()
