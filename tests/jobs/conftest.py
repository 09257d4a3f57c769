"""A small finished run, and an empty database of each kind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from sqlalchemy import create_engine, text

from da_core.events import (
    Accuracies,
    ClassScores,
    DomainScores,
    Evidence,
    Losses,
    Notice,
    Result,
    Scores,
    Shift,
    ShiftMeasures,
    When,
)
from da_core.experiment import Experiment
from da_core.object_storage import ObjectStorage
from da_core.training.prepared import filled_in
from tests.support import s3


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
        state={"head.weight": torch.arange(8.0).reshape(2, 4)},
        source_probabilities={when: np.full((6, 2), 0.5, np.float32) for when in ("before", "after")},
        target_probabilities={when: np.full((6, 2), 0.5, np.float32) for when in ("before", "after")},
    )


@pytest.fixture
def history() -> tuple[Losses | Accuracies, ...]:
    return (
        Losses("source_only", 0.1, {"class": 1 / 3}),
        Accuracies("source_only", 1.0, {"source": 0.9, "target": 0.1 + 0.2}),
        Losses("adapt", 0.5, {"class": 0.25, "domain": float("inf")}),
    )


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
