"""Step 1 · the sources of data: one file each, found by their place."""

from __future__ import annotations

import functools
import sys

from da_core import registry
from da_core.data.source import DataSource


@functools.cache
def sources() -> dict[str, DataSource]:
    """Collect every source of domain pairs by name. Raises TypeError as `registry.collect` does."""
    found = registry.collect(sys.modules[__name__], DataSource, name_of=lambda source: source.name)
    return {name: source() for name, source in found.items()}
