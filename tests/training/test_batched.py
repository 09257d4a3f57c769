"""Seeds that train together come to the numbers of their own runs, and what cannot train so is left to the runs."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator
from typing import Any, TypeGuard
from unittest.mock import patch

import pytest
import torch
from torch import Tensor

from da_core.events import Accuracies, Event, Finished, Progress, SeedFinished
from da_core.experiment import Experiment
from da_core.export.recipe_sentences import recipe_sentences
from da_core.i18n import Language
from da_core.methods import methods
from da_core.methods.base import (
    ClassifierAdaptation,
    DeepAlignment,
    FeatureAlignment,
    ModelAdaptation,
    Reweighting,
)
from da_core.run import run, stage_costs
from da_core.several_runs.run_several import run_seeds
from da_core.several_runs.study import Study, conduct
from da_core.timing import Pace
from da_core.training import batched, training_cache
from da_core.training.apply import apply_method
from da_core.training.batched import train_together
from da_core.training.fit import train_oracle, train_source_only
from da_core.training.model import Model
from da_core.training.monitor import Monitor
from da_core.training.prepared import prepare, set_up
from da_core.training.stacked_seeds import SeedStack
from da_core.training.step import Step
from da_core.training.training_cache import Trained, TrainingCache

SEEDS = 3
POINTS = {"data": "moons", "data.count": "80", "network": "mlp", "network.hidden": "16", "training.epochs": "2"}
POINTS |= {"training.least_steps": "6", "device": "cpu"}


BATCHED = sorted(name for name, method in methods().items() if issubclass(method, DeepAlignment))
LEFT_TO_THE_RUNS = {
    ModelAdaptation: "each goes through its epochs in a way of its own, in `adapt`",
    ClassifierAdaptation: "nothing in it is trained in steps",
    FeatureAlignment: "it is solved at once, not trained",
    Reweighting: "it is solved at once, not trained",
}
"""The kinds of method of which source only alone trains together, and why."""


@pytest.fixture(autouse=True)
def nothing_trained(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is known of other tests' trainings, nor of this one's other runs."""
    monkeypatch.setattr(training_cache, "trained", TrainingCache(most_bytes=0))


def seeds(**flat: str) -> list[Experiment]:
    flat = POINTS | {name.replace("__", "."): value for name, value in flat.items()}
    return [Experiment.from_flat(flat | {"seed": str(seed)}) for seed in range(SEEDS)]


def finished(experiment: Experiment, **how: Any) -> tuple[Finished, list[Event], int]:
    """A run's end, its events, and how many steps it took itself."""
    with patch.object(Step, "__call__", autospec=True, side_effect=Step.__call__) as taken:
        events = list(run(experiment, **({"embed": False} | how)))
    assert isinstance(events[-1], Finished)
    return events[-1], events, taken.call_count


def together(experiments: list[Experiment], **how: Any) -> TrainingCache:
    """What training them together has come to."""
    cache = TrainingCache()
    for _event in train_together(experiments, cache, **how):
        pass
    return cache


def accuracies(events: list[Event]) -> list[Event]:
    return [event for event in events if isinstance(event, Accuracies)]


def weights_and_accuracies(
    experiment: Experiment, trained: TrainingCache | None = None
) -> tuple[dict[str, Tensor], list[Event], int]:
    """What a run trains on its way, without the evaluation that follows; and how many steps it took itself."""
    prepared = prepare(set_up(experiment))
    monitor = Monitor(Pace(stage_costs(prepared)), lambda: False, trained=trained)

    def stages() -> Generator[Event, None, Model]:
        yield monitor.pace.start("source_only")
        model = yield from train_source_only(prepared, monitor)
        if prepared.adapts:
            yield monitor.pace.start("adapt")
            model = yield from apply_method(model, prepared, monitor, lambda epoch, model: None)
        if prepared.trains_oracle:
            yield monitor.pace.start("oracle")
            yield from train_oracle(prepared, monitor)
        return model

    with patch.object(Step, "__call__", autospec=True, side_effect=Step.__call__) as taken:
        models = []

        def follow() -> Iterator[Event]:
            models.append((yield from stages()))

        events = list(follow())
    return models[0].state(), accuracies(events), taken.call_count


