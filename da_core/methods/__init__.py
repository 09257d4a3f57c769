"""Step 3 · the methods: one file each, found by their place."""

from __future__ import annotations

import functools
import sys

from da_core import registry
from da_core.methods.base import Method


@functools.cache
def methods() -> dict[str, type[Method]]:
    """Every method by name, controls first, then in the order of families and names."""
    found = [
        value
        for module in registry.modules(sys.modules[__name__])
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Method) and value.__module__ == module.__name__
    ]
    order = ("control", "alignment", "reweighting", "adaptation")
    named = [method for method in found if hasattr(method, "title")]
    return {m.name(): m for m in sorted(named, key=lambda m: (order.index(m.family()), m.kind, m.name()))}
