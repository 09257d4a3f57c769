"""Seeds that train together come to the numbers of their own runs, and what cannot train so is left to the runs."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import pytest
import torch
from torch import Tensor

from da_core.events import Accuracies, Event, Finished
from da_core.experiment import Experiment
from da_core.methods import methods
from da_core.methods.base import DeepAlignment
from da_core.networks import networks
from da_core.run import run
from da_core.study import Study, conduct
from da_core.training import batched, training_cache
from da_core.training.batched import only_adds_losses, train_together
from da_core.training.step import Step
from da_core.training.training_cache import Trained, TrainingCache

SEEDS = 3
POINTS = {"data": "moons", "data.count": "80", "network": "mlp", "network.hidden": "16", "training.epochs": "2"}
POINTS |= {"training.least_steps": "6", "device": "cpu"}


def can_batch(name: str) -> bool:
    method = methods()[name]
    network = networks()["mlp"].network(networks()["mlp"].Params(), (2,), 2, seed=0)
    return issubclass(method, DeepAlignment) and only_adds_losses(method(), network)


BATCHED = sorted(filter(can_batch, methods()))


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch) -> TrainingCache:
    """Nothing is known of other tests' trainings."""
    cache = TrainingCache()
    monkeypatch.setattr(training_cache, "trained", cache)
    return cache


def seeds(**flat: str) -> list[Experiment]:
    flat = POINTS | {name.replace("__", "."): value for name, value in flat.items()}
    return [Experiment.from_flat(flat | {"seed": str(seed)}) for seed in range(SEEDS)]


def finished(experiment: Experiment, **how: Any) -> tuple[Finished, list[Event], int]:
    """A run's end, its events, and how many steps it took itself."""
    with patch.object(Step, "__call__", autospec=True, side_effect=Step.__call__) as taken:
        events = list(run(experiment, **({"embed": False} | how)))
    assert isinstance(events[-1], Finished)
    return events[-1], events, taken.call_count


def accuracies(events: list[Event]) -> list[Event]:
    return [event for event in events if isinstance(event, Accuracies)]


def check(experiments: list[Experiment], cache: TrainingCache, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each seed's run takes no step after they trained together, and says and ends with what it does alone."""
    monkeypatch.setattr(training_cache, "trained", TrainingCache(most_bytes=0))
    alone = [finished(experiment) for experiment in experiments]
    monkeypatch.setattr(training_cache, "trained", cache)
    together(experiments, cache)
    for experiment, (end, events, steps) in zip(experiments, alone, strict=True):
        same, replayed, own_steps = finished(experiment)
        assert steps > 0
        assert own_steps == 0
        assert accuracies(replayed) == accuracies(events)
        assert same.result.adapted.scored.confusion == end.result.adapted.scored.confusion
        assert end.evidence.state is not None
        assert same.evidence.state is not None
        for name, value in end.evidence.state.items():
            torch.testing.assert_close(same.evidence.state[name], value, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", ["source_only", *BATCHED])
def test_seeds_that_train_together_come_to_the_numbers_of_their_own_runs(
    name: str, cache: TrainingCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    check(seeds(method=name), cache, monkeypatch)


@pytest.mark.parametrize(
    "changes",
    [
        {"network.norm": "group"},
        {"training.optimizer": "sgd", "training.schedule": "constant"},
        {"oracle": "true"},
        {"head": "logistic"},
    ],
)
def test_so_they_do_with_other_networks_and_ways_to_train(
    changes: dict[str, str], cache: TrainingCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    check(seeds(**{"method": "deep_coral"} | changes), cache, monkeypatch)


def test_methods_of_one_turn_without_parts_of_their_own_train_together() -> None:
    assert BATCHED == ["afn", "bnm", "dan", "deep_coral", "deep_jdot", "homm", "jan", "mcc"]


def test_a_method_with_parts_of_its_own_trains_alone_and_shares_source_only() -> None:
    experiments = seeds(method="dann")
    together(experiments, cache)
    _, events, steps = finished(experiments[1])
    of_method = [event for event in accuracies(events) if isinstance(event, Accuracies) and event.phase == "adapt"]
    assert len(of_method) == 2
    assert steps == 2 * 6  # the method's own, none of source only's


def test_snapshots_on_the_way_are_those_of_a_run_of_its_own(
    monkeypatch: pytest.MonkeyPatch, cache: TrainingCache
) -> None:
    monkeypatch.setattr("da_core.run.lay_out", lambda *given: iter(()))  # layouts take long and are none of this
    experiments = seeds(method="deep_coral", training__epochs="4")
    monkeypatch.setattr(training_cache, "trained", TrainingCache(most_bytes=0))
    alone, _, _ = finished(experiments[0], embed=True)
    monkeypatch.setattr(training_cache, "trained", cache)
    together(experiments, cache)
    same, _, steps = finished(experiments[0], embed=True)
    assert steps == 0
    assert list(same.evidence.snapshots) == list(alone.evidence.snapshots)
    for epoch, features in alone.evidence.snapshots.items():
        assert same.evidence.snapshots[epoch] == pytest.approx(features, abs=0.02)


def test_a_seed_that_does_not_stay_finite_is_left_to_its_own_run(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = batched._Stack.train_epoch

    def diverging(stack: Any) -> Tensor:
        means = plain(stack)
        means[1] = torch.nan
        return means

    monkeypatch.setattr(batched._Stack, "train_epoch", diverging)
    experiments = seeds(method="source_only")
    together(experiments, cache)
    assert [finished(experiment)[2] > 0 for experiment in experiments] == [False, True, False]


def test_what_is_stopped_keeps_nothing() -> None:
    experiments = seeds(method="source_only")
    train_together(experiments, lambda: True)
    assert all(finished(experiment)[2] > 0 for experiment in experiments)


@pytest.mark.parametrize(
    "changes",
    [{"training.precision": "bfloat16"}, {"network.norm": "batch"}, {"network": "identity"}, {"network": "small_cnn"}],
)
def test_what_does_not_suit_is_left_to_the_runs(changes: dict[str, str]) -> None:
    flat = POINTS | changes
    if "network" in changes:
        del flat["network.hidden"]
    if changes.get("network") == "small_cnn":
        flat |= {"data": "street"}
        del flat["data.count"]
    experiments = [Experiment.from_flat(flat | {"method": "source_only", "seed": str(seed)}) for seed in range(2)]
    with patch.object(batched, "_Stack") as stack:
        together(experiments, cache)
    assert not stack.called


def test_a_study_trains_the_seeds_of_each_method_together() -> None:
    study = Study.of(seeds(method="deep_coral")[0], ["deep_coral", "mcc"], 3)
    with patch.object(Step, "__call__", autospec=True, side_effect=Step.__call__) as taken:
        events = list(conduct(study))
    assert taken.call_count == 0
    assert sum(isinstance(one.event, Finished) for one in events) == 6


def test_a_cache_holds_the_newest_trainings_that_have_room() -> None:
    weights = {"w": torch.zeros(1000)}
    cache = TrainingCache(most_bytes=10_000)
    for key in "abc":
        cache.keep(key, Trained((), weights))
    assert [cache.get(key) is not None for key in "abc"] == [False, True, True]
