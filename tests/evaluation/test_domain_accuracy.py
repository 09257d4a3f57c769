"""What the domain classifier's accuracy means, on planted courses."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from da_core.evaluation.domain_accuracy import interpret, losses
from da_core.events import Accuracies, Losses


def history(
    domain: Sequence[float], loss: Sequence[float] = (), target: float | None = None
) -> list[Losses | Accuracies]:
    """Source only reached 50 % on the target; then adapting, with ``target`` accuracy if it has labels."""
    told: list[Losses | Accuracies] = [Accuracies("source_only", 3, {"source": 0.9, "target": 0.5})]
    for epoch, value in enumerate(domain, 1):
        told.append(Losses("adapt", epoch - 0.5, {"class": 9.0, "domain": 0.7}))
        told.append(Losses("adapt", epoch, {"class": loss[epoch - 1] if loss else 0.2, "domain": 0.7}))
        scored = {"source": 0.9, "domain": value} | ({} if target is None else {"target": target})
        told.append(Accuracies("adapt", epoch, scored))
    return told


@pytest.mark.parametrize(
    ("told", "progress", "says"),
    [
        (history([0.99]), 0.1, "This is normal at the start"),
        (history([0.99, 0.99, 0.98, 0.97]), 0.9, "is winning: it is still right in 97%"),
        (history([0.99, 0.9, 0.75]), 0.4, "99% at best, now 75%"),
        (history([0.99, 0.8, 0.65, 0.55]), 0.9, "which is a good sign"),
        (history([0.99, 0.8, 0.65, 0.55], target=0.8), 0.9, "target accuracy has risen. A fresh classifier"),
        (history([0.99, 0.8, 0.65, 0.55], target=0.5), 0.9, "wrong classes on top"),
        (history([0.99, 0.8, 0.65, 0.55], [0.8, 0.4, 0.6, 0.9], target=0.8), 0.9, "the class loss is rising"),
        (history([0.5, 0.52, 0.49]), 0.3, "from the start, never above 52%"),
        (history([0.5, 0.7, 0.9]), 1.0, "is winning: it is still right in 90%"),
        (history([0.52, 0.64, 0.7, 0.78, 0.84]), 1.0, "in 84% of all cases, about as often as at its best"),
        (history([0.9, 0.5, 0.3]), 0.5, "below chance"),
        (history([0.9, 0.4, 0.9, 0.4]), 0.9, "swings"),
    ],
)
def test_each_course_is_read_as_what_it_is(told: list[Losses | Accuracies], progress: float, says: str) -> None:
    notice = interpret(told, progress)
    assert notice is not None
    assert says in notice.message.format(**notice.values)


def test_a_coin_in_the_first_epochs_is_not_called_dead_yet() -> None:
    notice = interpret(history([0.55, 0.5]), 0.1)
    assert notice is not None
    assert "from the start" not in notice.message


def test_without_a_domain_classifier_there_is_nothing_to_read() -> None:
    assert interpret([Accuracies("adapt", 1, {"source": 0.9, "target": 0.5})], 1.0) is None
    assert interpret([], 0.0) is None


def test_an_epoch_counts_by_its_last_loss() -> None:
    assert losses(history([0.9, 0.8], [0.5, 0.3]), "adapt", "class") == [0.5, 0.3]
