"""A run that is interrupted, at whatever epoch, comes to the same as one that is not."""

from __future__ import annotations

import errno
import itertools
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from da_core.data.sources import sources
from da_core.evaluation import umap_and_pca
from da_core.events import STAGES, Accuracies, Finished, Losses, Notice
from da_core.experiment import DataSpec, Experiment, NetworkSpec, TrainingSpec
from da_core.methods import methods
from da_core.networks import networks
from da_core.run import run
from da_core.settings import settings
from da_core.timing import Pace
from da_core.training import resuming
from da_core.training.resuming import BEGINS_AGAIN, FORMAT, GOES_ON, RunCheckpoint
from da_core.training.training_cache import TrainingCache
from tests.support.interrupted import (
    InMemory,
    accuracies,
    assert_same,
    interrupted_at_every_checkpoint,
    numbers,
    on_points,
)

DEEP = [name for name, method in methods().items() if method.kind == "deep alignment"]
ORACLE = on_points("deep_coral", oracle=True)


@pytest.fixture(autouse=True)
def at_every_epoch(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Checkpoints cost nothing, no training is taken from another test's, and no layout is waited for."""
    monkeypatch.setenv("DA_LAB_CHECKPOINT_SECONDS", "0")
    settings.cache_clear()
    monkeypatch.setattr(resuming, "SHARE", float("inf"))
    monkeypatch.setattr("da_core.training.training_cache.trained", TrainingCache(most_bytes=0))
    monkeypatch.setattr(umap_and_pca, "umap", lambda F, seed, start=None: umap_and_pca.pca(F, start=start))
    yield
    monkeypatch.undo()
    settings.cache_clear()


def whole(experiment: Experiment) -> list[Any]:
    return list(run(experiment))


@pytest.mark.parametrize("name", DEEP)
def test_each_deep_method_goes_on_bit_for_bit_with_all_that_it_has_of_its_own(name: str) -> None:
    experiment = on_points(name)
    undisturbed = whole(experiment)
    events, attempts = interrupted_at_every_checkpoint(experiment)
    assert attempts == 7, "it was interrupted after each of the three epochs of source only and of adapting"
    assert_same(events[-1], undisturbed[-1])
    assert accuracies(events) == accuracies(undisturbed), "no hole in the curve, and no point twice"


@pytest.mark.parametrize(
    "experiment",
    [
        on_points("source_only"),
        on_points("oracle"),
        ORACLE,
        on_points("coral"),
        on_points("mean_teacher", oracle=True),
        on_points("dann", network=NetworkSpec(name="mlp", params={"hidden": 16, "norm": "batch"})),
        on_points("dann", training=TrainingSpec(epochs=3, least_steps=1, optimizer="sgd", schedule="constant")),
        on_points("cdan", network=NetworkSpec(name="mlp", params={"hidden": 1024})).model_copy(
            update={"data": DataSpec(name="gaussians" if "gaussians" in sources() else "drawn")}
        ),
        on_points("dann", data=DataSpec(name="sentiment", params={"count": 200}), network=NetworkSpec(name="text_mlp")),
    ],
    ids=["source only", "oracle", "coral and oracle", "shallow", "model", "batch norm", "sgd", "wide", "texts"],
)
def test_every_kind_of_run_comes_to_the_same(experiment: Experiment) -> None:
    undisturbed = whole(experiment)
    events, attempts = interrupted_at_every_checkpoint(experiment)
    assert attempts > 2
    assert_same(events[-1], undisturbed[-1])
    assert accuracies(events) == accuracies(undisturbed)


def test_a_training_that_is_over_is_not_done_again(monkeypatch: pytest.MonkeyPatch) -> None:
    place = InMemory()
    undisturbed = list(run(ORACLE, checkpoint=place))
    place.attempt = 2
    steps: list[int] = []
    monkeypatch.setattr("da_core.training.step.Step.__call__", lambda step: steps.append(1))
    again = list(run(ORACLE, checkpoint=place))
    assert steps == []
    assert numbers(again[-1]) == numbers(undisturbed[-1])


def test_it_says_how_it_goes_on() -> None:
    def notices(place: InMemory) -> list[Notice]:
        events = run(ORACLE, checkpoint=place)
        return [event for event in itertools.takewhile(lambda event: not isinstance(event, Losses), events)
                if isinstance(event, Notice)]  # fmt: skip

    first = InMemory()
    list(run(ORACLE, checkpoint=first))
    assert notices(InMemory()) == []
    assert notices(InMemory(attempt=2)) == [Notice(BEGINS_AGAIN)]
    after = {"epoch": 2, "stage": STAGES["source_only"]}
    assert notices(InMemory(first.written[1], attempt=2)) == [Notice(GOES_ON, after)]
    assert notices(InMemory(first.written[-2], attempt=3))[0].values["stage"] == STAGES["oracle"]


def damaged(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


@pytest.mark.parametrize(
    "spoil",
    [
        damaged,
        lambda content: content[: len(content) // 2],
        lambda content: b"",
        lambda content: content.replace(FORMAT.encode(), b"da-lab-checkpoint-0"),
        lambda content: resuming.pack({"adapt": {}}, "0123456789abcdef-of-another"),
    ],
    ids=["flipped bit", "truncated", "empty", "earlier version", "foreign"],
)
def test_what_cannot_be_trusted_is_refused_with_a_line_in_the_log_and_the_run_begins_again(
    spoil: Any, caplog: pytest.LogCaptureFixture
) -> None:
    first = InMemory()
    undisturbed = list(run(ORACLE, checkpoint=first))
    place = InMemory(spoil(first.written[3]), attempt=2)
    with caplog.at_level(logging.WARNING):
        events = list(run(ORACLE, checkpoint=place))
    assert "begins again" in caplog.text
    assert Notice(BEGINS_AGAIN) in events
    assert numbers(events[-1]) == numbers(undisturbed[-1])
    assert accuracies(events) == accuracies(undisturbed)


def test_other_data_in_the_same_place_are_another_run() -> None:
    first = InMemory()
    list(run(ORACLE, checkpoint=first))
    other = ORACLE.model_copy(update={"seed": 1})
    events = list(run(other, checkpoint=InMemory(first.written[3], attempt=2)))
    assert_same(events[-1], whole(other)[-1])


def test_a_checkpoint_runs_nothing(tmp_path: Any) -> None:
    class Evil:
        def __reduce__(self) -> Any:
            return (tmp_path.joinpath("was-here").touch, ())

    with pytest.raises(ValueError, match="weights and numbers alone"):
        resuming.unpack(resuming.pack({"adapt": {"state": Evil()}}, "of-evil"), "of-evil")
    assert list(tmp_path.iterdir()) == []


def test_a_run_goes_on_where_the_disk_is_full(caplog: pytest.LogCaptureFixture) -> None:
    @dataclass
    class Full(InMemory):
        tried: int = 0

        def write(self, content: bytes) -> None:
            self.tried += 1
            if self.tried < 4:
                raise OSError(errno.ENOSPC, "No space left on device")
            super().write(content)

    place = Full()
    events = list(run(ORACLE, checkpoint=place))
    assert_same(events[-1], whole(ORACLE)[-1])
    assert "the run goes on" in caplog.text
    assert place.written, "as soon as there is room it is written again"


def test_a_run_that_diverged_is_over_where_it_went_back_to() -> None:
    wild = on_points("deep_coral", oracle=True, training=TrainingSpec(epochs=4, least_steps=1, learning_rate=1.0))
    undisturbed = whole(wild)
    events, _attempts = interrupted_at_every_checkpoint(wild)
    assert_same(events[-1], undisturbed[-1])


def test_what_was_cut_short_by_its_owner_is_not_over_for_who_goes_on() -> None:
    place = InMemory()
    list(run(ORACLE, checkpoint=place, should_stop=lambda: len(place.written) >= 2))
    place.attempt = 2
    assert_same(list(run(ORACLE, checkpoint=place))[-1], whole(ORACLE)[-1])


# How much it costs ----------------------------------------------------------------------------------------------------


class Nothing:
    def state(self) -> dict[str, Any]:
        return {}

    def restore(self, state: dict[str, Any], epoch: float) -> None: ...


@pytest.mark.parametrize("cost", [0.001, 0.2, 6.0])
def test_it_takes_at_most_its_share_of_the_time_however_dear_a_write_is(
    cost: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resuming, "SHARE", 0.03)
    now = [0.0]

    class Slow(InMemory):
        def write(self, content: bytes) -> None:
            now[0] += cost
            super().write(content)

    place, pace = Slow(), Pace({"load": 1.0, "source_only": 1.0})
    pace.start("source_only")
    monkeypatch.setattr(resuming, "identify", lambda prepared: "me")
    checkpoint = RunCheckpoint(place, pace, Nothing(), seconds=5.0, clock=lambda: now[0])
    list(checkpoint.resume(None))
    training, extractor = checkpoint.training("source_only"), networks()["mlp"]
    list(training.record(extractor().network((2,), 2, 0), iter([Accuracies("source_only", 1, {})]), 1000))
    for _ in range(10_000):
        now[0] += 0.1
        training.offer(lambda: {"epoch": 1})
    writes = len(place.written)
    assert writes >= 2
    assert (writes - 1) * cost <= 0.03 * now[0]
    assert writes <= now[0] / 5


def test_the_time_of_earlier_attempts_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("da_core.timing.time.monotonic", lambda: now[0])
    place = InMemory()
    for event in run(ORACLE, checkpoint=place):
        if isinstance(event, Accuracies):
            now[0] += 10
        if len(place.written) == 2:
            break
    place.attempt = 2
    *_, finished = run(ORACLE, checkpoint=place)
    assert isinstance(finished, Finished)
    assert finished.result.seconds["source_only"] == pytest.approx(20)
