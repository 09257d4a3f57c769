"""Step 1 · Collect the sources of data: one file each, found by their place."""

from __future__ import annotations

import functools
import sys

from da_core import registry
from da_core.data.source import DataSource


@functools.cache
def sources() -> dict[str, type[DataSource]]:
    """Collect every source of domain pairs by name. Raises TypeError as `registry.collect` does."""
    return registry.collect(sys.modules[__name__], DataSource)
