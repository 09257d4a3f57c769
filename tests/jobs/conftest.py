"""A small finished run, servers that train runs of a test's own, and an empty database of each kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from sqlalchemy import create_engine, text

from da_core.events import (
    Accuracies,
    ClassScores,
    DomainScores,
    Event,
    Evidence,
    Losses,
    Notice,
    Progress,
    Result,
    Scores,
    Shift,
    ShiftMeasures,
    StageStarted,
    When,
)
from da_core.experiment import Experiment
from da_core.jobs.checkpoint_store import CheckpointStore
from da_core.jobs.queue import Queue
from da_core.jobs.scheduling import local_runs
from da_core.jobs.scheduling.run_view import RunView
from da_core.jobs.scheduling.workers import RunFunction
from da_core.jobs.store import Store
from da_core.object_storage import ObjectStorage
from da_core.training.prepared import filled_in
from tests.support import s3
from tests.support.made_up_run import finished, made_by_this_version
from tests.teaching.hall.conftest import Clock


@pytest.fixture
def result() -> Result:
    one = ClassScores(name="car", precision=0.1 + 0.2, recall=1 / 3, f1=0.5, support=7)
    scores = Scores(accuracy=2 / 3, precision=0.5, recall=0.5, f1=0.5, per_class=[one], confusion=[[3, 1], [0, 4]])
    both = DomainScores(target=scores, source=scores)
    measures = ShiftMeasures(proxy_a_distance=1.7, mmd=0.03)
    return Result(
        source_only=both,
        adapted=both,
        shift=Shift(before=measures, after=measures),
        classes=["car", "bus"],
        seconds={"load": 0.25},
        recipe={"seed": 0, "filled_in": filled_in(Experiment())},
        notices=[Notice("{name} is dark.", {"name": "夜"})],
    )


@pytest.fixture
def evidence() -> Evidence:
    rng = np.random.default_rng(0)

    def features() -> dict[When, np.ndarray]:
        before, after = rng.normal(size=(2, 6, 4)).astype(np.float32)
        return {"before": before, "after": after}

    def labels() -> np.ndarray:
        return rng.integers(0, 2, 6)

    return Evidence(
        source_index=np.arange(6),
        target_index=np.arange(6) * 2,
        source_label=labels(),
        target_label=labels(),
        source_features=features(),
        target_features=features(),
        source_predicted={"before": labels(), "after": labels()},
        target_predicted={"before": labels(), "after": labels()},
        embeddings={"before/pca": rng.normal(size=(12, 2)).astype(np.float32)},
        weights=np.ones(6, dtype=np.float32),
        answers=labels(),
        state={"head.weight": torch.arange(8.0).reshape(2, 4)},
        source_probabilities={when: np.full((6, 2), 0.5, np.float32) for when in ("before", "after")},
        target_probabilities={when: np.full((6, 2), 0.5, np.float32) for when in ("before", "after")},
        snapshots={"0.5/pca": np.ones((12, 2), np.float16)},
        snapshot_predicted={"0.5": np.ones(12, np.int16)},
        snapshot_confidence={"0.5": np.ones(12, np.float16)},
        source_odds={"before": np.ones(6, np.float32)},
        target_odds={"before": np.ones(6, np.float32)},
    )


@pytest.fixture
def history() -> tuple[Losses | Accuracies, ...]:
    return (
        Losses("source_only", 0.1, {"class": 1 / 3}),
        Accuracies("source_only", 1.0, {"source": 0.9, "target": 0.1 + 0.2}),
        Losses("adapt", 0.5, {"class": 0.25, "domain": float("inf")}),
    )


def endless(_experiment: Experiment, **_options: object) -> Iterator[Event]:
    """A run that goes on until it is stopped."""
    yield StageStarted("load", ("load", "adapt"))
    while True:
        yield Progress(0.5, 3.0)


def quick(experiment: Experiment, **_options: object) -> Iterator[Event]:
    """A run that is over at once."""
    yield StageStarted("load", ("load", "adapt"))
    yield made_by_this_version(finished(), experiment)


def is_over(view: RunView) -> bool:
    return not view.live


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "runs")


@pytest.fixture
def checkpoints(tmp_path: Path) -> CheckpointStore:
    return CheckpointStore(ObjectStorage(tmp_path))


@pytest.fixture
def open_queue(
    store: Store, checkpoints: CheckpointStore, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Queue]]:
    """Open the queue of another server on the one store; it is closed in the end."""
    monkeypatch.setattr(local_runs, "BEAT", 0.05)
    opened: list[Queue] = []

    def open_one(run: RunFunction, checkpoints: CheckpointStore = checkpoints) -> Queue:
        opened.append(Queue(store, local_runs.LocalRuns(store, run, workers=2, checkpoints=checkpoints)))
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'runs.db'}"
        return
    server = create_engine(request.getfixturevalue("postgresql"), isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text("CREATE DATABASE migrated"))
        yield server.url.set(database="migrated").render_as_string(hide_password=False)
        connection.execute(text("DROP DATABASE migrated WITH (FORCE)"))


@pytest.fixture(scope="module")
def server() -> Iterator[s3.S3Server]:
    """A storage that speaks like S3."""
    with s3.serving() as made:
        yield made


@pytest.fixture
def storage(server: s3.S3Server, request: pytest.FixtureRequest) -> ObjectStorage:
    """A bucket of the test's own."""
    return server.make_bucket(f"bucket-{abs(hash(request.node.nodeid))}")
