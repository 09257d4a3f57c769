"""A process's trainings: the newest that have room."""

from __future__ import annotations

import torch

from da_core.training.training_cache import Trained, TrainingCache


def test_a_cache_holds_the_newest_trainings_that_have_room() -> None:
    weights = {"w": torch.zeros(1000)}
    cache = TrainingCache(most_bytes=10_000)
    for key in "abc":
        cache.keep(key, Trained((), weights))
    assert [cache.get(key) is not None for key in "abc"] == [False, True, True]