def check(experiments: list[Experiment]) -> None:
    """Each seed's run takes no step after they trained together, and trains and says what it does alone."""
    trained = together(experiments)
    for experiment in experiments:
        alone, said, steps = weights_and_accuracies(experiment)
        same, repeated, own_steps = weights_and_accuracies(experiment, trained)
        assert steps > 0
        assert own_steps == 0
        assert repeated == said
        for name, value in alone.items():
            torch.testing.assert_close(same[name], value, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", ["source_only", *BATCHED])
def test_seeds_that_train_together_come_to_the_numbers_of_their_own_runs(name: str) -> None:
    check(seeds(method=name))


@pytest.mark.parametrize(
    "changes",
    [
        {"network.norm": "group"},
        {"training.optimizer": "sgd", "training.schedule": "constant"},
        {"oracle": "true"},
        {"head": "logistic"},
        {"method": "dann", "method.game": "reversal"},
        {"method": "homm", "method.entries": "100"},
    ],
)
def test_so_they_do_with_other_networks_and_ways_to_train(changes: dict[str, str]) -> None:
    check(seeds(**{"method": "deep_coral"} | changes))


def test_so_they_do_where_products_are_so_many_that_they_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("da_core.methods.alignment.cdan.LARGEST", 8)
    check(seeds(method="cdan"))


def test_so_they_do_on_features_of_many_dimensions() -> None:
    flat = {name: value for name, value in POINTS.items() if name != "data.count"} | {"data": "vowels"}
    check([Experiment.from_flat(flat | {"method": "dann", "seed": str(seed)}) for seed in range(2)])


@pytest.mark.parametrize(("network", "method"), [("small_cnn", "dann"), ("tutorial_cnn", "deep_coral")])
def test_so_they_do_on_pictures_where_a_device_has_room_for_convolutions(
    network: str, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By SGD: Adam's first steps are as long where a gradient is but rounding, and no two programs share that."""
    monkeypatch.setattr(batched, "_has_room_for_convolutions", lambda device: True)
    flat = {"data": "street", "data.count": "100", "network": network, "network.features": "16", "method": method}
    flat |= {"training.epochs": "1", "training.least_steps": "3", "training.optimizer": "sgd", "device": "cpu"}
    check([Experiment.from_flat(flat | {"seed": str(seed)}) for seed in range(2)])


def test_every_method_trains_together_or_is_of_a_kind_that_is_left_to_the_runs() -> None:
    apart = {name for name in methods() if name not in BATCHED} - {"source_only", "oracle"}
    assert apart
    assert all(issubclass(methods()[name], tuple(LEFT_TO_THE_RUNS)) for name in apart)


def test_of_a_method_that_is_left_to_the_runs_source_only_trains_together() -> None:
    experiments = seeds(method="shot")
    trained = together(experiments)
    end, _, steps = finished(experiments[1], trained=trained)
    assert steps == 0  # SHOT's own are none of the loop's
    assert end.result.recipe["trained_together"]


def test_snapshots_on_the_way_are_those_of_a_run_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("da_core.run.lay_out", lambda *given: iter(()))  # layouts take long and are none of this
    experiments = seeds(method="deep_coral", training__epochs="4")
    alone, _, _ = finished(experiments[0], embed=True)
    same, _, steps = finished(experiments[0], embed=True, trained=together(experiments))
    assert steps == 0
    assert list(same.evidence.snapshots) == list(alone.evidence.snapshots)
    for epoch, features in alone.evidence.snapshots.items():
        assert same.evidence.snapshots[epoch] == pytest.approx(features, abs=0.02)


def test_a_seed_that_does_not_stay_finite_is_left_to_its_own_run(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = SeedStack.train_epoch

    def diverging(stack: Any) -> Tensor:
        means = plain(stack)
        means[1] = torch.nan
        return means

    monkeypatch.setattr(SeedStack, "train_epoch", diverging)
    experiments = seeds(method="source_only")
    trained = together(experiments)
    assert [finished(experiment, trained=trained)[2] > 0 for experiment in experiments] == [False, True, False]


def test_seeds_for_which_a_device_has_no_memory_beside_each_other_train_in_their_own_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(stack: SeedStack) -> Tensor:
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr(SeedStack, "train_epoch", full)
    experiments = seeds(method="source_only")
    trained = together(experiments)
    assert all(finished(experiment, trained=trained)[2] > 0 for experiment in experiments)


def test_what_is_stopped_keeps_nothing() -> None:
    experiments = seeds(method="source_only")
    trained = together(experiments, should_stop=lambda: True)
    assert all(finished(experiment, trained=trained)[2] > 0 for experiment in experiments)


def test_seeds_that_have_no_room_beside_each_other_train_some_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    experiments = [*seeds(method="source_only"), *seeds(method="source_only", seed="3")[:1]]
    experiments = [one.model_copy(update={"seed": seed}) for seed, one in enumerate(experiments)]
    samples = finished_bytes(experiments[0])
    monkeypatch.setattr(batched, "MOST_BYTES", 2 * samples)
    with patch.object(batched, "SeedStack", side_effect=SeedStack) as stack:
        trained = together(experiments, each_epoch=False)
    assert [len(call.args[0]) for call in stack.call_args_list] == [2, 2]
    assert all(finished(experiment, trained=trained)[2] == 0 for experiment in experiments)
    monkeypatch.setattr(batched, "MOST_BYTES", samples)
    with patch.object(batched, "SeedStack") as stack:
        together(experiments)
    assert not stack.called


def finished_bytes(experiment: Experiment) -> int:
    """What one seed takes of the room that trainings have."""
    prepared = prepare(set_up(experiment))
    weights = sum(value.nbytes for value in prepared.new_network().state_dict().values())
    return max(weights, prepared.source.X.nbytes + prepared.target.nbytes)


def test_a_run_by_itself_is_trained_anew_after_a_study_and_the_record_says_which_is_which() -> None:
    experiments = seeds(method="deep_coral")
    said = [one.event for one in conduct(Study.of(experiments[0], ["deep_coral"], 2))]
    (of_study,) = (event for event in said if is_end(event, 0))
    end, _, steps = finished(experiments[0])
    assert steps > 0
    assert (of_study.result.recipe["trained_together"], end.result.recipe["trained_together"]) == (True, False)
    assert "other seeds" in recipe_sentences(of_study.result.recipe, Language("en"))["Training"]
    assert "Training" not in recipe_sentences(end.result.recipe, Language("en"))


def is_end(event: Event, seed: int) -> TypeGuard[Finished]:
    return isinstance(event, Finished) and event.result.recipe["seed"] == seed


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
    with patch.object(batched, "SeedStack") as stack:
        together(experiments)
    assert not stack.called


def test_seeds_run_as_one_job_give_a_whole_run_each() -> None:
    experiments = seeds(method="dann")
    with patch.object(Step, "__call__", autospec=True, side_effect=Step.__call__) as taken:
        events = list(run_seeds(experiments, embed=False))
    assert taken.call_count == 0
    others = [event for event in events if isinstance(event, SeedFinished)]
    assert [one.experiment for one in others] == experiments[1:]
    for other in others:
        alone, said, _ = finished(other.experiment)
        assert other.finished.result.adapted.scored.confusion == alone.result.adapted.scored.confusion
        assert accuracies(list(other.history)) == accuracies(said)
    assert is_end(events[-1], 0)
    shares = [event.fraction for event in events if isinstance(event, Progress)]
    assert shares == sorted(shares)
    assert shares[-1] == 1


def test_seeds_that_are_to_finish_early_give_the_first_alone() -> None:
    over = threading.Event()
    events = []
    for event in run_seeds(seeds(method="dann"), should_stop=over.is_set, embed=False):
        events.append(event)
        if isinstance(event, Accuracies):
            over.set()
    assert not any(isinstance(event, SeedFinished) for event in events)
    end = events[-1]
    assert is_end(end, 0)
    assert end.result.recipe["stopped_early"]


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
