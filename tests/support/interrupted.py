"""A run that is interrupted again and again, and what must be the same as if it had not been."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from da_core.events import Accuracies, Event, Finished
from da_core.experiment import DataSpec, Experiment, MethodSpec, NetworkSpec, TrainingSpec
from da_core.run import run


def on_points(method: str, **changes: Any) -> Experiment:
    """A training of three short epochs on points in the plane."""
    experiment = Experiment(
        data=DataSpec(name="drawn", params={"count": 100}),
        network=NetworkSpec(name="mlp", params={"hidden": 16}),
        method=MethodSpec(name=method),
        training=TrainingSpec(epochs=3, least_steps=1),
        device="cpu",
    )
    return experiment.model_copy(update=changes)


@dataclass
class InMemory:
    """Where a run keeps its checkpoint, for as long as the test goes."""

    content: bytes | None = None
    attempt: int = 1
    written: list[bytes] = field(default_factory=list)

    def read(self) -> bytes | None:
        return self.content

    def write(self, content: bytes) -> None:
        self.content = content
        self.written.append(content)


def interrupted_at_every_checkpoint(experiment: Experiment) -> tuple[list[Event], int]:
    """Drop the run whenever it has written, and begin a new one; return the last one's events and how many there were.

    Each new one has to come further than the one before: otherwise this would never end.
    """
    place = InMemory()
    while True:
        before, events = len(place.written), []
        attempt = run(experiment, checkpoint=place)
        for event in attempt:
            events.append(event)
            if len(place.written) > before and place.attempt < 100:
                break
        else:
            return events, place.attempt
        attempt.close()  # type: ignore[attr-defined]  # it is a generator
        place.attempt += 1


def accuracies(events: list[Event]) -> list[Accuracies]:
    return [event for event in events if isinstance(event, Accuracies)]


def numbers(finished: Event) -> dict[str, Any]:
    """All that a result says but how long it took, and findings: they go by losses, which are reported by the clock."""
    assert isinstance(finished, Finished)
    return finished.result.model_dump(exclude={"seconds", "findings"})


def assert_same(ours: Event, theirs: Event) -> None:
    """Two runs came to the same, to the last bit: scores, features, weights and snapshots."""
    assert isinstance(ours, Finished)
    assert isinstance(theirs, Finished)
    assert numbers(ours) == numbers(theirs)
    for name, array in _arrays(theirs):
        np.testing.assert_array_equal(dict(_arrays(ours))[name], array, err_msg=name)


def _arrays(finished: Finished) -> Iterator[tuple[str, Any]]:
    evidence = finished.evidence
    for group in ("source_features", "target_features", "snapshots", "snapshot_predicted", "snapshot_confidence"):
        for key, array in getattr(evidence, group).items():
            yield f"{group}/{key}", array
    for key, tensor in (evidence.state or {}).items():
        yield f"state/{key}", tensor.numpy()
