"""Step 1 · the sources of data: one file each, found by their place."""

from __future__ import annotations

import functools
import sys

from da_core import registry
from da_core.data.pair import DataSource


@functools.cache
def sources() -> dict[str, DataSource]:
    """Every source of domain pairs by name."""
    found = [
        value()
        for module in registry.modules(sys.modules[__name__])
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, DataSource) and value.__module__ == module.__name__
    ]
    return {source.name: source for source in found if hasattr(source, "name")}
