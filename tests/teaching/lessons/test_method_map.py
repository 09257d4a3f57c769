"""The map has every method that adapts, and every kind of method."""

from __future__ import annotations

from da_core.methods import methods
from da_core.teaching.lessons.families import kind_of
from da_core.teaching.lessons.method_map import method_map


def test_the_map_has_every_method_that_adapts() -> None:
    adapting = {name: method for name, method in methods().items() if method.family() != "control"}
    on_the_map = {name for failing in method_map().fails.values() for name in failing.methods}
    assert on_the_map == set(adapting)
    assert set(method_map().needs) == {kind_of(method) for method in adapting.values()}
